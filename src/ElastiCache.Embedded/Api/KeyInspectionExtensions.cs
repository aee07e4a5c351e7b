using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>What a key holds, and what Redis's OBJECT tells of it. Each is O(1) and no use of the entry, for the evictor.</summary>
public static class KeyInspectionExtensions
{
    /// <summary>What a key holds; <see cref="ValueKind.None"/> if there is no such key. Redis: TYPE.</summary>
    [SkipLocalsInit]
    public static ValueKind TypeOf(this Keys keys, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return keys.Database.Operations.Keys.Type(keys.Database.Index, probe);
    }

    /// <summary>How Redis would store the value: <c>int</c>, <c>embstr</c> (at most 44 bytes) or <c>raw</c> for a string; null if there is no such key. Redis: OBJECT ENCODING.</summary>
    [SkipLocalsInit]
    public static string? Encoding(this Keys keys, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return keys.Database.Operations.Objects.Encoding(keys.Database.Index, probe);
    }

    /// <summary>Always zero: the evictor keeps two bits of age an entry and no clock. Null if there is no such key. Redis: OBJECT IDLETIME.</summary>
    [SkipLocalsInit]
    public static TimeSpan? IdleTime(this Keys keys, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return keys.Database.Operations.Objects.IdleSeconds(keys.Database.Index, probe) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    /// <summary>2147483647 for the integers from 0 to 9,999, which Redis shares between keys, else 1. Null if there is no such key. Redis: OBJECT REFCOUNT.</summary>
    [SkipLocalsInit]
    public static long? ReferenceCount(this Keys keys, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return keys.Database.Operations.Objects.ReferenceCount(keys.Database.Index, probe);
    }
}
