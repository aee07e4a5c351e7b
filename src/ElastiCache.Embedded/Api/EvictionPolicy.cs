namespace ElastiCache.Embedded;

/// <summary>
/// What gives way when a write doesn't fit into <see cref="EmbeddedCacheOptions.MaxMemory"/>. The <c>AllKeys</c> policies evict any entry, the <c>Volatile</c> ones only entries with a deadline:
/// where there are none of those left, the write is refused with a <see cref="CacheFullException"/>. The names are those of Redis's <c>maxmemory-policy</c>, and two more.
/// </summary>
public enum EvictionPolicy
{
    /// <summary>Nothing: the write is refused with a <see cref="CacheFullException"/>. For data that exists nowhere else. Redis: noeviction.</summary>
    NoEviction = 0,

    /// <summary>What was not used for longest, to within one round of a queue. Redis: allkeys-lru.</summary>
    AllKeysLru = 1,

    /// <summary>What was used least often of late. Redis: allkeys-lfu.</summary>
    AllKeysLfu = 2,

    /// <summary>Any entry, each with the same probability. Redis: allkeys-random.</summary>
    AllKeysRandom = 3,

    /// <summary>What is worth least for its bytes: rarely used, large, and not used of late. It misses less than the others on nearly all recorded traces (docs/eviction.md).</summary>
    AllKeysAdaptive = 4,

    /// <summary>As <see cref="AllKeysLru"/>, among entries with a deadline. Redis: volatile-lru.</summary>
    VolatileLru = 5,

    /// <summary>As <see cref="AllKeysLfu"/>, among entries with a deadline. Redis: volatile-lfu.</summary>
    VolatileLfu = 6,

    /// <summary>As <see cref="AllKeysRandom"/>, among entries with a deadline. Redis: volatile-random.</summary>
    VolatileRandom = 7,

    /// <summary>What expires soonest. Redis: volatile-ttl.</summary>
    VolatileTtl = 8,

    /// <summary>As <see cref="AllKeysAdaptive"/>, among entries with a deadline.</summary>
    VolatileAdaptive = 9,
}
