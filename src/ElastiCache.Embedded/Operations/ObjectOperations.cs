using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>OBJECT: what Redis tells of an entry's insides, answered as far as there is such a thing here. Each is O(1) and no use of the entry.</summary>
internal sealed class ObjectOperations
{
    /// <summary>The longest string that Redis stores in one piece with its object.</summary>
    private const int EmbeddedBytes = 44;

    private readonly Store _store;

    public ObjectOperations(Store store)
    {
        _store = store;
    }

    /// <summary>OBJECT ENCODING, by Redis's names.</summary>
    /// <returns><c>int</c>, <c>embstr</c> (at most 44 bytes) or <c>raw</c> for a string; null if there is no such key.</returns>
    /// <remarks>
    /// Here all strings are stored alike; the name is what Redis would have chosen. It chooses when a value is set, and a value that was
    /// edited afterwards (APPEND, SETRANGE, SETBIT) is raw, however short.
    /// </remarks>
    public string? Encoding(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, out Entry entry))
        {
            return null;
        }

        return entry.Kind switch
        {
            ValueKind.String when entry.Edited || entry.ValueLength > EmbeddedBytes => "raw",
            ValueKind.String => DecimalNumber.IsCanonical(entry.Value) ? "int" : "embstr",
            ValueKind.List => ListOperations.EncodingOf(),
            ValueKind.Hash => HashOperations.EncodingOf(read.Shard, entry),
            ValueKind.Set => SetOperations.EncodingOf(read.Shard, entry),
            ValueKind.SortedSet => SortedSetOperations.EncodingOf(read.Shard, entry),
            ValueKind.Stream => StreamOperations.Encoding,
            _ => "unknown",     // as Redis's strEncoding for what it doesn't know; the collections bring their names with them
        };
    }

    /// <summary>OBJECT REFCOUNT by Redis's convention: 2147483647 for the integers from 0 to 9,999, which Redis shares between all keys unless it has a budget and evicts by their use, else 1.</summary>
    /// <remarks>Here no two keys share a value; the answer tells which value it is, as it does with Redis.</remarks>
    /// <returns>Null if there is no such key.</returns>
    public long? ReferenceCount(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, out Entry entry))
        {
            return null;
        }

        // Four digits at most, and no sign: what is canonical then lies between 0 and 9,999.
        bool isShared = (_store.Budget.MaxBytes == 0 || !read.Shard.Room.GoesByUse) && entry.Kind == ValueKind.String && !entry.Edited && entry.ValueLength <= 4 && DecimalNumber.IsCanonical(entry.Value) && entry.Value[0] != '-';
        return isShared ? int.MaxValue : 1;
    }

    /// <summary>OBJECT IDLETIME: whole seconds since the entry was last used, or, where many share their place (<see cref="AccessCells"/>), a lower bound of that; modulo 194 days.</summary>
    /// <returns>Null if there is no such key.</returns>
    /// <exception cref="InvalidOperationException">The key is there, and the policy is an LFU policy (the message is Redis's), or idle times are not tracked.</exception>
    public long? IdleSeconds(int database, in KeyProbe key)
    {
        const string IsFrequency =
            "An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at " +
            "runtime LRU and LFU data will take some time to adjust.";
        const string NotTracked = "Idle times are not tracked: set EmbeddedCacheOptions.TracksAccess, or 'track-access yes' for the server program.";
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, out _))
        {
            return null;
        }

        string? refusal = read.Shard.Room.Order == EvictionOrder.Frequency ? IsFrequency : read.Shard.Tracker == null ? NotTracked : null;
        return refusal == null ? read.Shard.Tracker!.UseOf(database, key.SlotHash).IdleSeconds : throw new InvalidOperationException(refusal).Says("ERR " + refusal);
    }

    /// <summary>
    /// OBJECT FREQ: how often the entry was used, on Redis's logarithmic scale from 0 to 255 (<see cref="FrequencyScale"/>), or, where many share their place (<see cref="AccessCells"/>), an upper bound of that. Where
    /// uses are not tracked, 1 to 15: about how often it was used lately.
    /// </summary>
    /// <returns>Null if there is no such key.</returns>
    /// <exception cref="InvalidOperationException">The key is there, and the policy is no LFU policy. The message is Redis's.</exception>
    public long? Frequency(int database, in KeyProbe key)
    {
        const string NotTracked =
            "An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at " +
            "runtime LRU and LFU data will take some time to adjust.";
        using var read = new KeyRead(_store, database, key);
        return !read.TryFind(key, out _) ? null
            : read.Shard.Room.Order == EvictionOrder.Frequency ? read.Shard.Tracker?.UseOf(database, key.SlotHash).Frequency ?? read.Shard.Room.UsesOf(key.SlotHash)
            : throw new InvalidOperationException(NotTracked).Says("ERR " + NotTracked);
    }
}
