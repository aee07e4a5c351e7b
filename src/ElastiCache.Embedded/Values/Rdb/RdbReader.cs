using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.Values;

/// <summary>Reads what RDB values are made of, from bytes that may be anything.</summary>
/// <remarks>
/// <code>
///   length   00LLLLLL                              6 bits
///            01LLLLLL LLLLLLLL                     14 bits
///            80 u32, 81 u64                        big-endian
///   string   a length and the bytes
///            C0 i8, C1 i16, C2 i32                 a decimal number, little-endian
///            C3 length length bytes                compressed by <see cref="Lzf"/>: bytes here, bytes in truth
/// </code>
/// Nothing is allocated because the bytes say so: a length is believed only as far as there are bytes for it.
/// </remarks>
internal ref struct RdbReader(ReadOnlySpan<byte> bytes)
{
    // Longer strings can't be stored.
    private const int MostStringBytes = 512 << 20;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private byte[]? _scratch;

    /// <summary>Whether Valkey 9 or later wrote the bytes, which gave a meaning of its own to an encoding of Redis.</summary>
    public bool IsValkey { get; init; }

    /// <summary>Where it reads next.</summary>
    public int Position { get; set; }

    public readonly int Left => _bytes.Length - Position;

    public byte ReadByte() => Take(1)[0];

    /// <summary>Reads a length, or a number that is written like one.</summary>
    public ulong ReadNumber() => TryReadNumber(out ulong number, out _) ? number : throw new RdbDataException("A length was expected, and an encoding is there.");

    /// <summary>Reads how many items of so many bytes at least follow.</summary>
    public int ReadCount(int leastBytesAnItem)
    {
        ulong count = ReadNumber();
        return count <= (ulong)(Left / leastBytesAnItem)
            ? (int)count
            : throw new RdbDataException($"{count} items are announced, and only {Left} bytes follow.");
    }

    /// <summary>Reads a string. It is valid until the next one is read.</summary>
    public ReadOnlySpan<byte> ReadString()
    {
        // Most are short and stand there as they are.
        if (Position < _bytes.Length && _bytes[Position] is < 0x40 and var shortLength && shortLength < Left)
        {
            ReadOnlySpan<byte> text = _bytes.Slice(Position + 1, shortLength);
            Position += 1 + shortLength;
            return text;
        }

        if (TryReadNumber(out ulong length, out int encoding))
        {
            return length <= (ulong)Left ? Take((int)length) : throw new RdbDataException($"A string of {length} bytes is announced, and only {Left} follow.");
        }

        switch (encoding)
        {
            case 0:
                return Decimal((sbyte)ReadByte());
            case 1:
                return Decimal(BinaryPrimitives.ReadInt16LittleEndian(Take(2)));
            case 2:
                return Decimal(BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
            case 3:
                return ReadCompressed();
            default:
                throw new RdbDataException($"There is no string encoding {encoding}.");
        }
    }

    /// <summary>Reads a score of 8 bytes.</summary>
    public double ReadDouble() => BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));

    /// <summary>Reads a score as text, behind one byte of length; 253 is no number, 254 and 255 are the infinities.</summary>
    public double ReadDoubleText()
    {
        int length = ReadByte();
        return length switch
        {
            253 => double.NaN,
            254 => double.PositiveInfinity,
            255 => double.NegativeInfinity,
            _ => double.TryParse(Encoding.ASCII.GetString(Take(length)), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                ? number
                : throw new RdbDataException("A score is no number."),
        };
    }

    /// <summary>Reads a time in Unix ms.</summary>
    public long ReadTime() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    /// <summary>Reads an ID of a stream's entry: two numbers, big-endian.</summary>
    public StreamId ReadStreamId()
    {
        ReadOnlySpan<byte> id = Take(16);
        return new StreamId(BinaryPrimitives.ReadUInt64BigEndian(id), BinaryPrimitives.ReadUInt64BigEndian(id[8..]));
    }

    /// <summary>Reads bytes as they are.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > Left)
        {
            throw new RdbDataException($"The value ends {count - Left} bytes too early.");
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(Position, count);
        Position += count;
        return taken;
    }

    /// <summary>Gives back what reading took.</summary>
    public void Dispose()
    {
        if (_scratch != null)
        {
            ArrayPool<byte>.Shared.Return(_scratch);
            _scratch = null;
        }
    }

    private bool TryReadNumber(out ulong number, out int encoding)
    {
        int first = ReadByte();
        encoding = first & 0x3F;
        switch (first >> 6)
        {
            case 0:
                number = (uint)encoding;
                return true;
            case 1:
                number = ((uint)encoding << 8) | ReadByte();
                return true;
            case 2 when first == 0x80:
                number = BinaryPrimitives.ReadUInt32BigEndian(Take(4));
                return true;
            case 2 when first == 0x81:
                number = BinaryPrimitives.ReadUInt64BigEndian(Take(8));
                return true;
            case 2:
                throw new RdbDataException($"There is no length that begins with {first:X2}.");
            default:
                number = 0;
                return false;
        }
    }

    private ReadOnlySpan<byte> ReadCompressed()
    {
        ulong compressedBytes = ReadNumber();
        ulong length = ReadNumber();
        if (compressedBytes > (ulong)Left || length > (ulong)Math.Min(MostStringBytes, Lzf.MostDecompressed((int)compressedBytes)))
        {
            throw new RdbDataException($"A compressed string of {compressedBytes} bytes that stand for {length} can't be here: {Left} bytes follow.");
        }

        ReadOnlySpan<byte> compressed = Take((int)compressedBytes);
        Span<byte> scratch = Scratch((int)length).AsSpan(0, (int)length);
        return Lzf.TryDecompress(compressed, scratch) ? scratch : throw new RdbDataException("A compressed string can't be decompressed.");
    }

    private ReadOnlySpan<byte> Decimal(long number)
    {
        byte[] scratch = Scratch(DecimalNumber.MaxTextBytes);
        return scratch.AsSpan(0, DecimalNumber.Format(number, scratch));
    }

    private byte[] Scratch(int bytes)
    {
        if (_scratch == null || _scratch.Length < bytes)
        {
            Dispose();
            _scratch = ArrayPool<byte>.Shared.Rent(bytes);
        }

        return _scratch;
    }
}
