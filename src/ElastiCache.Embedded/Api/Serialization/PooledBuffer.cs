using System.Buffers;

namespace ElastiCache.Embedded.Api.Serialization;

/// <summary>A growing buffer from the shared array pool, for a serializer to write to and for values to be read into.</summary>
/// <remarks>
/// Each thread keeps one, so that writing an object allocates nothing once the thread is warm. <see cref="Rent"/> takes the
/// thread's buffer away and <see cref="Dispose"/> gives it back: a serializer that uses the cache itself gets a second one.
/// </remarks>
internal sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
{
    private const int InitialBytes = 512;

    [ThreadStatic]
    private static PooledBuffer? _spare;

    private byte[] _bytes = [];
    private int _length;

    private PooledBuffer()
    {
    }

    /// <summary>An empty buffer. Dispose it on the same or any other thread, once.</summary>
    public static PooledBuffer Rent()
    {
        PooledBuffer buffer = _spare ?? new PooledBuffer();
        _spare = null;
        return buffer;
    }

    /// <summary>What has been written. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>As <see cref="Written"/>.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, _length);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length - _length);
        _length += count;

        // GetSpan hands out what the pool has, which may be more than was asked for.
        if (_length > CacheLimits.MaxValueBytes)
        {
            throw new ValueTooLargeException(_length);
        }
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _bytes.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _bytes.AsSpan(_length);
    }

    public void Dispose()
    {
        if (_bytes.Length > 0)
        {
            // The array goes back and not only the writer: a thread that once wrote a large value must not hold on to it.
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }

        _length = 0;
        _spare = this;
    }

    private void EnsureRoom(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (_bytes.Length - _length >= Math.Max(bytes, 1))
        {
            return;
        }

        long needed = (long)_length + Math.Max(bytes, 1);
        if (_length >= CacheLimits.MaxValueBytes)
        {
            throw new ValueTooLargeException(needed);
        }

        long wanted = Math.Max(InitialBytes, Math.Max(needed, 2L * _length));
        if (wanted > Array.MaxLength)
        {
            throw new ValueTooLargeException(needed);
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent((int)wanted);
        Written.CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
