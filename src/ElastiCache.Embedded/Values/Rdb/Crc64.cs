using System.Buffers.Binary;

namespace ElastiCache.Embedded.Values;

/// <summary>The checksum of Redis's files: a CRC of 64 bits over the polynomial AD93D23594C935A9 (Jones), reflected, begun with 0.</summary>
/// <remarks>
/// Eight bytes a step by eight tables of 2 KB (Intel's "slicing by 8", Kounavis and Berry 2005). The check value of <c>123456789</c> is E9C6D914C4B8D9CA.
/// </remarks>
internal static class Crc64
{
    private const ulong Reflected = 0x95AC9329AC4BC9B5;
    private const int Slices = 8;

    private static readonly ulong[] Table = MakeTable();

    /// <summary>Goes on with a checksum.</summary>
    /// <param name="crc">The checksum of what came before; 0 at the beginning.</param>
    /// <param name="bytes">What follows.</param>
    public static ulong Append(ulong crc, ReadOnlySpan<byte> bytes)
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
