namespace ElastiCache.Embedded.Persistence;

/// <summary>The sync of a log file that goes on while the file is appended to, one at a time, in a thread of its own.</summary>
/// <remarks>
/// <code>
///   the log's writer:  cycle 7   Begin   cycle 8   cycle 9          cycle 10, which finds it done: all up to cycle 7 is on disk
///   this thread:                 fdatasync ───────────────────► done
/// </code>
/// Where no caller waits for the disk at each write, a sync must not hold up the cycles: what writers have pending would reach its limit, and they would wait too. With syncs of a tenth of a
/// second one writer at full speed had three quarters of the throughput that it has without them (compare, "every-second").
/// All but the sync itself is the writer's: it begins one, it asks whether it is done, and it draws the conclusions.
/// </remarks>
internal sealed class LogSync(bool startsThread, Action? done)
{
    private readonly object _lock = new();
    private LogFile? _file;
    private long _length;
    private Exception? _failure;
    private bool _hasThread;
    private bool _isDue;
    private bool _ends;
    private volatile bool _isRunning;
    private volatile bool _isDone;

    /// <summary>Whether one was begun whose end has not been noted.</summary>
    public bool IsRunning => _isRunning;

    /// <summary>Whether it only has to be noted.</summary>
    public bool IsDone => _isDone;

    /// <summary>The last cycle that it covers.</summary>
    public long Cycle { get; private set; }

    /// <summary>Begins to put on disk what a file has by now.</summary>
    /// <param name="file">The file. It must not be closed before the end is noted.</param>
    /// <param name="cycle">The last cycle in it.</param>
    public void Begin(LogFile file, long cycle)
    {
        (_file, _length, Cycle, _failure, _isRunning) = (file, file.Length, cycle, null, true);
        if (!startsThread)
        {
            Sync();
            return;
        }

        lock (_lock)
        {
            _isDue = true;
            Monitor.PulseAll(_lock);
            if (!_hasThread)
            {
                new Thread(Run) { Name = "ElastiCache.Embedded sync", IsBackground = true }.Start();
                _hasThread = true;
            }
        }
    }

    /// <summary>Notes the end, for which it waits if need be.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void End()
    {
        if (Drop() is { } failure)
        {
            throw failure;
        }

        _file!.NoteSynced(_length);
    }

    /// <summary>Waits for the end, if one was begun, of which nothing is to be concluded any more.</summary>
    /// <returns>With what it failed.</returns>
    public Exception? Drop()
    {
        lock (_lock)
        {
            while (_isRunning && !_isDone)
            {
                Monitor.Wait(_lock);
            }
        }

        (_isRunning, _isDone) = (false, false);
        return _failure;
    }

    /// <summary>Ends the thread. None is running.</summary>
    public void EndThread()
    {
        lock (_lock)
        {
            _ends = true;
            Monitor.PulseAll(_lock);
        }
    }

    private void Run()
    {
        while (true)
        {
            lock (_lock)
            {
                while (!_isDue && !_ends)
                {
                    Monitor.Wait(_lock);
                }

                if (!_isDue)
                {
                    return;
                }

                _isDue = false;
            }

            Sync();
        }
    }

    private void Sync()
    {
        try
        {
            _file!.SyncBeside();
        }
        catch (Exception e)
        {
            // Whatever it is: the file may hold less than we believe.
            _failure = e;
        }

        lock (_lock)
        {
            _isDone = true;
            Monitor.PulseAll(_lock);
        }

        done?.Invoke();
    }
}
