using ElastiCache.Embedded.Benchmarks.Peers;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>How much of everything a run does: enough to trust (full), or enough to see (quick).</summary>
internal sealed record RunSettings
{
    public const int Seed = 20_260_711; // any number will do; the same one makes two runs comparable

    /// <summary>Laps in a stream before its keys come round again.</summary>
    public const int LapsPerStream = 5;

    public bool Quick { get; init; }

    /// <summary>Workloads whose name begins with one of these; empty means all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Peers whose name contains one of these; empty means all.</summary>
    public IReadOnlyList<string> PeerNames { get; init; } = [];

    /// <summary>Where files go. It must lie on a real disk for group commit to mean anything.</summary>
    public required string Folder { get; init; }

    public int Entries => Quick ? 200_000 : 1_000_000;

    public int OperationsPerLap => Quick ? 50_000 : 200_000;

    /// <summary>Overrides the number of paired rounds of short operations; null leaves it to the kind of run.</summary>
    public int? ExactRounds { get; init; }

    public int Rounds => ExactRounds ?? (Quick ? 5 : 9);

    public int NewEntries => Quick ? 100_000 : 500_000;

    public int NewRounds => ExactRounds ?? (Quick ? 3 : 5);

    // A peer of 10 µs an operation and more gets laps as long in time, not in operations.
    public int SlowEntries => Quick ? 10_000 : 50_000;

    public int SlowOperationsPerLap => Quick ? 500 : 2_000;

    public int MemoryEntries => Quick ? 1_000_000 : 5_000_000;

    public int PauseSeconds => Quick ? 3 : 20;

    public int GrowthEntries => Quick ? 2_000_000 : 10_000_000;

    public double GroupCommitSeconds => Quick ? 0.4 : 1.0;

    public bool Wants(string workload) =>
        Only.Count == 0 || Only.Any(o => workload.StartsWith(o, StringComparison.OrdinalIgnoreCase));

    public bool Wants(Entrant peer) =>
        PeerNames.Count == 0 || PeerNames.Any(n => peer.Name.Contains(n, StringComparison.OrdinalIgnoreCase));
}
