using System.Numerics;
using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Values;

/// <summary>How many bits of a value are 1: BITCOUNT.</summary>
internal static class BitCount
{
    /// <summary>The bits that are 1 in the whole value. O(n).</summary>
    public static long Of(ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(value);
        ReadOnlySpan<byte> tail = value[(words.Length * sizeof(ulong))..];

        // Four sums, because one POPCNT a cycle is possible only when no addition waits for the one before.
        long first = 0, second = 0, third = 0, fourth = 0;
        while (words.Length >= 4)
        {
            first += BitOperations.PopCount(words[0]);
            second += BitOperations.PopCount(words[1]);
            third += BitOperations.PopCount(words[2]);
            fourth += BitOperations.PopCount(words[3]);
            words = words[4..];
        }

        foreach (ulong word in words)
        {
            first += BitOperations.PopCount(word);
        }

        foreach (byte last in tail)
        {
            second += BitOperations.PopCount(last);
        }

        return first + second + third + fourth;
    }

    /// <summary>The bits that are 1 from <paramref name="start"/> to <paramref name="end"/>, both inclusive, negative from the end.</summary>
    public static long Of(ReadOnlySpan<byte> value, long start, long end, BitRangeUnit unit)
    {
        long length = unit == BitRangeUnit.Bit ? 8L * value.Length : value.Length;
        if (!RangeIndex.TryResolve(start, end, length, out long offset, out long count))
        {
            return 0;
        }

        if (unit == BitRangeUnit.Byte)
        {
            return Of(value.Slice((int)offset, (int)count));
        }

        long last = offset + count - 1;
        int firstByte = (int)(offset >> 3), lastByte = (int)(last >> 3);
        int before = value[firstByte] & ~BitOrder.From((int)(offset & 7));
        int after = value[lastByte] & ~BitOrder.UpTo((int)(last & 7));
        return Of(value[firstByte..(lastByte + 1)]) - BitOperations.PopCount((uint)before) - BitOperations.PopCount((uint)(byte)after);
    }
}
