using System.Buffers.Binary;

namespace ElastiCache.Embedded.Values;

/// <summary>Integers of 1 to 64 bits anywhere in a string of bits: BITFIELD.</summary>
/// <remarks>
/// A field of 64 bits that begins in the middle of a byte touches nine bytes, so everything works on a window of nine: eight
/// bytes as one big-endian word and the ninth by itself. A field of 12 bits at offset 5:
/// <code>
///   byte      0        1        2     …    8
///          .....FFF FFFFFFFF F.......      ........
///          [        the word            ] [ ninth ]
///   word &lt;&lt; 5 | ninth &gt;&gt; 3  puts the field at the top;  &gt;&gt; (64 − 12)  brings it down
/// </code>
/// Before the first step Redis grows the value to hold the highest field that any step may write
/// (<see cref="BytesToHold"/>), even if that step then fails by OVERFLOW FAIL.
/// </remarks>
internal static class BitField
{
    private const int WindowBytes = 9;

    /// <summary>Bytes that the value needs before the steps are applied; 0 when all of them only read.</summary>
    public static long BytesToHold(ReadOnlySpan<BitFieldOperation> operations)
    {
        long bytes = 0;
        foreach (ref readonly BitFieldOperation operation in operations)
        {
            if (operation.IsWrite)
            {
                bytes = Math.Max(bytes, BitOrder.BytesToHold(operation.Offset + operation.Bits - 1));
            }
        }

        return bytes;
    }

    /// <summary>The number in a field; bits past the end of the value are 0.</summary>
    public static long Read(ReadOnlySpan<byte> value, bool isSigned, int bits, long offset)
    {
        ulong window = ReadWindow(value, offset, out byte ninth);
        int shift = (int)(offset & 7);
        ulong field = (window << shift) | ((uint)ninth >> (8 - shift));
        return isSigned ? (long)field >> (64 - bits) : (long)(field >> (64 - bits));
    }

    /// <summary>Stores the lowest <paramref name="bits"/> bits of a number in a field, all of which lies in the value.</summary>
    public static void Write(Span<byte> value, int bits, long offset, long number)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + bits, 8L * value.Length, nameof(offset));

        ulong window = ReadWindow(value, offset, out byte ninth);
        int shift = (int)(offset & 7);
        ulong field = (ulong)number << (64 - bits);
        ulong mask = ulong.MaxValue << (64 - bits);

        // Shifted by 8 − shift, the lowest byte is what the word loses when it is shifted right by shift.
        window = (window & ~(mask >> shift)) | (field >> shift);
        ninth = (byte)((ninth & ~(byte)(mask << (8 - shift))) | (byte)(field << (8 - shift)));

        Span<byte> bytes = stackalloc byte[WindowBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, window);
        bytes[WindowBytes - 1] = ninth;
        Span<byte> target = value[(int)(offset >> 3)..];
        bytes[..Math.Min(WindowBytes, target.Length)].CopyTo(target);
    }

    /// <summary>Does one step on a value that was grown by <see cref="BytesToHold"/>.</summary>
    /// <param name="operation">The step.</param>
    /// <param name="value">The value; only a write changes it.</param>
    /// <param name="answer">The number that Redis answers for this step.</param>
    /// <returns>False when the number did not fit and the step says FAIL: nothing was written, the answer is null.</returns>
    public static bool TryApply(in BitFieldOperation operation, Span<byte> value, out long answer)
    {
        long before = Read(value, operation.IsSigned, operation.Bits, operation.Offset);
        answer = before;
        if (!operation.IsWrite)
        {
            return true;
        }

        bool adds = operation.Action == BitFieldAction.IncrementBy;
        Int128 wanted = adds ? (Int128)before + operation.Argument : operation.Argument;
        if (!adds && !operation.IsSigned)
        {
            // Redis takes the number of an unsigned SET as unsigned: with OVERFLOW SAT, SET u8 −1 stores 255, not 0.
            wanted = (ulong)operation.Argument;
        }

        if (!TryFit(operation, wanted, out long after))
        {
            answer = 0;
            return false;
        }

        Write(value, operation.Bits, operation.Offset, after);
        answer = adds ? after : before;
        return true;
    }

    private static bool TryFit(in BitFieldOperation operation, Int128 wanted, out long fitting)
    {
        long max = long.MaxValue >> ((operation.IsSigned ? 64 : 63) - operation.Bits);
        long min = operation.IsSigned ? ~max : 0;
        if (wanted >= min && wanted <= max)
        {
            fitting = (long)wanted;
            return true;
        }

        switch (operation.Overflow)
        {
            case BitFieldOverflow.Saturate:
                // A SET so negative that max − number exceeds 64 bits saturates upward in Redis, whose check overflows there:
                // SET i8 of the least long stores 127. Only numbers near −2^63, or i61 to i63, come near; we store what Redis does.
                bool overflowsCheck = operation.IsSigned && operation.Bits < 64 && max - wanted > long.MaxValue && operation.Action == BitFieldAction.Set;
                fitting = wanted > max || overflowsCheck ? max : min;
                return true;
            case BitFieldOverflow.Fail:
                fitting = 0;
                return false;
            default:
                int unused = 64 - operation.Bits;
                ulong top = (ulong)wanted << unused;
                fitting = operation.IsSigned ? (long)top >> unused : (long)(top >> unused);
                return true;
        }
    }

    private static ulong ReadWindow(ReadOnlySpan<byte> value, long offset, out byte ninth)
    {
        long first = offset >> 3;
        if (first + WindowBytes <= value.Length)
        {
            ninth = value[(int)first + WindowBytes - 1];
            return BinaryPrimitives.ReadUInt64BigEndian(value[(int)first..]);
        }

        Span<byte> bytes = stackalloc byte[WindowBytes];
        bytes.Clear();
        if (first < value.Length)
        {
            value[(int)first..].CopyTo(bytes);
        }

        ninth = bytes[WindowBytes - 1];
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
