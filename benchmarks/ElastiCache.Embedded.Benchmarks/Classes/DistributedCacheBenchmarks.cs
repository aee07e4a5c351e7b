using BenchmarkDotNet.Attributes;
using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Peers;

namespace ElastiCache.Embedded.Benchmarks.Classes;

/// <summary><c>IDistributedCache</c> and <c>IBufferDistributedCache</c> over our cache against MemoryDistributedCache.</summary>
[MemoryDiagnoser]
public class DistributedCacheBenchmarks : IDisposable
{
    private const int Entries = 200_000, Operations = 16_384, Slices = 16;
    private static readonly Dictionary<string, Entrant> Entrants = new()
    {
        ["ours"] = Roster.DistributedSubject,
        ["ours, buffered"] = Roster.BufferedSubject,
        ["MemoryDistributedCache"] = Roster.DistributedPeers[0],
    };

    private CacheUnderTest? _cache;
    private Player? _player;
    private OperationStream? _stream;
    private int _slice;

    public static IEnumerable<string> Names => Entrants.Keys;

    [ParamsSource(nameof(Names))]
    public string Cache { get; set; } = "";

    [GlobalSetup]
    public void Fill()
    {
        _cache = Entrants[Cache].Create(Entries, AppContext.BaseDirectory);
        _cache.Fill(Entries);
        _player = _cache.NewPlayer();
        _stream = OperationStream.Zipf(Entries, Operations * Slices, seed: 1);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _player?.Dispose();
        _cache?.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(OperationsPerInvoke = Operations)]
    public long Get() => _player!.Get(NextSlice());

    [Benchmark(OperationsPerInvoke = Operations)]
    public long Set() => _player!.Set(NextSlice());

    private OperationStream.Slice NextSlice() => _stream!.Part(_slice++ & (Slices - 1), Operations, 0, 1);
}
