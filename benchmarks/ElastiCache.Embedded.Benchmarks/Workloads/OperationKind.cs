using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Peers;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>One kind of work that is measured in CPU time an operation.</summary>
/// <param name="Name">As printed and as for <c>--only</c>, without the number of threads.</param>
/// <param name="Stream">Which keys it walks.</param>
/// <param name="Play">What it does with them; returns the hits.</param>
/// <param name="ExpectsHits">Whether a read that finds nothing means that the comparison is not one.</param>
/// <param name="Writes">Whether it allocates in those peers that keep managed objects: laps are then longer.</param>
/// <param name="StartsEmpty">Whether each round begins with a cache of its own and fills it.</param>
internal sealed record OperationKind(
    string Name,
    Func<Streams, OperationStream> Stream,
    Func<Player, OperationStream.Slice, long> Play,
    bool ExpectsHits = false,
    bool Writes = false,
    bool StartsEmpty = false)
{
    public static IReadOnlyList<OperationKind> All { get; } =
    [
        new("get-zipf", s => s.Zipf, static (player, slice) => player.Get(slice), ExpectsHits: true),
        new("get-uniform", s => s.Uniform, static (player, slice) => player.Get(slice), ExpectsHits: true),
        new("get-miss", s => s.Absent, static (player, slice) => player.Get(slice)),
        new("set-zipf", s => s.Zipf, static (player, slice) => player.Set(slice), Writes: true),
        new("set-uniform", s => s.Uniform, static (player, slice) => player.Set(slice), Writes: true),
        new("set-new", s => s.EachOnce, static (player, slice) => player.Set(slice), Writes: true, StartsEmpty: true),
        new("mixed-95-5", s => s.Mixed, static (player, slice) => player.Mixed(slice)),
    ];

    public static IReadOnlyList<OperationKind> Distributed { get; } =
    [
        new("distributed-get", s => s.Zipf, static (player, slice) => player.Get(slice), ExpectsHits: true),
        new("distributed-set", s => s.Zipf, static (player, slice) => player.Set(slice), Writes: true),
    ];

    public static IReadOnlyList<OperationKind> Buffered { get; } =
    [
        new("buffer-distributed-get", s => s.Zipf, static (player, slice) => player.Get(slice), ExpectsHits: true),
        new("buffer-distributed-set", s => s.Zipf, static (player, slice) => player.Set(slice), Writes: true),
    ];
}

/// <summary>The key sequences of a run, each made when first asked for.</summary>
internal sealed class Streams(int entries, int length, int readsPerLap, int writesPerLap, int newEntries)
{
    private readonly Lazy<OperationStream> _zipf = new(() => OperationStream.Zipf(entries, length, RunSettings.Seed));
    private readonly Lazy<OperationStream> _uniform = new(() => OperationStream.Uniform(entries, length, RunSettings.Seed + 1));
    private readonly Lazy<OperationStream> _absent = new(() => OperationStream.Uniform(entries, length, RunSettings.Seed + 2, present: false));
    private readonly Lazy<OperationStream> _eachOnce = new(() => OperationStream.EachOnce(newEntries, RunSettings.Seed + 3));
    private OperationStream? _mixed;

    public static Streams For(RunSettings settings) => new(
        settings.Entries, settings.StreamLength, settings.ReadsPerLap, settings.WritesPerLap, settings.NewEntries);

    public static Streams ForSlowPeers(RunSettings settings) => new(
        settings.SlowEntries, settings.SlowOperationsPerLap * 4, settings.SlowOperationsPerLap, settings.SlowOperationsPerLap,
        settings.SlowOperationsPerLap);

    public int Entries => entries;

    public int ReadsPerLap => readsPerLap;

    public int WritesPerLap => writesPerLap;

    public OperationStream Zipf => _zipf.Value;

    public OperationStream Uniform => _uniform.Value;

    public OperationStream Absent => _absent.Value;

    public OperationStream EachOnce => _eachOnce.Value;

    public OperationStream Mixed => _mixed ??= Zipf.WithWrites(RunSettings.Seed + 4);
}
