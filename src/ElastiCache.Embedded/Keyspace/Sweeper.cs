using Microsoft.Extensions.Logging;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Calls <see cref="Store.Sweep"/> ten times a second, so that expired memory is free within a second.</summary>
/// <remarks>A sweep that fails is logged and tried again at the next tick; a reader never depends on it.</remarks>
internal sealed partial class Sweeper : IDisposable
{
    /// <summary>A little less than a tick of the wheel.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private readonly Store _store;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private int _running;

    public Sweeper(Store store, ILogger logger)
    {
        _store = store;
        _logger = logger;
        _timer = store.Clock.TimeProvider.CreateTimer(static sweeper => ((Sweeper)sweeper!).Tick(), this, Period, Period);
    }

    /// <summary>Whether expired entries stay until somebody looks for them: DEBUG SET-ACTIVE-EXPIRE, for tests.</summary>
    public bool IsPaused { get; set; }

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        // A sweep that takes longer than a period must not be joined by another.
        if (_store.IsDisposed || IsPaused || Interlocked.Exchange(ref _running, 1) != 0)
        {
            return;
        }

        try
        {
            _store.Sweep();
        }
        catch (Exception e) when (e is not ObjectDisposedException)
        {
            SweepFailed(_logger, e);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Removing expired entries failed; it is tried again in 100 ms.")]
    private static partial void SweepFailed(ILogger logger, Exception exception);
}
