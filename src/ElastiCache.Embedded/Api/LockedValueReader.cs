using System.Buffers;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Api;

/// <summary>Reads a value with its shard locked, and makes a <typeparamref name="T"/> of it.</summary>
/// <remarks>
/// For operations that read a value and change it in one step. A plain form is decoded where the value lies: that is our own code and quick,
/// and if the value can't be read as <typeparamref name="T"/> the exception comes before anything has changed. A serializer is somebody else's code and must
/// not run while a shard is locked, so for the rest the bytes are copied and <see cref="Finish"/> decodes them afterwards. (Without a lock
/// this would not do: bytes that are just changing may not decode.)
/// </remarks>
internal ref struct LockedValueReader<T>(CacheKey key) : IValueReader
{
    private readonly CacheKey _key = key;
    private T? _decoded;
    private byte[]? _copy;
    private int _length;

    public void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        if (ValueCodec.IsPlain<T>())
        {
            _decoded = ValueCodec.DecodePlain<T>(value, _key);
            return;
        }

        _copy = ArrayPool<byte>.Shared.Rent(Math.Max(value.Length, 1));
        _length = value.Length;
        value.CopyTo(_copy);
    }

    /// <summary>The value; <see langword="default"/> if there was none. No lock is held. Call it once.</summary>
    /// <exception cref="FormatException">The serializer can't read it.</exception>
    public readonly T? Finish(ICacheSerializer serializer)
    {
        if (_copy is null)
        {
            return _decoded;
        }

        try
        {
            return ValueCodec.Decode<T>(_copy.AsMemory(0, _length), serializer, _key);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(_copy);
        }
    }
}
