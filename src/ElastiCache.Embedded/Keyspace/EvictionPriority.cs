namespace ElastiCache.Embedded;

/// <summary>How readily an entry gives way at <see cref="EmbeddedCacheOptions.MaxMemory"/>. Says nothing of its deadline: what has expired goes, whatever its priority.</summary>
/// <remarks>
/// The order of <c>CacheItemPriority</c>, which MemoryCache's users know. A priority belongs to what is stored now: another whole value in its place (SET) brings its own; a change of a part, RENAME, COPY and
/// another deadline keep it. Any but <see cref="Normal"/> takes 8 bytes more. It is in the log and in snapshots, where redis-server passes over it.
/// The random policies and <see cref="EvictionPolicy.VolatileTtl"/> know <see cref="NeverRemove"/> alone.
/// </remarks>
public enum EvictionPriority
{
    /// <summary>What the policy says.</summary>
    Normal,

    /// <summary>Before all others of its shard; among these what was not used for longest.</summary>
    Low,

    /// <summary>
    /// After all others of its shard. Under <see cref="EvictionPolicy.AllKeysAdaptive"/> an entry that nobody uses goes nevertheless, once as much was evicted as fits into the shard some hundred times.
    /// </summary>
    High,

    /// <summary>Never. If such entries fill the budget, writes that need room are refused (<see cref="CacheFullException"/>).</summary>
    NeverRemove,
}
