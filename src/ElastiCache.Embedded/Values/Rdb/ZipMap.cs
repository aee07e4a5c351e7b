using System.Buffers.Binary;

namespace ElastiCache.Embedded.Values;

/// <summary>Reads a zipmap, the small hash of Redis before 2.6.</summary>
/// <remarks>
/// <code>
///   u8 fields (254 and more: unknown)   field value …   FF
///   field = length: 1 byte up to 253, or FE u32     bytes
///   value = length                                  u8 free     bytes     so many free bytes
/// </code>
/// </remarks>
internal ref struct ZipMap
{
    private const byte End = 0xFF;
    private const byte LongLength = 0xFE;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;

    /// <summary>Begins to read.</summary>
    /// <exception cref="RdbDataException">The bytes are no zipmap.</exception>
    public ZipMap(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 2 || bytes[^1] != End)
        {
            throw Damaged();
        }

        _bytes = bytes;
        _position = 1;
        Field = default;
        Value = default;
    }

    public ReadOnlySpan<byte> Field { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes to the next field.</summary>
    /// <exception cref="RdbDataException">There is none, and no end either.</exception>
    public bool MoveNext()
    {
        if (_position == _bytes.Length - 1)
        {
            return false;
        }

        Field = Take(ReadLength());
        long length = ReadLength();
        int free = Take(1)[0];
        Value = Take(length);
        Take(free);
        return true;
    }

    private static RdbDataException Damaged() => new("A zipmap is damaged.");

    private long ReadLength()
    {
        int length = Take(1)[0];
        return length < LongLength ? length : length == LongLength ? BinaryPrimitives.ReadUInt32LittleEndian(Take(4)) : throw Damaged();
    }

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count > _bytes.Length - 1 - _position)
        {
            throw Damaged();
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(_position, (int)count);
        _position += (int)count;
        return taken;
    }
}
