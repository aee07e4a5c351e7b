using System.Buffers;

namespace ElastiCache.Embedded.Caching;

/// <summary>Room for one stored entry, header and data: the caller's scratch if it fits, an array from the pool if not.</summary>
internal ref struct EntryBuffer(Span<byte> scratch) : IDisposable
{
    private Span<byte> _bytes = scratch;
    private byte[]? _rented;

    public readonly Span<byte> Bytes => _bytes;

    /// <summary>Makes room for at least so many bytes. What was there is lost.</summary>
    /// <exception cref="ValueTooLargeException">No value is that long.</exception>
    public void Reserve(long bytes)
    {
        if (bytes <= _bytes.Length)
        {
            return;
        }

        if (bytes > CacheLimits.MaxValueBytes)
        {
            throw new ValueTooLargeException(bytes);
        }

        Dispose();
        _rented = ArrayPool<byte>.Shared.Rent((int)bytes);
        _bytes = _rented;
    }

    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
            _rented = null;
            _bytes = default;
        }
    }
}
