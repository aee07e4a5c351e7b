using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Named locks that end by themselves: only one holder at a time, in this process and among the clients of a server on this cache.</summary>
/// <remarks>
/// <code>
///   await using CacheLock? turn = await cache.Locks.TryAcquireAsync("lock:report", expiry: TimeSpan.FromSeconds(30), timeout: TimeSpan.FromSeconds(5));
///   if (turn is null) return;                                 // somebody else is at it
///   await database.WriteAsync(report, turn.FencingToken);     // which refuses a token that is smaller than one it has seen
/// </code>
/// A lock is a key with an owner and a deadline, so that a holder that crashes or hangs does not hold it for ever. The price: a holder that is held up for
/// longer than its expiry goes on while the next one works already. Renew in time, and give <see cref="CacheLock.FencingToken"/> to whatever the lock
/// protects: tokens grow from holder to holder, so that it can refuse the late one. With a durable cache locks and tokens survive a restart.
/// <para>
/// Those who wait are served in the order in which they came: when the lock is given back, at once, and when its holder lets it expire, within about a quarter
/// of a second. One who asks at the very moment when it becomes free may come first. The key and the counter <c>key:fence</c> are ordinary keys: a policy that
/// evicts them breaks the lock, so use a cache without a budget, with <see cref="EvictionPolicy.NoEviction"/>, or one of its own.
/// </para>
/// </remarks>
public sealed class Locks
{
    private readonly CacheDatabase _database;

    internal Locks(CacheDatabase database)
    {
        _database = database;
    }

    /// <summary>Takes a lock if nobody holds it. O(1). Redis: SET NX PX, with INCR for the token.</summary>
    /// <param name="key">The lock's key.</param>
    /// <param name="expiry">How long it is held at most.</param>
    /// <returns>The lock, to be disposed; <see langword="null"/> if somebody holds it.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="expiry"/> is not more than zero.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nobody holds it.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public CacheLock? TryAcquire(CacheKey key, TimeSpan expiry)
    {
        long milliseconds = Milliseconds(expiry);
        var keys = new LockKeys(key.ToArray());
        Keyspace.JournalTicket ticket = default;
        LockGrant? grant = _database.Operations.Locks.TryTake(_database.Index, keys, milliseconds, ref ticket);
        _database.Wait(ticket);
        return grant is null ? null : new CacheLock(_database, keys, grant);
    }

    /// <summary>Takes a lock; waits for it, in the order of arrival, without holding a thread. O(1).</summary>
    /// <param name="key">The lock's key.</param>
    /// <param name="expiry">How long it is held at most, counted from the moment when it is got.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The lock, to be disposed.</returns>
    /// <exception cref="OperationCanceledException">The wait was ended. The lock was not got.</exception>
    /// <inheritdoc cref="TryAcquire"/>
    public ValueTask<CacheLock> AcquireAsync(CacheKey key, TimeSpan expiry, CancellationToken cancellationToken = default)
    {
        return Insist(WaitAsync(new LockKeys(key.ToArray()), Milliseconds(expiry), timeout: null, cancellationToken));

        static async ValueTask<CacheLock> Insist(ValueTask<CacheLock?> wait) => (await wait.ConfigureAwait(false))!;
    }

    /// <summary>Takes a lock; waits for it for a time at most, in the order of arrival, without holding a thread. O(1).</summary>
    /// <param name="key">The lock's key.</param>
    /// <param name="expiry">How long it is held at most, counted from the moment when it is got.</param>
    /// <param name="timeout">How long to wait; zero does not wait, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The lock, to be disposed; <see langword="null"/> if the time was up.</returns>
    /// <exception cref="OperationCanceledException">The wait was ended. The lock was not got.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A time is out of range.</exception>
    /// <inheritdoc cref="TryAcquire"/>
    public ValueTask<CacheLock?> TryAcquireAsync(CacheKey key, TimeSpan expiry, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var keys = new LockKeys(key.ToArray());
        long milliseconds = Milliseconds(expiry);
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return WaitAsync(keys, milliseconds, timeout: null, cancellationToken);
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        return WaitAsync(keys, milliseconds, timeout, cancellationToken);
    }

    private static long Milliseconds(TimeSpan expiry)
    {
        if (expiry <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(expiry), expiry, "The expiry of a lock must be more than zero: it ends a lock whose holder is gone.");
        }

        return SetOptions.CeilingToMilliseconds(expiry.Ticks);
    }

    private async ValueTask<CacheLock?> WaitAsync(LockKeys keys, long milliseconds, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _database.ThrowIfDisposed();
        var attempt = new LockAttempt(_database.Operations.Locks, _database.Index, keys, milliseconds);
        KeyWaiter waiter = _database.Cache.Waiters.Wait(_database.Index, [keys.Name], attempt, timeout);
        if (timeout == TimeSpan.Zero)
        {
            waiter.End(WaitOutcome.TimedOut);
        }

        WaitOutcome outcome;
        CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static state => ((KeyWaiter)state!).End(WaitOutcome.Cancelled), waiter);
        await using (registration.ConfigureAwait(false))
        {
            outcome = await waiter.Completion.ConfigureAwait(false);
        }

        if (outcome != WaitOutcome.Served)
        {
            return outcome == WaitOutcome.Cancelled ? throw new OperationCanceledException(cancellationToken) : null;
        }

        // Not to be cancelled: the lock is held, and its holder must learn of it.
        await _database.WaitAsync(waiter.Ticket, CancellationToken.None).ConfigureAwait(false);
        return new CacheLock(_database, keys, attempt.Grant!);
    }
}
