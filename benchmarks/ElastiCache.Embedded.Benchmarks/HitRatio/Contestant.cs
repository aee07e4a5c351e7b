using ElastiCache.Embedded.Benchmarks.HitRatio.Simulators;

namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>One cache of the comparison.</summary>
/// <param name="Name">As printed, and for <c>--only</c>.</param>
/// <param name="Create">Makes it empty; null where it can't do the cell (no byte budget).</param>
internal sealed record Contestant(string Name, Func<Cell, ReplayedCache?> Create)
{
    public const string Yardstick = "LRU (simulated)";

    private const long LeastMaxMemory = 1L << 20;

    public static IReadOnlyList<Contestant> All { get; } =
    [
        new(Yardstick, cell => new LruSimulator(cell.Costs, cell.Capacity)),
        new("S3-FIFO (simulated)", cell => new S3FifoSimulator(cell.Costs, cell.Capacity)),
        new("W-TinyLFU (simulated)", cell => new TinyLfuSimulator(cell.Costs, cell.Capacity, cell.Entries)),
        new("GDSF (simulated)", cell => cell.Unit == Unit.Bytes ? new GdsfSimulator(cell.Costs, cell.Capacity) : null),
        new("BitFaster ConcurrentLru", cell => cell.Unit == Unit.Entries ? BitFasterReplay.Lru(cell) : null),
        new("BitFaster ConcurrentLfu", cell => cell.Unit == Unit.Entries ? BitFasterReplay.Lfu(cell) : null),
        new("MemoryCache", cell => new MemoryCacheReplay(cell)),
        .. Enum.GetValues<EvictionPolicy>().Where(EvictsAnyKey)
            .Select(policy => new Contestant(policy.ToString(), cell => EmbeddedReplay.Counted(cell, policy))),
        new($"{Default}, MaxMemory", cell => cell.Unit == Unit.Bytes && cell.Capacity >= LeastMaxMemory
            ? EmbeddedReplay.ByMaxMemory(cell, Default)
            : null),
    ];

    private static EvictionPolicy Default => new EmbeddedCacheOptions().EvictionPolicy;

    // No key of a trace has a deadline.
    private static bool EvictsAnyKey(EvictionPolicy policy) =>
        policy != EvictionPolicy.NoEviction && !policy.ToString().StartsWith("Volatile", StringComparison.Ordinal);
}
