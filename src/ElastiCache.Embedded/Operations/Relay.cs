using System.Runtime.ExceptionServices;

namespace ElastiCache.Embedded.Operations;

/// <summary>Work that two threads share: one fills buffers, the other empties them in their order.</summary>
/// <remarks>
/// <code>
///   filling thread    fill Current   Pass   fill Current   Pass   …   Finish
///   emptying thread                  empty         empty              empty
/// </code>
/// The thread is begun with the first buffer that is passed; whoever needs one buffer only, and calls <see cref="Finish"/>, empties it himself. There are three buffers, so that
/// neither waits for the other at every little unevenness, and memory stays bounded. What emptying throws, the filling thread gets at its next call.
/// </remarks>
internal sealed class Relay<TBuffer> : IDisposable
    where TBuffer : class
{
    private const int MostBuffers = 3;

    private readonly object _lock = new();
    private readonly string _name;
    private readonly Func<TBuffer> _make;
    private readonly Action<TBuffer> _empty;
    private readonly Queue<TBuffer> _full = new();
    private readonly Stack<TBuffer> _free = new();
    private int _made;
    private bool _isStarted;
    private bool _isEmptying;
    private bool _ends;
    private ExceptionDispatchInfo? _failure;

    /// <param name="name">The thread's name.</param>
    /// <param name="make">Makes a buffer; called for each only when it is needed.</param>
    /// <param name="empty">Empties one.</param>
    public Relay(string name, Func<TBuffer> make, Action<TBuffer> empty)
    {
        (_name, _make, _empty) = (name, make, empty);
        Current = make();
        _made = 1;
    }

    /// <summary>The buffer to fill.</summary>
    public TBuffer Current { get; private set; }

    /// <summary>Hands the buffer over and gets an empty one, if need be when there is one.</summary>
    public void Pass()
    {
        lock (_lock)
        {
            // What may fail for want of memory comes before anything is handed over.
            _failure?.Throw();
            if (_free.Count == 0 && _made < MostBuffers)
            {
                _free.Push(_make());
                _made++;
            }

            Start();
            _full.Enqueue(Current);
            Monitor.PulseAll(_lock);
            while (_free.Count == 0)
            {
                Monitor.Wait(_lock);
                _failure?.Throw();
            }

            Current = _free.Pop();
        }
    }

    /// <summary>Returns when everything is empty, <see cref="Current"/> too.</summary>
    public void Finish()
    {
        lock (_lock)
        {
            while (_full.Count > 0 || _isEmptying)
            {
                Monitor.Wait(_lock);
            }

            _failure?.Throw();
        }

        _empty(Current);
    }

    /// <summary>Ends the thread; what it has not begun to empty is lost. Returns when it empties nothing any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _ends = true;
            _full.Clear();
            Monitor.PulseAll(_lock);
            while (_isEmptying)
            {
                Monitor.Wait(_lock);
            }
        }
    }

    private void Start()
    {
        if (!_isStarted)
        {
            new Thread(Run) { Name = _name, IsBackground = true }.Start();
            _isStarted = true;
        }
    }

    private void Run()
    {
        while (TryTake(out TBuffer? buffer))
        {
            ExceptionDispatchInfo? failure = null;
            try
            {
                _empty(buffer);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }

            lock (_lock)
            {
                _isEmptying = false;
                _free.Push(buffer);
                if (failure != null)
                {
                    _failure = failure;
                    _full.Clear();
                }

                Monitor.PulseAll(_lock);
            }
        }
    }

    private bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TBuffer? buffer)
    {
        lock (_lock)
        {
            while (_full.Count == 0 && !_ends)
            {
                Monitor.Wait(_lock);
            }

            _isEmptying = _full.TryDequeue(out buffer);
            return _isEmptying;
        }
    }
}
