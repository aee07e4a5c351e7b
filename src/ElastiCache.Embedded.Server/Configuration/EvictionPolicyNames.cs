namespace ElastiCache.Embedded.Server.Configuration;

/// <summary>The policies by the names that <c>maxmemory-policy</c> gives them.</summary>
internal static class EvictionPolicyNames
{
    private static readonly (string Name, EvictionPolicy Policy)[] All =
    [
        ("noeviction", EvictionPolicy.NoEviction),
        ("allkeys-lru", EvictionPolicy.AllKeysLru),
        ("allkeys-lfu", EvictionPolicy.AllKeysLfu),
        ("allkeys-random", EvictionPolicy.AllKeysRandom),
        ("allkeys-adaptive", EvictionPolicy.AllKeysAdaptive),
        ("volatile-lru", EvictionPolicy.VolatileLru),
        ("volatile-lfu", EvictionPolicy.VolatileLfu),
        ("volatile-random", EvictionPolicy.VolatileRandom),
        ("volatile-ttl", EvictionPolicy.VolatileTtl),
        ("volatile-adaptive", EvictionPolicy.VolatileAdaptive),
    ];

    /// <summary>The policy of a name, which is one of the parameter's choices.</summary>
    public static EvictionPolicy PolicyOf(string name) => Array.Find(All, row => row.Name == name).Policy;

    /// <summary>The name of a policy.</summary>
    public static string NameOf(EvictionPolicy policy) => Array.Find(All, row => row.Policy == policy).Name;
}
