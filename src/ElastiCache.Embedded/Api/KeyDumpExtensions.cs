using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>A key's value as bytes, in the form in which Redis dumps one: to carry it to another cache, or to Redis and back.</summary>
public static class KeyDumpExtensions
{
    /// <summary>What a key holds, as bytes that <see cref="Restore"/> and Redis 7.0 take. O(n) for n bytes, with the key's shard locked. Redis: DUMP.</summary>
    /// <remarks>The key's deadline is not in it, and neither are those of a hash's fields.</remarks>
    /// <returns>The payload with its version and checksum; null if there is no such key.</returns>
    [SkipLocalsInit]
    public static byte[]? Dump(this Keys keys, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return keys.Database.Operations.Dumps.Dump(keys.Database.Index, probe);
    }

    /// <summary>Stores what <see cref="Dump"/>, or DUMP of Redis 2.6 to 7.2, has given. Redis: RESTORE.</summary>
    /// <remarks>The payload is checked in full before anything is stored, to the last count and offset in it. O(n), for a sorted set O(n log n).</remarks>
    /// <param name="keys">The keys of a database.</param>
    /// <param name="key">The key.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="expiry">How long the key shall live; null for ever.</param>
    /// <param name="replace">Whether a key that is there is replaced, deadline and all.</param>
    /// <returns>Whether it was stored; false if the key is there and <paramref name="replace"/> is false.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="expiry"/> is not positive. Nothing changes.</exception>
    /// <exception cref="FormatException">The payload is damaged, or is of a version later than Redis 7.2's. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing changes, but that entries may have been evicted, and that a key to be replaced may be gone.</exception>
    [SkipLocalsInit]
    public static bool Restore(this Keys keys, CacheKey key, ReadOnlySpan<byte> payload, TimeSpan? expiry = null, bool replace = false)
    {
        long deadline = Record.NoExpiry;
        if (expiry is { } span)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(span, TimeSpan.Zero, nameof(expiry));
            deadline = ExpireDeadline.Storable(keys.Database.Now + Math.Max(1, (long)span.TotalMilliseconds));
        }

        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        using RdbValue value = DumpOperations.Read(payload);
        JournalTicket ticket = default;
        RestoreOutcome outcome = keys.Database.Operations.Dumps.Restore(keys.Database.Index, probe, value, payload, deadline, replace, use: default, ref ticket);
        keys.Database.Wait(ticket);
        return outcome != RestoreOutcome.KeyExists;
    }
}
