using System.Buffers;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Api;

/// <summary>Reads one element of a collection with its shard locked, and makes a <typeparamref name="T"/> of it; see <see cref="LockedValueReader{T}"/>.</summary>
internal ref struct LockedElementReader<T>(CacheKey key) : IFieldSink, IFieldValueSink, IElementSink, IScoredSink
{
    private readonly CacheKey _key = key;
    private T? _decoded;
    private byte[]? _copy;
    private int _length;

    /// <summary>Whether there was an element.</summary>
    public bool IsHit { get; private set; }

    /// <summary>The score that came with a sorted set's member.</summary>
    public double Score { get; private set; }

    public void Take(scoped ReadOnlySpan<byte> member, double score)
    {
        Score = score;
        Take(member);
    }

    /// <summary>Takes a member; what comes with it is of no interest.</summary>
    public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value) => Take(name);

    public void Take(scoped ReadOnlySpan<byte> value)
    {
        if (ValueCodec.IsPlain<T>())
        {
            _decoded = ValueCodec.DecodePlain<T>(value, _key);
        }
        else
        {
            _copy = ArrayPool<byte>.Shared.Rent(Math.Max(value.Length, 1));
            _length = value.Length;
            value.CopyTo(_copy);
        }

        IsHit = true;
    }

    public readonly void Miss()
    {
        // As it was in the beginning.
    }

    /// <summary>The element; <see langword="default"/> if there was none. No lock is held. Call it once.</summary>
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
