using ElastiCache.Embedded.Benchmarks.Peers;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>How much of everything a run does: enough to trust (full), or enough to see (quick).</summary>
internal sealed record RunSettings
{
    public const int Seed = 20_260_711; // any number will do; the same one makes two runs comparable

    public bool Quick { get; init; }

    /// <summary>Workloads whose name begins with one of these; empty means all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Peers whose name contains one of these; empty means all.</summary>
    public IReadOnlyList<string> PeerNames { get; init; } = [];

    /// <summary>Where files go. It must lie on a real disk for group commit to mean anything.</summary>
    public required string Folder { get; init; }

    public int Entries => Quick ? 200_000 : 1_000_000;

    /// <summary>Operations prepared for each kind of stream; laps walk it and begin again at its end.</summary>
    public int StreamLength => Quick ? 400_000 : 1_000_000;

    public int ReadsPerLap => Quick ? 50_000 : 100_000;

    /// <remarks>More than reads: a lap must hold several collections of those peers that allocate, or a round holds
    /// two of them by chance and the next one none (16 MB of 128-byte values between two of them here).</remarks>
    public int WritesPerLap => Quick ? 100_000 : 500_000;

    /// <summary>Overrides the number of paired rounds of short operations; null leaves it to the kind of run.</summary>
    public int? ExactRounds { get; init; }

    public int ReadRounds => ExactRounds ?? (Quick ? 5 : 9);

    public int WriteRounds => ExactRounds ?? (Quick ? 3 : 5);

    public int NewEntries => Quick ? 100_000 : 500_000;

    public int NewRounds => ExactRounds ?? (Quick ? 2 : 3);

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
