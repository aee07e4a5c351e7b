using System.Buffers;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Api;

/// <summary>Keys and the bytes of their values, ready to be stored together.</summary>
/// <remarks>All of them are encoded before the first is stored: a serializer must not run under a lock, and one that fails must leave nothing changed.</remarks>
internal sealed class EncodedPairs(int capacity) : IDisposable
{
    private readonly List<Pair> _pairs = new(capacity);

    public int Count => _pairs.Count;

    public PairList List => new(_pairs);

    /// <summary>Encodes a value. Bytes are not copied and must not change until they are stored.</summary>
    public void Add<T>(string key, T value, ICacheSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        ReadOnlySpan<byte> encoded = encoder.Encode(value, serializer, key);
        if (typeof(T) == typeof(byte[]))
        {
            _pairs.Add(new Pair(key, (byte[])(object)value!, encoded.Length, IsRented: false));
            return;
        }

        byte[] copy = ArrayPool<byte>.Shared.Rent(Math.Max(encoded.Length, 1));
        encoded.CopyTo(copy);
        _pairs.Add(new Pair(key, copy, encoded.Length, IsRented: true));
    }

    public void Dispose()
    {
        foreach (Pair pair in _pairs)
        {
            if (pair.IsRented)
            {
                ArrayPool<byte>.Shared.Return(pair.Bytes);
            }
        }

        _pairs.Clear();
    }

    internal readonly record struct Pair(string Key, byte[] Bytes, int Length, bool IsRented);

    /// <summary>The pairs as the operation takes them.</summary>
    internal readonly struct PairList(List<Pair> pairs) : IPairList
    {
        public int Count => pairs.Count;

        public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => KeyProbe.Create(pairs[index].Key, ref scratch, out key);

        public ReadOnlySpan<byte> Value(int index) => pairs[index].Bytes.AsSpan(0, pairs[index].Length);
    }
}
