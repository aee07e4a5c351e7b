namespace ElastiCache.Embedded;

/// <summary>What gives way when a write doesn't fit into <see cref="EmbeddedCacheOptions.MaxMemory"/>.</summary>
public enum EvictionPolicy
{
    /// <summary>Nothing: the write is refused with a <see cref="CacheFullException"/>. For data that exists nowhere else.</summary>
    NoEviction = 0,

    /// <summary>The least recently used of a small random sample of all keys, with or without an expiry.</summary>
    SampledAge = 1,
}
