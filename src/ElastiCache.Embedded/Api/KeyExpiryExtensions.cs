using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Deadlines of keys: from its deadline on nobody sees an entry, and its memory comes back within a second.</summary>
public static class KeyExpiryExtensions
{
    private static readonly long LastUnixMs = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Gives a key a life from now on, in place of the one it has. O(1); a copy of the value if it had none. Redis: EXPIRE, PEXPIRE.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="key">The key.</param>
    /// <param name="life">How long, rounded up to whole milliseconds; zero or less deletes the key, as in Redis.</param>
    /// <param name="condition">When to do it.</param>
    /// <returns>Whether the key is there and the condition held.</returns>
    /// <exception cref="ArgumentException">Conditions that contradict each other. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The key had no deadline, and the budget has no room for one. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public static bool Expire(this Keys keys, CacheKey key, TimeSpan life, ExpireCondition condition = ExpireCondition.Always) =>
        Expire(keys.Database, key, After(keys.Database.Now, life), condition);

    /// <summary>Sets the moment from which a key can't be seen any more. O(1); a copy of the value if it had none. Redis: EXPIREAT, PEXPIREAT.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="key">The key.</param>
    /// <param name="moment">When, rounded up to whole milliseconds; a moment that has passed deletes the key, as in Redis.</param>
    /// <param name="condition">When to do it.</param>
    /// <inheritdoc cref="Expire(Keys, CacheKey, TimeSpan, ExpireCondition)"/>
    public static bool ExpireAt(this Keys keys, CacheKey key, DateTimeOffset moment, ExpireCondition condition = ExpireCondition.Always) =>
        Expire(keys.Database, key, At(moment), condition);

    /// <summary>As <see cref="Expire(Keys, CacheKey, TimeSpan, ExpireCondition)"/>; completes when the durability mode's promise holds, without holding a thread.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="key">The key; used before the method returns.</param>
    /// <param name="life">How long, rounded up to whole milliseconds; zero or less deletes the key, as in Redis.</param>
    /// <param name="condition">When to do it.</param>
    /// <param name="cancellationToken">Cancelled before the call, nothing happens; afterwards it ends the wait, and the deadline stays set.</param>
    /// <inheritdoc cref="Expire(Keys, CacheKey, TimeSpan, ExpireCondition)"/>
    public static ValueTask<bool> ExpireAsync(
        this Keys keys, CacheKey key, TimeSpan life, ExpireCondition condition = ExpireCondition.Always, CancellationToken cancellationToken = default) =>
        ExpireAsync(keys.Database, key, After(keys.Database.Now, life), condition, cancellationToken);

    /// <summary>As <see cref="ExpireAt"/>; completes when the durability mode's promise holds, without holding a thread.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="key">The key; used before the method returns.</param>
    /// <param name="moment">When, rounded up to whole milliseconds; a moment that has passed deletes the key, as in Redis.</param>
    /// <param name="condition">When to do it.</param>
    /// <param name="cancellationToken">Cancelled before the call, nothing happens; afterwards it ends the wait, and the deadline stays set.</param>
    /// <inheritdoc cref="Expire(Keys, CacheKey, TimeSpan, ExpireCondition)"/>
    public static ValueTask<bool> ExpireAtAsync(
        this Keys keys, CacheKey key, DateTimeOffset moment, ExpireCondition condition = ExpireCondition.Always, CancellationToken cancellationToken = default) =>
        ExpireAsync(keys.Database, key, At(moment), condition, cancellationToken);

    /// <summary>Takes a key's deadline away. O(1) and a copy of the value. Redis: PERSIST.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="CacheFullException">The budget has no room for the copy. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    [SkipLocalsInit]
    public static bool Persist(this Keys keys, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = keys.Database;
        JournalTicket ticket = default;
        bool hadDeadline = database.Operations.Expiry.Persist(database.Index, probe, ref ticket);
        database.Wait(ticket);
        return hadDeadline;
    }

    /// <summary>How long a key has left; null if it has no deadline, and if there is no such key (<see cref="Keys.Exists(CacheKey)"/> tells which). O(1). Redis: PTTL.</summary>
    public static TimeSpan? TimeToLive(this Keys keys, CacheKey key)
    {
        KeyDeadline deadline = Find(keys.Database, key);
        if (!deadline.IsSet)
        {
            return null;
        }

        long left = Math.Max(0, deadline.UnixMilliseconds - keys.Database.Now);
        return left > TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMillisecond ? TimeSpan.MaxValue : TimeSpan.FromTicks(left * TimeSpan.TicksPerMillisecond);
    }

    /// <summary>A key's deadline; null if it has none, and if there is no such key. One after the year 9999 is <see cref="DateTimeOffset.MaxValue"/>. O(1). Redis: PEXPIRETIME.</summary>
    public static DateTimeOffset? ExpiresAt(this Keys keys, CacheKey key)
    {
        KeyDeadline deadline = Find(keys.Database, key);
        if (!deadline.IsSet)
        {
            return null;
        }

        return deadline.UnixMilliseconds > LastUnixMs ? DateTimeOffset.MaxValue : DateTimeOffset.FromUnixTimeMilliseconds(deadline.UnixMilliseconds);
    }

    private static long After(long nowUnixMs, TimeSpan life) => nowUnixMs + SetOptions.CeilingToMilliseconds(life.Ticks);

    private static long At(DateTimeOffset moment) => SetOptions.CeilingToMilliseconds(moment.UtcTicks - DateTimeOffset.UnixEpoch.Ticks);

    private static bool Expire(CacheDatabase database, CacheKey key, long deadline, ExpireCondition condition)
    {
        JournalTicket ticket = default;
        bool isSet = Expire(database, key, deadline, condition, ref ticket);
        database.Wait(ticket);
        return isSet;
    }

    private static ValueTask<bool> ExpireAsync(
        CacheDatabase database, CacheKey key, long deadline, ExpireCondition condition, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(cancellationToken);
        }

        JournalTicket ticket = default;
        bool isSet = Expire(database, key, deadline, condition, ref ticket);
        return database.WaitAsync(ticket, isSet, cancellationToken);
    }

    [SkipLocalsInit]
    private static bool Expire(CacheDatabase database, CacheKey key, long deadline, ExpireCondition condition, ref JournalTicket ticket)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return database.Operations.Expiry.Expire(database.Index, probe, deadline, condition, ref ticket);
    }

    [SkipLocalsInit]
    private static KeyDeadline Find(CacheDatabase database, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return database.Operations.Expiry.Deadline(database.Index, probe);
    }
}
