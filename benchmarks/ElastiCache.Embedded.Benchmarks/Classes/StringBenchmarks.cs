using BenchmarkDotNet.Attributes;
using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Peers;

namespace ElastiCache.Embedded.Benchmarks.Classes;

/// <summary>GET and SET by one thread, for work on the hot path. Where ratios matter, use <c>compare</c>.</summary>
/// <remarks>An invocation is a slice of 16,384 operations; BenchmarkDotNet divides by that.</remarks>
[MemoryDiagnoser]
public abstract class StringBenchmarks : IDisposable
{
    private protected const int Operations = 16_384;
    private const int Entries = 1_000_000, Slices = 16;
    private CacheUnderTest? _cache;
    private OperationStream? _stream;
    private int _slice;

    [ParamsSource(nameof(Names))]
    public string Cache { get; set; } = "";

    [Params(true, false)]
    public bool Zipf { get; set; }

    public static IEnumerable<string> Names =>
        [Roster.Subject.Name, Roster.ConcurrentDictionary, Roster.BitFasterLru, Roster.Faster];

    private protected CacheUnderTest Store => _cache!;

    private protected Player Player { get; private set; } = null!;

    [GlobalSetup]
    public void Fill()
    {
        _cache = Roster.Find(Cache).Create(Entries, AppContext.BaseDirectory);
        _cache.Fill(Entries);
        _stream = Zipf
            ? OperationStream.Zipf(Entries, Operations * Slices, seed: 1)
            : OperationStream.Uniform(Entries, Operations * Slices, seed: 1);
        Player = _cache.NewPlayer();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        Player?.Dispose();
        _cache?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected OperationStream.Slice NextSlice() => _stream!.Part(_slice++ & (Slices - 1), Operations, 0, 1);
}

public class GetBenchmarks : StringBenchmarks
{
    [Benchmark(OperationsPerInvoke = Operations)]
    public long Get() => Player.Get(NextSlice());
}

public class SetBenchmarks : StringBenchmarks
{
    [Benchmark(OperationsPerInvoke = Operations)]
    public long Set() => Player.Set(NextSlice());
}
