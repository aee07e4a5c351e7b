using ElastiCache.Embedded.Commands;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>Which commands wait during CLIENT PAUSE.</summary>
internal enum PauseMode
{
    None,
    Write,
    All,
}

/// <summary>CLIENT PAUSE: commands that come while it lasts wait for its end.</summary>
internal sealed class PauseGate(TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private volatile int _mode;
    private long _until;
    private ITimer? _timer;
    private TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PauseMode Mode => (PauseMode)_mode;

    /// <summary>Completes when the pause that lasts now is over.</summary>
    public Task Ended
    {
        get
        {
            lock (_lock)
            {
                return _mode == (int)PauseMode.None ? Task.CompletedTask : _ended.Task;
            }
        }
    }

    /// <summary>Whether a command has to wait.</summary>
    public bool Holds(Command command, QueuedCommands transaction)
    {
        const CommandFlags Writes = CommandFlags.Write | CommandFlags.MayReplicate;
        return (PauseMode)_mode switch
        {
            PauseMode.None => false,
            PauseMode.All => true,
            _ => (command.Flags & Writes) != 0 || (command.Name == "EXEC" && (transaction.Flags & Writes) != 0),
        };
    }

    /// <summary>Begins a pause. One that lasts already is never shortened or loosened.</summary>
    public void Begin(PauseMode mode, long milliseconds)
    {
        lock (_lock)
        {
            long now = Now();
            long until = now + Math.Min(milliseconds, uint.MaxValue - 1);
            if (_mode != (int)PauseMode.None)
            {
                mode = (PauseMode)Math.Max(_mode, (int)mode);
                until = Math.Max(_until, until);
            }

            _mode = (int)mode;
            _until = until;
            _timer?.Dispose();
            _timer = time.CreateTimer(static gate => ((PauseGate)gate!).EndIfOver(), this, TimeSpan.FromMilliseconds(until - now), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Ends the pause.</summary>
    public void End()
    {
        lock (_lock)
        {
            _mode = (int)PauseMode.None;
            _timer?.Dispose();
            _ended.TrySetResult();
            _ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Dispose() => End();

    private void EndIfOver()
    {
        lock (_lock)
        {
            // A timer may come a little early, or belong to a pause that was made longer.
            long left = _until - Now();
            if (left > 0)
            {
                _timer?.Change(TimeSpan.FromMilliseconds(left), Timeout.InfiniteTimeSpan);
            }
            else if (_mode != (int)PauseMode.None)
            {
                End();
            }
        }
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
