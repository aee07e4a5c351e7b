using System.Runtime.ExceptionServices;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>A thread whose failure is the test's.</summary>
internal sealed class Background : IDisposable
{
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;
    private bool _joined;

    public Background(Action work)
    {
        _thread = new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                _failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        {
            IsBackground = true,
        };
        _thread.Start();
    }

    /// <summary>Whether it has thrown.</summary>
    public bool HasFailed => Volatile.Read(ref _failure) != null;

    /// <summary>Waits for the end and throws what it threw.</summary>
    public void Join()
    {
        Assert.True(_thread.Join(TimeSpan.FromMinutes(5)), "a thread does not end");
        _joined = true;
        _failure?.Throw();
    }

    /// <summary>A test that fails elsewhere leaves the thread to end by itself.</summary>
    public void Dispose() => _ = _joined || _thread.Join(TimeSpan.FromSeconds(1));
}
