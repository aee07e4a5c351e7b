using System.Buffers;
using System.Text;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Api;

/// <summary>The fields of an entry on their way into a stream: all are encoded before the shard is locked.</summary>
internal readonly ref struct StreamFieldEncoder
{
    private readonly PooledBuffer _bytes;
    private readonly int[] _ends;
    private readonly int _parts;

    private StreamFieldEncoder(PooledBuffer bytes, int[] ends, int parts)
    {
        _bytes = bytes;
        _ends = ends;
        _parts = parts;
    }

    /// <summary>The fields, valid until <see cref="Dispose"/>.</summary>
    public EncodedFields Fields => new(_bytes.Written, _ends.AsSpan(0, _parts));

    /// <summary>Encodes fields.</summary>
    /// <exception cref="ArgumentException">There are none, or a name or value is null.</exception>
    public static StreamFieldEncoder Encode<T>(ReadOnlySpan<(string Field, T Value)> fields, CacheDatabase database, scoped CacheKey key)
    {
        if (fields.IsEmpty)
        {
            throw new ArgumentException("An entry has at least one field.", nameof(fields));
        }

        var encoder = new StreamFieldEncoder(PooledBuffer.Rent(), ArrayPool<int>.Shared.Rent(2 * fields.Length), 2 * fields.Length);
        Span<byte> scratch = stackalloc byte[ValueEncoder.ScratchBytes];
        try
        {
            for (int i = 0; i < fields.Length; i++)
            {
                ArgumentNullException.ThrowIfNull(fields[i].Field, nameof(fields));
                encoder._bytes.Advance(Encoding.UTF8.GetBytes(fields[i].Field, encoder._bytes.GetSpan(Encoding.UTF8.GetMaxByteCount(fields[i].Field.Length))));
                encoder._ends[2 * i] = encoder._bytes.Written.Length;
                using var value = new ValueEncoder(scratch);
                encoder._bytes.Write(value.Encode(fields[i].Value, database.Serializer, key));
                encoder._ends[(2 * i) + 1] = encoder._bytes.Written.Length;
            }

            return encoder;
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _bytes.Dispose();
        ArrayPool<int>.Shared.Return(_ends);
    }

    /// <summary>The fields as the operation takes them.</summary>
    internal readonly ref struct EncodedFields(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> ends) : IStreamFields
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private readonly ReadOnlySpan<int> _ends = ends;

        public int Count => _ends.Length / 2;

        public ReadOnlySpan<byte> Field(int index) => Part(2 * index);

        public ReadOnlySpan<byte> Value(int index) => Part((2 * index) + 1);

        private ReadOnlySpan<byte> Part(int part) => _bytes[(part == 0 ? 0 : _ends[part - 1]).._ends[part]];
    }
}
