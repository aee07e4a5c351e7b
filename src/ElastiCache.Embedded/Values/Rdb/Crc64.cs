using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ElastiCache.Embedded.Values;

/// <summary>The checksum of Redis's files: a CRC of 64 bits over the polynomial AD93D23594C935A9 (Jones), reflected, begun with 0.</summary>
/// <remarks>
/// Where there is a carry-less multiplication, 64 bytes a step (Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009): the
/// 16 bytes A·x^64 + B that come D bits before others may be replaced by A·(x^(D+64) mod P) + B·(x^D mod P), added to those others. What is left in the end, 16 bytes, goes the
/// other way: eight bytes a step by eight tables of 2 KB (Intel's "slicing by 8", Kounavis and Berry 2005). The paper's reduction of the last 16 bytes would save ten
/// nanoseconds a call. The check value of <c>123456789</c> is E9C6D914C4B8D9CA.
/// </remarks>
internal static class Crc64
{
    private const ulong Reflected = 0x95AC9329AC4BC9B5;
    private const int Slices = 8;

    private const int FoldedBytes = 64;

    private static readonly ulong[] Table = MakeTable();

    // The product of two reflected numbers of 64 bits lies one bit too low in its 128, hence the 1.
    private static readonly Vector128<ulong> By512Bits = Vector128.Create(PowerOfX(512 + 64 - 1), PowerOfX(512 - 1));
    private static readonly Vector128<ulong> By128Bits = Vector128.Create(PowerOfX(128 + 64 - 1), PowerOfX(128 - 1));

    /// <summary>Goes on with a checksum.</summary>
    /// <param name="crc">The checksum of what came before; 0 at the beginning.</param>
    /// <param name="bytes">What follows.</param>
    public static ulong Append(ulong crc, ReadOnlySpan<byte> bytes)
    {
        if (Pclmulqdq.IsSupported && bytes.Length >= 2 * FoldedBytes)
        {
            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes[..(bytes.Length & -FoldedBytes)]);
            bytes = bytes[(bytes.Length & -FoldedBytes)..];
            Span<byte> left = stackalloc byte[Vector128<byte>.Count];
            Fold(crc, words).AsByte().CopyTo(left);
            crc = BySlices(0, left);
        }

        return BySlices(crc, bytes);
    }

    /// <summary>As <see cref="Append"/>, without the processor's help.</summary>
    internal static ulong BySlices(ulong crc, ReadOnlySpan<byte> bytes)
    {
        ulong[] table = Table;
        while (bytes.Length >= Slices)
        {
            crc ^= BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            crc = table[(7 << 8) + (byte)crc]
                ^ table[(6 << 8) + (byte)(crc >> 8)]
                ^ table[(5 << 8) + (byte)(crc >> 16)]
                ^ table[(4 << 8) + (byte)(crc >> 24)]
                ^ table[(3 << 8) + (byte)(crc >> 32)]
                ^ table[(2 << 8) + (byte)(crc >> 40)]
                ^ table[(1 << 8) + (byte)(crc >> 48)]
                ^ table[crc >> 56];
            bytes = bytes[Slices..];
        }

        foreach (byte next in bytes)
        {
            crc = table[(byte)(crc ^ next)] ^ (crc >> 8);
        }

        return crc;
    }

    // 16 bytes with the checksum of all words, of which there are at least 16, a multiple of 8.
    private static Vector128<ulong> Fold(ulong crc, ReadOnlySpan<ulong> words)
    {
        Vector128<ulong> first = Vector128.Create(words) ^ Vector128.CreateScalar(crc);
        Vector128<ulong> second = Vector128.Create(words[2..]);
        Vector128<ulong> third = Vector128.Create(words[4..]);
        Vector128<ulong> fourth = Vector128.Create(words[6..]);
        for (words = words[8..]; words.Length >= 8; words = words[8..])
        {
            first = Moved(first, By512Bits) ^ Vector128.Create(words);
            second = Moved(second, By512Bits) ^ Vector128.Create(words[2..]);
            third = Moved(third, By512Bits) ^ Vector128.Create(words[4..]);
            fourth = Moved(fourth, By512Bits) ^ Vector128.Create(words[6..]);
        }

        second ^= Moved(first, By128Bits);
        third ^= Moved(second, By128Bits);
        return fourth ^ Moved(third, By128Bits);
    }

    private static Vector128<ulong> Moved(Vector128<ulong> value, Vector128<ulong> powers) =>
        Pclmulqdq.CarrylessMultiply(value, powers, 0x00) ^ Pclmulqdq.CarrylessMultiply(value, powers, 0x11);

    // x^exponent modulo the polynomial, reflected.
    private static ulong PowerOfX(int exponent)
    {
        ulong power = 1UL << 63;
        for (; exponent > 0; exponent--)
        {
            power = (power >> 1) ^ (Reflected & (0 - (power & 1)));
        }

        return power;
    }

    // Row n holds what a byte does to the checksum n bytes later.
    private static ulong[] MakeTable()
    {
        ulong[] table = new ulong[Slices << 8];
        for (int i = 0; i < 256; i++)
        {
            ulong crc = (ulong)i;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (Reflected & (0 - (crc & 1)));
            }

            table[i] = crc;
        }

        for (int i = 256; i < table.Length; i++)
        {
            ulong before = table[i - 256];
            table[i] = table[(byte)before] ^ (before >> 8);
        }

        return table;
    }
}
