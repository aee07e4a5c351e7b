using BenchmarkDotNet.Attributes;
using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Peers;

namespace ElastiCache.Embedded.Benchmarks.Classes;

/// <summary>Batches of 16 keys against single GETs, both of our own cache; times are those of one key.</summary>
[MemoryDiagnoser]
public class MgetBenchmarks : IDisposable
{
    private const int Entries = 1_000_000, Operations = 16_384, Slices = 16, BatchSize = 16;
    private readonly byte[] _destination = new byte[BatchSize * 128];
    private readonly int[] _lengths = new int[BatchSize];
    private CacheUnderTest? _cache;
    private Player? _player;
    private OperationStream? _stream;
    private int _slice;

    [GlobalSetup]
    public void Fill()
    {
        _cache = Roster.Subject.Create(Entries, AppContext.BaseDirectory);
        _cache.Fill(Entries);
        _player = _cache.NewPlayer();
        _stream = OperationStream.Uniform(Entries, Operations * Slices, seed: 1);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _player?.Dispose();
        _cache?.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public long SingleGets() => _player!.Get(NextSlice());

    [Benchmark(OperationsPerInvoke = Operations)]
    public int Batches()
    {
        BatchGet getMany = _cache!.GetMany
            ?? throw new InvalidOperationException("The cache under test reads no batches.");
        ReadOnlySpan<string> keys = NextSlice().Keys.Span;
        int found = 0;
        for (int begin = 0; begin < keys.Length; begin += BatchSize)
        {
            found += getMany(keys.Slice(begin, BatchSize), _destination, _lengths);
        }

        return found;
    }

    private OperationStream.Slice NextSlice() => _stream!.Part(_slice++ & (Slices - 1), Operations, 0, 1);
}
