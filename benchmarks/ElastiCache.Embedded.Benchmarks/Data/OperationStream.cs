namespace ElastiCache.Embedded.Benchmarks.Data;

/// <summary>A prepared sequence of keys to work on, and which entry each of them names.</summary>
/// <remarks>
/// Every operation has a key string of its own, made in the order of use: as in a program that has just built the
/// key of a request, the string is cheap to read and equal, but never identical, to the one in the cache. Both sides
/// of a round walk the same slice; who goes first alternates.
/// A negative index ~i marks a write to entry i in a mixed stream.
/// </remarks>
internal sealed class OperationStream
{
    private readonly string[] _keys;
    private readonly int[] _indices;

    private OperationStream(int[] indices, bool present)
    {
        _indices = indices;
        _keys = new string[indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            _keys[i] = TestKeys.Create(indices[i] < 0 ? ~indices[i] : indices[i], present);
        }
    }

    public int Length => _keys.Length;

    public static OperationStream Uniform(int entries, int length, int seed, bool present = true)
    {
        var random = new Random(seed);
        return new OperationStream([.. Enumerable.Range(0, length).Select(_ => random.Next(entries))], present);
    }

    /// <summary>Zipf with θ = 0.99 over scattered entries: the hottest key is any key, not the first inserted.</summary>
    public static OperationStream Zipf(int entries, int length, int seed)
    {
        var random = new Random(seed);
        int[] entryOfRank = [.. Enumerable.Range(0, entries)];
        random.Shuffle(entryOfRank);
        var zipf = new ZipfGenerator(entries, 0.99, random);
        return new OperationStream([.. Enumerable.Range(0, length).Select(_ => entryOfRank[zipf.Next()])], present: true);
    }

    /// <summary>Every entry once, in an order of its own: what filling a cache needs.</summary>
    public static OperationStream EachOnce(int entries, int seed)
    {
        int[] order = [.. Enumerable.Range(0, entries)];
        new Random(seed).Shuffle(order);
        return new OperationStream(order, present: true);
    }

    /// <summary>Every entry once, in order and made as it is asked for, so that millions need no memory of the test's own.</summary>
    public static IEnumerable<Slice> InOrder(int entries)
    {
        const int SliceLength = 4096;
        for (int begin = 0; begin < entries; begin += SliceLength)
        {
            int[] indices = [.. Enumerable.Range(begin, Math.Min(SliceLength, entries - begin))];
            string[] keys = [.. indices.Select(i => TestKeys.Create(i))];
            yield return new Slice(keys, indices);
        }
    }

    /// <summary>The same keys, with every twentieth operation on average turned into a write.</summary>
    public OperationStream WithWrites(int seed)
    {
        var random = new Random(seed);
        return new OperationStream(_keys, [.. _indices.Select(i => random.Next(20) == 0 ? ~i : i)]);
    }

    private OperationStream(string[] keys, int[] indices) => (_keys, _indices) = (keys, indices);

    /// <summary>The part of the stream that one thread works on in one round; rounds wrap around at the end.</summary>
    public Slice Part(int round, int operationsInRound, int thread, int threads)
    {
        int roundsInStream = Math.Max(1, Length / operationsInRound);
        int perThread = Math.Min(operationsInRound, Length) / threads;
        int begin = round % roundsInStream * operationsInRound + thread * perThread;
        return new Slice(_keys.AsMemory(begin, perThread), _indices.AsMemory(begin, perThread));
    }

    internal readonly record struct Slice(ReadOnlyMemory<string> Keys, ReadOnlyMemory<int> Indices)
    {
        public int Length => Keys.Length;
    }
}
