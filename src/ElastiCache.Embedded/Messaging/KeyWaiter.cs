using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Messaging;

/// <summary>One wait for any of some keys.</summary>
internal sealed class KeyWaiter
{
    private readonly KeyWaiters _waiters;
    private readonly TaskCompletionSource<WaitOutcome> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _timer;
    private JournalTicket _ticket;

    internal KeyWaiter(KeyWaiters waiters, int database, byte[][] keys, KeyAttempt attempt)
    {
        _waiters = waiters;
        Database = database;
        Keys = keys;
        Attempt = attempt;
    }

    /// <summary>Completes when the wait is over; fails with what the attempt threw.</summary>
    public Task<WaitOutcome> Completion => _completion.Task;

    /// <summary>What to wait for when it was served.</summary>
    public JournalTicket Ticket => _ticket;

    internal int Database { get; }

    internal byte[][] Keys { get; }

    internal KeyAttempt Attempt { get; }

    internal bool IsOver { get; private set; }

    /// <summary>Whether the attempt has succeeded.</summary>
    public bool IsServed { get; private set; }

    /// <summary>Ends the wait, if it isn't over.</summary>
    public bool End(WaitOutcome outcome) => _waiters.End(this, outcome);

    /// <summary>Tries one key before the wait begins: what the attempt throws is the caller's.</summary>
    /// <returns>Whether there is nothing to wait for.</returns>
    internal bool TryFirst(int keyIndex)
    {
        if (!Attempt.TryRun(keyIndex, ref _ticket))
        {
            return false;
        }

        Complete(WaitOutcome.Served);
        return true;
    }

    /// <summary>Tries one key; the waiters' lock is held.</summary>
    /// <returns>Whether the wait is over.</returns>
    internal bool Try(int keyIndex)
    {
        try
        {
            if (!Attempt.TryRun(keyIndex, ref _ticket))
            {
                return false;
            }

            Complete(WaitOutcome.Served);
        }
        catch (Exception e) when (e is CacheException or IOException or ArgumentException or InvalidOperationException or InsufficientMemoryException)
        {
            Fail(e);
        }

        return true;
    }

    internal void Fail(Exception exception)
    {
        IsOver = true;
        _timer?.Dispose();
        _completion.SetException(exception);
    }

    internal void Complete(WaitOutcome outcome)
    {
        IsOver = true;
        IsServed = outcome == WaitOutcome.Served;
        _timer?.Dispose();
        _completion.SetResult(outcome);
    }

    internal void StartTimer(TimeProvider time, TimeSpan timeout) =>
        _timer = time.CreateTimer(static state => ((KeyWaiter)state!).End(WaitOutcome.TimedOut), this, timeout, Timeout.InfiniteTimeSpan);
}
