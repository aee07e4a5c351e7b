using System.Numerics;

namespace ElastiCache.Embedded.Values;

/// <summary>Where the first bit that is 0, or that is 1, lies: BITPOS.</summary>
/// <remarks>
/// A value is thought to be followed by zeros without end. So the first 0 of <c>FF FF</c> is bit 16, just past the value;
/// but a caller who names an end asks about that range alone, and then the answer is −1. An empty range, which the whole of an
/// empty value is too, has neither a 0 nor a 1: −1. A key that does not exist is no empty value: it has a 0 at bit 0, and its
/// caller has to know that (<see cref="OfMissingKey"/>).
/// </remarks>
internal static class BitPosition
{
    /// <summary>The answer where no bit was found.</summary>
    public const long NotFound = -1;

    /// <summary>The answer for a key that does not exist.</summary>
    public static long OfMissingKey(bool bit) => bit ? NotFound : 0;

    /// <summary>The first bit that equals <paramref name="bit"/> from <paramref name="start"/> to the end of the value. O(n).</summary>
    /// <param name="value">The value.</param>
    /// <param name="bit">True to look for a 1, false for a 0.</param>
    /// <param name="start">The first byte to look at; negative counts from the end.</param>
    /// <returns>The number of the bit in the whole value; of the bit past its end where there are only ones; or −1.</returns>
    public static long Of(ReadOnlySpan<byte> value, bool bit, long start = 0)
    {
        if (!RangeIndex.TryResolveEachIndex(start, -1, value.Length, out long offset, out _))
        {
            return NotFound;
        }

        long position = InBytes(value, bit, (int)offset);
        return position == NotFound && !bit ? 8L * value.Length : position;
    }

    /// <summary>As <see cref="Of(ReadOnlySpan{byte}, bool, long)"/>, in the range alone.</summary>
    public static long Of(ReadOnlySpan<byte> value, bool bit, long start, long end, BitRangeUnit unit)
    {
        long length = unit == BitRangeUnit.Bit ? 8L * value.Length : value.Length;
        if (!RangeIndex.TryResolveEachIndex(start, end, length, out long offset, out long count))
        {
            return NotFound;
        }

        return unit == BitRangeUnit.Byte
            ? InBytes(value[..(int)(offset + count)], bit, (int)offset)
            : InBits(value, bit, offset, offset + count - 1);
    }

    private static long InBits(ReadOnlySpan<byte> value, bool bit, long first, long last)
    {
        int firstByte = (int)(first >> 3), lastByte = (int)(last >> 3);

        // The first byte alone, with the bits before the range made uninteresting; the rest is a search in whole bytes whose
        // answer only has to be compared with the last bit of the range.
        int wanted = (bit ? value[firstByte] : ~value[firstByte]) & BitOrder.From((int)(first & 7));
        long position = wanted != 0
            ? (8L * firstByte) + FirstOneOf((byte)wanted)
            : InBytes(value[..(lastByte + 1)], bit, firstByte + 1);
        return position <= last ? position : NotFound;
    }

    private static long InBytes(ReadOnlySpan<byte> value, bool bit, int firstByte)
    {
        byte boring = bit ? (byte)0x00 : (byte)0xFF;
        int found = value[firstByte..].IndexOfAnyExcept(boring);
        if (found < 0)
        {
            return NotFound;
        }

        int index = firstByte + found;
        return (8L * index) + FirstOneOf((byte)(value[index] ^ boring));
    }

    private static int FirstOneOf(byte notZero) => BitOperations.LeadingZeroCount((uint)notZero) - 24;
}
