namespace ElastiCache.Embedded.Values;

/// <summary>Single bits of a string value, numbered as Redis numbers them.</summary>
/// <remarks>
/// Bit 0 is the most significant bit of byte 0, so a bitmap reads from left to right:
/// <code>
///   byte        0                  1
///   bit    0 1 2 3 4 5 6 7    8 9 10 11 12 13 14 15
///   0x41   0 1 0 0 0 0 0 1
/// </code>
/// </remarks>
internal static class BitOrder
{
    /// <summary>The bit at <paramref name="offset"/>; past the end of the value every bit is 0.</summary>
    public static bool GetBit(ReadOnlySpan<byte> value, long offset)
    {
        long index = offset >> 3;
        return index < value.Length && ((value[(int)index] >> (7 - (int)(offset & 7))) & 1) != 0;
    }

    /// <summary>Sets or clears the bit at <paramref name="offset"/>, which lies in <paramref name="value"/>.</summary>
    /// <returns>The bit as it was before.</returns>
    public static bool SetBit(Span<byte> value, long offset, bool bit)
    {
        ref byte target = ref value[checked((int)(offset >> 3))];
        byte mask = (byte)(0x80 >> (int)(offset & 7));
        bool before = (target & mask) != 0;
        target = (byte)(bit ? target | mask : target & ~mask);
        return before;
    }

    /// <summary>Bytes that a value needs so that it has a bit at <paramref name="offset"/>.</summary>
    public static long BytesToHold(long offset) => (offset >> 3) + 1;

    /// <summary>The mask of the bits of a byte from <paramref name="bit"/> (0..7) on: 2 gives 0011_1111.</summary>
    internal static byte From(int bit) => (byte)(0xFF >> bit);

    /// <summary>The mask of the bits of a byte up to and including <paramref name="bit"/> (0..7): 2 gives 1110_0000.</summary>
    internal static byte UpTo(int bit) => (byte)(0xFF << (7 - bit));
}
