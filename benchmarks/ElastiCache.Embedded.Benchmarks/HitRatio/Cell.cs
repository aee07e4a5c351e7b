namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>What a cache's size is counted in.</summary>
internal enum Unit
{
    /// <summary>Entries, all of equal size.</summary>
    Entries,

    /// <summary>Bytes as our cache charges them: the record in its block, and the entry's part of the index.</summary>
    Bytes,
}

/// <summary>One configuration: a trace, the sizes of its values, and a cache of so much of its footprint.</summary>
/// <param name="Trace">The accesses.</param>
/// <param name="Unit">What is counted.</param>
/// <param name="SizesFrom">Where the sizes are from: "equal", "native", or a distribution's name.</param>
/// <param name="ValueBytes">The length of each key's value.</param>
/// <param name="Costs">What each key's entry counts: 1, or bytes.</param>
/// <param name="Fraction">The part of the footprint that the cache holds, 0 to 1.</param>
internal sealed record Cell(Trace Trace, Unit Unit, string SizesFrom, int[] ValueBytes, int[] Costs, double Fraction)
{
    /// <summary>Smaller caches than this are left out: there chance decides.</summary>
    public const int LeastEntries = 1000;

    /// <summary>The values of caches that are counted in entries, in bytes.</summary>
    public const int EqualBytes = 1000;

    /// <summary>The cache's size in the cell's unit.</summary>
    public long Capacity { get; } = (long)(Costs.Sum(c => (long)c) * Fraction);

    /// <summary>How many entries of average size that is.</summary>
    public long Entries => (long)(Trace.Keys * Fraction);

    public string Name => FormattableString.Invariant($"{Trace.Name} {SizesFrom} {Fraction * 100:0.##} %");
}
