using System.Buffers.Binary;

namespace ElastiCache.Embedded.Values;

/// <summary>Reads a ziplist, the listpack's predecessor, which old RDB files and dumps hold.</summary>
/// <remarks>
/// <code>
///   u32 bytes   u32 offset of the last entry   u16 entries (65535: unknown)   entry …   FF      (integers little-endian)
///   entry = length of the entry before: 1 byte, or FE u32        encoding        data
///
///   00LLLLLL                    string of up to 63 bytes
///   01LLLLLL LLLLLLLL           string of up to 16,383 bytes
///   80 u32                      string, its length big-endian
///   C0 i16   D0 i32   E0 i64   F0 i24   FE i8      integer
///   1111NNNN                    integer N - 1, from 0 to 12
/// </code>
/// </remarks>
internal ref struct ZipList
{
    private const int HeaderBytes = 10;
    private const byte End = 0xFF;
    private const byte LongBefore = 0xFE;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _told;
    private int _position;
    private int _bytesBefore;
    private int _count;

    /// <summary>Begins to read.</summary>
    /// <exception cref="RdbDataException">The bytes are no ziplist.</exception>
    public ZipList(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != bytes.Length || bytes[^1] != End)
        {
            throw Damaged();
        }

        _bytes = bytes;
        _told = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        _position = HeaderBytes;
        Current = default;
    }

    /// <summary>The entry.</summary>
    public ListPackElement Current { get; private set; }

    /// <summary>Goes to the next entry.</summary>
    /// <exception cref="RdbDataException">There is none, and no end either.</exception>
    public bool MoveNext()
    {
        if (_position == _bytes.Length - 1)
        {
            // The end must be where the header says that it is, and the count right.
            long last = BinaryPrimitives.ReadUInt32LittleEndian(_bytes[4..]);
            bool isRight = (_told == ushort.MaxValue || _told == _count) && last == (_count == 0 ? HeaderBytes : _position - _bytesBefore);
            return isRight ? false : throw Damaged();
        }

        int start = _position;
        long before = ReadByte();
        if (before == LongBefore)
        {
            before = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        }

        if (before != _bytesBefore)
        {
            throw Damaged();
        }

        Current = ReadData();
        _bytesBefore = _position - start;
        _count++;
        return true;
    }

    private static RdbDataException Damaged() => new("A ziplist is damaged.");

    private ListPackElement ReadData()
    {
        int encoding = ReadByte();
        switch (encoding >> 6)
        {
            case 0:
                return new ListPackElement(Take(encoding));
            case 1:
                return new ListPackElement(Take(((encoding & 0x3F) << 8) | ReadByte()));
            case 2 when encoding == 0x80:
                return new ListPackElement(Take(BinaryPrimitives.ReadUInt32BigEndian(Take(4))));
        }

        switch (encoding)
        {
            case 0xC0:
                return new ListPackElement(BinaryPrimitives.ReadInt16LittleEndian(Take(2)));
            case 0xD0:
                return new ListPackElement(BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
            case 0xE0:
                return new ListPackElement(BinaryPrimitives.ReadInt64LittleEndian(Take(8)));
            case 0xF0:
                ReadOnlySpan<byte> three = Take(3);
                return new ListPackElement(three[0] | (three[1] << 8) | ((sbyte)three[2] << 16));
            case 0xFE:
                return new ListPackElement((sbyte)ReadByte());
            case >= 0xF1 and <= 0xFD:
                return new ListPackElement((encoding & 0x0F) - 1);
            default:
                throw Damaged();
        }
    }

    private int ReadByte() => Take(1)[0];

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
