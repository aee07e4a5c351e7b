using System.Buffers;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Api;

/// <summary>A value that was read with its shard locked, on the way to becoming a <typeparamref name="T"/>.</summary>
/// <remarks>
/// For operations that read a value and change it in one step. A plain form is decoded where the value lies: that is our own code and quick,
/// and if the value can't be read as <typeparamref name="T"/> the exception comes before anything has changed. A serializer is somebody else's code and must
/// not run while a shard is locked, so for the rest the bytes are copied and <see cref="Finish"/> decodes them afterwards.
/// </remarks>
internal readonly struct TakenValue<T>
{
    private readonly T? _decoded;
    private readonly byte[]? _copy;
    private readonly int _length;

    private TakenValue(T? decoded, byte[]? copy, int length)
    {
        _decoded = decoded;
        _copy = copy;
        _length = length;
    }

    /// <summary>The value; <see langword="default"/> if there was none.</summary>
    /// <exception cref="FormatException">The serializer can't read it.</exception>
    public T? Finish(ICacheSerializer serializer, CacheKey key)
    {
        if (_copy is null)
        {
            return _decoded;
        }

        try
        {
            return ValueCodec.Decode<T>(_copy.AsMemory(0, _length), serializer, key);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(_copy);
        }
    }

    /// <summary>Takes the value. Only for a locked shard: bytes that are changing might not decode.</summary>
    internal readonly ref struct Question(CacheKey key) : IValueQuestion<TakenValue<T>>
    {
        private readonly CacheKey _key = key;

        public TakenValue<T> Ask(ReadOnlySpan<byte> value)
        {
            if (ValueCodec.IsPlain<T>())
            {
                return new TakenValue<T>(ValueCodec.DecodePlain<T>(value, _key), null, 0);
            }

            byte[] copy = ArrayPool<byte>.Shared.Rent(Math.Max(value.Length, 1));
            value.CopyTo(copy);
            return new TakenValue<T>(default, copy, value.Length);
        }
    }
}
