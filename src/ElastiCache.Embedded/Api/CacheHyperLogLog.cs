using System.Buffers;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>A HyperLogLog under a key: it estimates how many different things it was shown. Making the handle touches nothing: the key need not exist.</summary>
/// <remarks>
/// It keeps 12 KB at most, however many elements it sees, and is right within 0.81 % (standard error). What it was shown can't be asked.
/// The value is a string in Redis's own format and may be copied as one. Every method is one atomic step.
/// <para>
/// Common to all: a key that holds another type of value is a <see cref="WrongTypeException"/>, a string that is no HyperLogLog a <see cref="FormatException"/>,
/// a budget without room a <see cref="CacheFullException"/>, a log that refuses writes a <see cref="LogException"/>; in each of these cases nothing has changed.
/// Writes return when the promise of <see cref="EmbeddedCacheOptions.Durability"/> holds.
/// </para>
/// </remarks>
public sealed class CacheHyperLogLog
{
    private readonly CacheDatabase _database;
    private readonly HyperLogLogOperations _operations;
    private readonly HandleKey _key;

    internal CacheHyperLogLog(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.HyperLogLogs;
        _key = new HandleKey(key);
    }

    /// <summary>Shows it an element. O(1), no allocation for bytes, text and numbers. Redis: PFADD.</summary>
    /// <typeparam name="T">Numbers and their decimal text are the same element, as everything is counted in its stored form.</typeparam>
    /// <returns>Whether the estimate may have changed; true for the first element of all.</returns>
    /// <exception cref="ArgumentNullException">The element is null. Nothing changes.</exception>
    public bool Add<T>(T element)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return Add(encoder.Encode(element, _database.Serializer, _key.Value));
    }

    /// <summary>Shows it an element's bytes. O(1), no allocation. Redis: PFADD.</summary>
    /// <returns>Whether the estimate may have changed; true for the first element of all.</returns>
    [SkipLocalsInit]
    public bool Add(ReadOnlySpan<byte> element)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        bool changed = _operations.Add(_database.Index, probe, new OneElement(element), ref ticket);
        _database.Wait(ticket);
        return changed;
    }

    /// <summary>Shows it several elements in one step. O(elements). Redis: PFADD.</summary>
    /// <param name="elements">Any number; with none the key is created if it is absent.</param>
    /// <returns>Whether the estimate may have changed, or the key was created.</returns>
    /// <exception cref="ArgumentNullException">An element is null. Nothing changes.</exception>
    [SkipLocalsInit]
    public bool AddMany<T>(params ReadOnlySpan<T> elements)
    {
        using PooledBuffer bytes = PooledBuffer.Rent();
        int[] ends = new int[elements.Length];
        Span<byte> scratchOfOne = stackalloc byte[ValueEncoder.ScratchBytes];
        for (int i = 0; i < elements.Length; i++)
        {
            using var encoder = new ValueEncoder(scratchOfOne);
            bytes.Write(encoder.Encode(elements[i], _database.Serializer, _key.Value));
            ends[i] = bytes.Written.Length;
        }

        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        bool changed = _operations.Add(_database.Index, probe, new EncodedElements(bytes.Written, ends), ref ticket);
        _database.Wait(ticket);
        return changed;
    }

    /// <summary>Estimates how many different elements it was shown. O(1) until something is added; then some 10 µs once. Redis: PFCOUNT.</summary>
    /// <returns>The estimate; 0 if there is no such key.</returns>
    [SkipLocalsInit]
    public long Count()
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        long count = _operations.Count(_database.Index, probe, ref ticket);
        _database.ThrowIfDisposed();
        _database.Wait(ticket);
        return count;
    }

    /// <summary>Estimates how many different elements this one or any of the others was shown, at one moment. O(keys). Redis: PFCOUNT.</summary>
    /// <param name="others">Keys of other HyperLogLogs; absent ones have seen nothing.</param>
    public long CountWith(params ReadOnlySpan<string> others)
    {
        return others.IsEmpty ? Count() : _operations.Unions.Count(_database.Index, new KeyAndTexts(_key.Value, others));
    }

    /// <summary>Makes this one as if it had been shown everything that the others were shown. O(keys). Redis: PFMERGE.</summary>
    /// <param name="sources">Keys of other HyperLogLogs, which stay as they are; absent ones have seen nothing.</param>
    /// <remarks>The deadline stays. With no sources the key is created if it is absent.</remarks>
    [SkipLocalsInit]
    public void Merge(params ReadOnlySpan<string> sources)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        _operations.Unions.Merge(_database.Index, probe, new TextKeys(sources), ref ticket);
        _database.Wait(ticket);
    }

    private readonly ref struct OneElement(ReadOnlySpan<byte> element) : IShownElements
    {
        private readonly ReadOnlySpan<byte> _element = element;

        public int Count => 1;

        public ReadOnlySpan<byte> this[int index] => _element;
    }

    private readonly ref struct EncodedElements(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> ends) : IShownElements
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private readonly ReadOnlySpan<int> _ends = ends;

        public int Count => _ends.Length;

        public ReadOnlySpan<byte> this[int index] => _bytes[(index == 0 ? 0 : _ends[index - 1]).._ends[index]];
    }

    private readonly ref struct KeyAndTexts(CacheKey key, ReadOnlySpan<string> others) : IKeyList
    {
        private readonly CacheKey _key = key;
        private readonly ReadOnlySpan<string> _others = others;

        public int Count => 1 + _others.Length;

        public void Probe(int index, ref KeyScratch scratch, out KeyProbe key)
        {
            if (index == 0)
            {
                KeyProbe.Create(_key, ref scratch, out key);
            }
            else
            {
                KeyProbe.Create(_others[index - 1], ref scratch, out key);
            }
        }
    }
}
