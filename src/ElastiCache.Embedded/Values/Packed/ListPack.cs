using System.Buffers.Binary;

namespace ElastiCache.Embedded.Values;

/// <summary>Redis's listpack: small elements one behind the other in one block, walked in both directions.</summary>
/// <remarks>
/// <code>
///   u32 total bytes   u16 elements (65535: unknown, count them)   element …   FF            (integers little-endian)
///   element = encoding and data, then the length of those, written so that it can be read backwards
///
///   0xxxxxxx                                 integer 0 to 127
///   10xxxxxx  bytes                          string of up to 63 bytes
///   110xxxxx xxxxxxxx                        integer of 13 bits, with sign
///   1110xxxx xxxxxxxx  bytes                 string of up to 4,095 bytes
///   F0  u32 length  bytes                    longer string
///   F1 i16   F2 i24   F3 i32   F4 i64        integer
///
///   backward length: 7 bits a byte, most significant first; all bytes but the first have bit 7 set
/// </code>
/// A string that is an integer in its only decimal form is stored as that integer. A listpack may go into an RDB file, or come out of one, as it
/// is; whatever comes from outside must pass <see cref="IsValid"/> first. Positions are offsets from the start, -1 stands for "none". The editing methods work in a buffer with room: the caller provides as
/// much as <see cref="SizeOf(ReadOnlySpan{byte})"/> says.
/// </remarks>
internal static class ListPack
{
    /// <summary>Bytes before the first element.</summary>
    public const int HeaderBytes = 6;

    /// <summary>Bytes of an empty listpack.</summary>
    public const int EmptyBytes = HeaderBytes + 1;

    private const byte End = 0xFF;
    private const int UnknownCount = ushort.MaxValue;

    /// <summary>Writes an empty listpack.</summary>
    /// <returns>Its bytes.</returns>
    public static int Create(Span<byte> buffer)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer, EmptyBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(buffer[4..], 0);
        buffer[HeaderBytes] = End;
        return EmptyBytes;
    }

    /// <summary>Writes a listpack of elements that stand one behind the other in another one.</summary>
    /// <returns>Its bytes.</returns>
    public static int CreateFrom(Span<byte> buffer, ReadOnlySpan<byte> elements, int count)
    {
        int total = EmptyBytes + elements.Length;
        elements.CopyTo(buffer[HeaderBytes..]);
        BinaryPrimitives.WriteInt32LittleEndian(buffer, total);
        BinaryPrimitives.WriteUInt16LittleEndian(buffer[4..], (ushort)Math.Min(count, UnknownCount));
        buffer[total - 1] = End;
        return total;
    }

    /// <summary>Its bytes, as its header says.</summary>
    public static int TotalBytes(ReadOnlySpan<byte> pack) => BinaryPrimitives.ReadInt32LittleEndian(pack);

    /// <summary>The number of elements. O(1), or O(n) above 65,534.</summary>
    public static int Count(ReadOnlySpan<byte> pack)
    {
        int count = BinaryPrimitives.ReadUInt16LittleEndian(pack[4..]);
        if (count != UnknownCount)
        {
            return count;
        }

        count = 0;
        for (int position = First(pack); position >= 0; position = Next(pack, position))
        {
            count++;
        }

        return count;
    }

    /// <summary>The first element; -1 if there is none.</summary>
    public static int First(ReadOnlySpan<byte> pack) => pack[HeaderBytes] == End ? -1 : HeaderBytes;

    /// <summary>The last element; -1 if there is none.</summary>
    public static int Last(ReadOnlySpan<byte> pack) => Previous(pack, TotalBytes(pack) - 1);

    /// <summary>The element behind another; -1 at the end.</summary>
    public static int Next(ReadOnlySpan<byte> pack, int position)
    {
        position += ElementBytes(pack, position);
        return pack[position] == End ? -1 : position;
    }

    /// <summary>The element before another, or before the end; -1 at the beginning.</summary>
    public static int Previous(ReadOnlySpan<byte> pack, int position)
    {
        if (position == HeaderBytes)
        {
            return -1;
        }

        int length = ReadBackward(pack, position - 1, out int bytes);
        return position - bytes - length;
    }

    /// <summary>The element with an index; negative ones count from the end. -1 if there is none. O(n), from the nearer end.</summary>
    public static int Seek(ReadOnlySpan<byte> pack, int index)
    {
        int count = Count(pack);
        if (index < 0)
        {
            index += count;
        }

        if ((uint)index >= (uint)count)
        {
            return -1;
        }

        int position;
        if (index <= count / 2)
        {
            for (position = First(pack); index > 0; index--)
            {
                position = Next(pack, position);
            }
        }
        else
        {
            for (position = Last(pack); index < count - 1; index++)
            {
                position = Previous(pack, position);
            }
        }

        return position;
    }

    /// <summary>The element at a position.</summary>
    public static ListPackElement Get(ReadOnlySpan<byte> pack, int position)
    {
        byte first = pack[position];
        ReadOnlySpan<byte> rest = pack[(position + 1)..];
        return first switch
        {
            < 0x80 => new ListPackElement(first),
            < 0xC0 => new ListPackElement(rest[..(first & 0x3F)]),
            < 0xE0 => new ListPackElement(((long)(((first & 0x1F) << 8) | rest[0]) << 51) >> 51),
            < 0xF0 => new ListPackElement(rest.Slice(1, ((first & 0xF) << 8) | rest[0])),
            0xF0 => new ListPackElement(rest.Slice(4, BinaryPrimitives.ReadInt32LittleEndian(rest))),
            0xF1 => new ListPackElement(BinaryPrimitives.ReadInt16LittleEndian(rest)),
            0xF2 => new ListPackElement((rest[0] | (rest[1] << 8) | (rest[2] << 16)) << 8 >> 8),
            0xF3 => new ListPackElement(BinaryPrimitives.ReadInt32LittleEndian(rest)),
            _ => new ListPackElement(BinaryPrimitives.ReadInt64LittleEndian(rest)),
        };
    }

    /// <summary>Finds an element that is equal to a value. O(n).</summary>
    /// <param name="pack">The listpack.</param>
    /// <param name="position">Where to begin; -1 finds nothing.</param>
    /// <param name="value">The value.</param>
    /// <param name="skip">Elements to pass over between two that are compared: 1 to look at every second.</param>
    /// <returns>Its position; -1 if there is none.</returns>
    public static int Find(ReadOnlySpan<byte> pack, int position, ReadOnlySpan<byte> value, int skip = 0)
    {
        bool isInteger = DecimalNumber.TryParse(value, out long number);
        while (position >= 0)
        {
            ListPackElement element = Get(pack, position);
            if (element.IsInteger ? isInteger && element.Integer == number : !isInteger && element.Bytes.SequenceEqual(value))
            {
                return position;
            }

            position = Next(pack, position);
            for (int i = 0; i < skip && position >= 0; i++)
            {
                position = Next(pack, position);
            }
        }

        return -1;
    }

    /// <summary>The bytes of the element at a position, its backward length included.</summary>
    public static int ElementBytes(ReadOnlySpan<byte> pack, int position)
    {
        int length = EncodedBytes(pack[position..]);
        return length + BackwardBytes(length);
    }

    /// <summary>The bytes that a value takes as an element.</summary>
    public static int SizeOf(ReadOnlySpan<byte> value)
    {
        int length = DecimalNumber.TryParse(value, out long number) ? EncodedBytes(number) : StringHeaderBytes(value.Length) + value.Length;
        return length + BackwardBytes(length);
    }

    /// <summary>The bytes that an integer takes as an element.</summary>
    public static int SizeOf(long value)
    {
        int length = EncodedBytes(value);
        return length + BackwardBytes(length);
    }

    /// <summary>Adds a value at the end.</summary>
    /// <returns>The listpack's bytes afterwards.</returns>
    public static int Append(Span<byte> buffer, ReadOnlySpan<byte> value) => Insert(buffer, TotalBytes(buffer) - 1, value);

    /// <summary>Adds an integer at the end.</summary>
    /// <returns>The listpack's bytes afterwards.</returns>
    public static int Append(Span<byte> buffer, long value) => Insert(buffer, TotalBytes(buffer) - 1, value);

    /// <summary>Adds a value at the beginning.</summary>
    /// <returns>The listpack's bytes afterwards.</returns>
    public static int Prepend(Span<byte> buffer, ReadOnlySpan<byte> value) => Insert(buffer, HeaderBytes, value);

    /// <summary>Adds a value before the element at a position, which may be that of the end.</summary>
    /// <returns>The listpack's bytes afterwards.</returns>
    public static int Insert(Span<byte> buffer, int position, ReadOnlySpan<byte> value)
    {
        if (DecimalNumber.TryParse(value, out long number))
        {
            return Insert(buffer, position, number);
        }

        Span<byte> gap = OpenGap(buffer, position, SizeOf(value), 0, 1);
        Write(gap, value);
        return TotalBytes(buffer);
    }

    /// <summary>Adds an integer before the element at a position, which may be that of the end.</summary>
    /// <returns>The listpack's bytes afterwards.</returns>
    public static int Insert(Span<byte> buffer, int position, long value)
    {
        Write(OpenGap(buffer, position, SizeOf(value), 0, 1), value);
        return TotalBytes(buffer);
    }

    /// <summary>Puts a value in the place of an element.</summary>
    /// <returns>The listpack's bytes afterwards.</returns>
    public static int Replace(Span<byte> buffer, int position, ReadOnlySpan<byte> value)
    {
        int old = ElementBytes(buffer, position);
        if (DecimalNumber.TryParse(value, out long number))
        {
            Write(OpenGap(buffer, position, SizeOf(number), old, 0), number);
        }
        else
        {
            Write(OpenGap(buffer, position, SizeOf(value), old, 0), value);
        }

        return TotalBytes(buffer);
    }

    /// <summary>Puts an integer in the place of an element.</summary>
    /// <returns>The listpack's bytes afterwards.</returns>
    public static int Replace(Span<byte> buffer, int position, long value)
    {
        Write(OpenGap(buffer, position, SizeOf(value), ElementBytes(buffer, position), 0), value);
        return TotalBytes(buffer);
    }

    /// <summary>Removes elements from a position on, at most as many as there are.</summary>
    /// <returns>The listpack's bytes afterwards; what stood behind them is at the position then.</returns>
    public static int Delete(Span<byte> buffer, int position, int count = 1)
    {
        int end = position;
        int deleted = 0;
        while (deleted < count && buffer[end] != End)
        {
            end += ElementBytes(buffer, end);
            deleted++;
        }

        OpenGap(buffer, position, 0, end - position, -deleted);
        return TotalBytes(buffer);
    }

    /// <summary>Whether bytes from outside are a listpack, to the last one: every element within bounds, every length right, the count right.</summary>
    public static bool IsValid(ReadOnlySpan<byte> pack)
    {
        if (pack.Length < EmptyBytes || TotalBytes(pack) != pack.Length || pack[^1] != End)
        {
            return false;
        }

        int position = HeaderBytes;
        int count = 0;
        while (position < pack.Length - 1)
        {
            long length = CheckedEncodedBytes(pack[position..^1]);
            if (length < 0)
            {
                return false;
            }

            int backward = BackwardBytes((int)length);
            long next = position + length + backward;
            if (next > pack.Length - 1 || !IsBackward(pack[(position + (int)length)..], (int)length, out _))
            {
                return false;
            }

            position = (int)next;
            count++;
        }

        int told = BinaryPrimitives.ReadUInt16LittleEndian(pack[4..]);
        return told == UnknownCount || told == count;
    }

    // Makes room for an element in the place of some old bytes, and keeps the header true.
    private static Span<byte> OpenGap(Span<byte> buffer, int position, int newBytes, int oldBytes, int countChange)
    {
        int total = TotalBytes(buffer);
        buffer[(position + oldBytes)..total].CopyTo(buffer[(position + newBytes)..]);
        BinaryPrimitives.WriteInt32LittleEndian(buffer, total + newBytes - oldBytes);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(buffer[4..]);
        if (count != UnknownCount)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(buffer[4..], (ushort)Math.Min(count + countChange, UnknownCount));
        }

        return buffer.Slice(position, newBytes);
    }

    private static void Write(Span<byte> element, ReadOnlySpan<byte> value)
    {
        int header = StringHeaderBytes(value.Length);
        switch (header)
        {
            case 1:
                element[0] = (byte)(0x80 | value.Length);
                break;
            case 2:
                element[0] = (byte)(0xE0 | (value.Length >> 8));
                element[1] = (byte)value.Length;
                break;
            default:
                element[0] = 0xF0;
                BinaryPrimitives.WriteInt32LittleEndian(element[1..], value.Length);
                break;
        }

        value.CopyTo(element[header..]);
        WriteBackward(element, header + value.Length);
    }

    private static void Write(Span<byte> element, long value)
    {
        int length = EncodedBytes(value);
        switch (length)
        {
            case 1:
                element[0] = (byte)value;
                break;
            case 2:
                element[0] = (byte)(0xC0 | ((value >> 8) & 0x1F));
                element[1] = (byte)value;
                break;
            default:
                element[0] = length switch { 3 => 0xF1, 4 => 0xF2, 5 => 0xF3, _ => 0xF4 };
                for (int i = 1; i < length; i++)
                {
                    element[i] = (byte)(value >> (8 * (i - 1)));
                }

                break;
        }

        WriteBackward(element, length);
    }

    /// <summary>The bytes of an integer's header and data.</summary>
    internal static int EncodedBytes(long value) => value switch
    {
        >= 0 and <= 127 => 1,
        >= -4096 and <= 4095 => 2,
        >= short.MinValue and <= short.MaxValue => 3,
        >= -(1 << 23) and < 1 << 23 => 4,
        >= int.MinValue and <= int.MaxValue => 5,
        _ => 9,
    };

    /// <summary>The bytes of the header of a string of some length.</summary>
    internal static int StringHeaderBytes(int length) => length < 64 ? 1 : length < 4096 ? 2 : 5;

    private static int EncodedBytes(ReadOnlySpan<byte> element) => element[0] switch
    {
        < 0x80 => 1,
        < 0xC0 => 1 + (element[0] & 0x3F),
        < 0xE0 => 2,
        < 0xF0 => 2 + (((element[0] & 0xF) << 8) | element[1]),
        0xF0 => 5 + BinaryPrimitives.ReadInt32LittleEndian(element[1..]),
        0xF1 => 3,
        0xF2 => 4,
        0xF3 => 5,
        _ => 9,
    };

    /// <summary>The bytes of header and data of the element that begins some bytes that may be anything; negative if there is no such encoding, or it goes beyond them.</summary>
    internal static long CheckedEncodedBytes(ReadOnlySpan<byte> element)
    {
        byte first = element[0];
        int header = first switch { < 0xC0 => 1, < 0xF0 => 2, 0xF0 => 5, < 0xF5 => 1, _ => int.MaxValue };
        if (header > element.Length)
        {
            return -1;
        }

        long length = first == 0xF0 ? 5L + BinaryPrimitives.ReadUInt32LittleEndian(element[1..]) : EncodedBytes(element);
        return length <= element.Length ? length : -1;
    }

    /// <summary>Whether bytes begin with the backward length of an element of so many bytes.</summary>
    internal static bool IsBackward(ReadOnlySpan<byte> bytes, int length, out int backwardBytes)
    {
        backwardBytes = BackwardBytes(length);
        return backwardBytes == 1
            ? bytes[0] == length
            : backwardBytes <= bytes.Length && ReadBackward(bytes, backwardBytes - 1, out int read) == length && read == backwardBytes;
    }

    /// <summary>Whether a byte ends a listpack.</summary>
    internal static bool IsEnd(byte last) => last == End;

    /// <summary>The bytes of the backward length of an element.</summary>
    internal static int BackwardBytes(int length) => length <= 127 ? 1 : length < 16383 ? 2 : length < 2097151 ? 3 : length < 268435455 ? 4 : 5;

    private static void WriteBackward(Span<byte> element, int length)
    {
        int bytes = BackwardBytes(length);
        Span<byte> target = element.Slice(length, bytes);
        for (int i = bytes - 1; i >= 0; i--, length >>= 7)
        {
            target[i] = (byte)((length & 127) | (i == 0 ? 0 : 128));
        }
    }

    private static int ReadBackward(ReadOnlySpan<byte> pack, int position, out int bytes)
    {
        long length = 0;
        bytes = 0;
        for (int shift = 0; shift <= 28 && position >= 0; shift += 7, position--)
        {
            byte next = pack[position];
            bytes++;
            length |= (long)(next & 127) << shift;
            if ((next & 128) == 0)
            {
                return length <= int.MaxValue ? (int)length : -1;
            }
        }

        return -1;
    }
}
