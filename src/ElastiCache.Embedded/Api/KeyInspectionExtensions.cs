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

    /// <summary>For how many whole seconds the key was not used, by reads or writes; what this class offers, <see cref="Keys.Exists(CacheKey)"/> and questions for deadlines are no uses. Redis: OBJECT IDLETIME.</summary>
    /// <returns>
    /// Null if there is no such key. The answer is never above the truth; for a few keys in a hundred, whose place in a table of limited size others have taken, it may be below, and after 194 days it begins at zero again.
    /// </returns>
    /// <exception cref="InvalidOperationException">The key is there, and the cache was opened without <see cref="EmbeddedCacheOptions.TracksAccess"/>, or its policy is an LFU policy.</exception>
    [SkipLocalsInit]
    public static TimeSpan? IdleTime(this Keys keys, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return keys.Database.Operations.Objects.IdleSeconds(keys.Database.Index, probe) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    /// <summary>How often the key was used lately, on Redis's logarithmic scale: 5 for a new key, up to 255; with <see cref="EmbeddedCacheOptions.LfuLogFactor"/> 10 some 28 after 3,000 uses. Redis: OBJECT FREQ.</summary>
    /// <returns>
    /// Null if there is no such key. The answer is never below the truth; for some keys in a hundred, whose place in a table of limited size others have taken, it may be above. Without <see cref="EmbeddedCacheOptions.TracksAccess"/>
    /// it is the policy's own count, 1 to 15.
    /// </returns>
    /// <exception cref="InvalidOperationException">The key is there, and the policy is no LFU policy.</exception>
    [SkipLocalsInit]
    public static int? Frequency(this Keys keys, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return (int?)keys.Database.Operations.Objects.Frequency(keys.Database.Index, probe);
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
