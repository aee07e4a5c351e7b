using ElastiCache.Embedded.Eviction;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>The evictor behind each policy.</summary>
internal static class EvictionPolicies
{
    /// <summary>What makes a shard's evictor; null if nothing is evicted.</summary>
    public static Func<Shard, Evictor>? EvictorOf(EvictionPolicy policy) => policy switch
    {
        EvictionPolicy.NoEviction => null,
        EvictionPolicy.AllKeysLru => static shard => new LeastRecentlyUsed(shard, onlyExpiring: false),
        EvictionPolicy.AllKeysLfu => static shard => new LeastFrequentlyUsed(shard, onlyExpiring: false),
        EvictionPolicy.AllKeysRandom => static shard => new RandomChoice(shard, onlyExpiring: false),
        EvictionPolicy.AllKeysAdaptive => static shard => new GreedyDual(shard, onlyExpiring: false),
        EvictionPolicy.VolatileLru => static shard => new LeastRecentlyUsed(shard, onlyExpiring: true),
        EvictionPolicy.VolatileLfu => static shard => new LeastFrequentlyUsed(shard, onlyExpiring: true),
        EvictionPolicy.VolatileRandom => static shard => new RandomChoice(shard, onlyExpiring: true),
        EvictionPolicy.VolatileTtl => static shard => new NearestDeadline(shard),
        EvictionPolicy.VolatileAdaptive => static shard => new GreedyDual(shard, onlyExpiring: true),
        _ => throw new ArgumentOutOfRangeException(nameof(policy), policy, "There is no such policy."),
    };
}
