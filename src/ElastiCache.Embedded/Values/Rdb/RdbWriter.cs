using System.Buffers;
using System.Buffers.Binary;

namespace ElastiCache.Embedded.Values;

/// <summary>Writes what RDB values are made of; the forms stand in <see cref="RdbReader"/>.</summary>
/// <param name="output">Where to.</param>
/// <param name="compresses">Whether strings of more than 20 bytes are compressed where that makes them shorter: Redis's rdbcompression.</param>
internal readonly struct RdbWriter(IBufferWriter<byte> output, bool compresses)
{
    // Shorter ones are rarely worth it; Redis's numbers.
    private const int LeastCompressed = 21;
    private const int LeastSaved = 4;
    private const int MostNumberBytes = 9;

    // Text that may be a number of 32 bits.
    private const int MostIntegerText = 11;

    public void Byte(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    /// <summary>Writes a length, or a number like one.</summary>
    public void Number(ulong number) => output.Advance(Write(number, output.GetSpan(MostNumberBytes)));

    /// <summary>Writes a string in its shortest form.</summary>
    public void String(ReadOnlySpan<byte> text)
    {
        if (text.Length <= MostIntegerText && DecimalNumber.IsCanonical(text) && DecimalNumber.TryParse(text, out long number) && TryInteger(number))
        {
            return;
        }

        if (!compresses || text.Length < LeastCompressed || !TryCompressed(text))
        {
            Number((ulong)text.Length);
            output.Write(text);
        }
    }

    /// <summary>Writes bytes as they are.</summary>
    public void Raw(ReadOnlySpan<byte> bytes) => output.Write(bytes);

    public void Double(double number)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(output.GetSpan(sizeof(double)), number);
        output.Advance(sizeof(double));
    }

    /// <summary>Writes a time in Unix ms.</summary>
    public void Time(long unixMs)
    {
        BinaryPrimitives.WriteInt64LittleEndian(output.GetSpan(sizeof(long)), unixMs);
        output.Advance(sizeof(long));
    }

    /// <summary>Writes an ID as 16 bytes.</summary>
    public void Id(StreamId id)
    {
        Span<byte> span = output.GetSpan(16);
        BinaryPrimitives.WriteUInt64BigEndian(span, id.Milliseconds);
        BinaryPrimitives.WriteUInt64BigEndian(span[8..], id.Sequence);
        output.Advance(16);
    }

    /// <summary>Writes an ID as two numbers.</summary>
    public void IdNumbers(StreamId id)
    {
        Number(id.Milliseconds);
        Number(id.Sequence);
    }

    private bool TryInteger(long number)
    {
        Span<byte> span = output.GetSpan(5);
        if (number == (sbyte)number)
        {
            span[0] = 0xC0;
            span[1] = (byte)number;
            output.Advance(2);
            return true;
        }

        if (number == (short)number)
        {
            span[0] = 0xC1;
            BinaryPrimitives.WriteInt16LittleEndian(span[1..], (short)number);
            output.Advance(3);
            return true;
        }

        if (number != (int)number)
        {
            return false;
        }

        span[0] = 0xC2;
        BinaryPrimitives.WriteInt32LittleEndian(span[1..], (int)number);
        output.Advance(5);
        return true;
    }

    // In the output itself, behind room for the head, of which the first length may take less than was thought.
    private bool TryCompressed(ReadOnlySpan<byte> text)
    {
        int most = text.Length - LeastSaved;
        int head = 1 + NumberBytes(most) + NumberBytes(text.Length);
        Span<byte> span = output.GetSpan(head + most);
        int length = Lzf.Compress(text, span.Slice(head, most));
        if (length == 0)
        {
            return false;
        }

        span[0] = 0xC3;
        int used = 1 + NumberBytes(length) + NumberBytes(text.Length);
        if (used < head)
        {
            span.Slice(head, length).CopyTo(span[used..]);
        }

        Write((ulong)text.Length, span[(1 + Write((ulong)length, span[1..]))..]);
        output.Advance(used + length);
        return true;
    }

    private static int NumberBytes(int number) => number < 1 << 6 ? 1 : number < 1 << 14 ? 2 : 5;

    private static int Write(ulong number, Span<byte> span)
    {
        switch (number)
        {
            case < 1 << 6:
                span[0] = (byte)number;
                return 1;
            case < 1 << 14:
                BinaryPrimitives.WriteUInt16BigEndian(span, (ushort)(number | 0x4000));
                return 2;
            case <= uint.MaxValue:
                span[0] = 0x80;
                BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)number);
                return 5;
            default:
                span[0] = 0x81;
                BinaryPrimitives.WriteUInt64BigEndian(span[1..], number);
                return MostNumberBytes;
        }
    }
}
