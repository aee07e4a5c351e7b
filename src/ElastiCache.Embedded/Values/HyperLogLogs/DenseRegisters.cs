namespace ElastiCache.Embedded.Values;

/// <summary>Registers of six bits, one after the other.</summary>
/// <remarks>
/// The lowest bits come first, so four registers are three bytes read as a little-endian number:
/// <code>
///   byte      0          1          2
///          bbaaaaaa   ccccbbbb   ddddddcc        registers a, b, c, d
/// </code>
/// </remarks>
internal static class DenseRegisters
{
    /// <summary>Length of all registers.</summary>
    public const int Bytes = HyperLogLogFormat.Registers * Bits / 8;

    private const int Bits = 6;
    private const int Mask = (1 << Bits) - 1;

    // Four registers in three bytes.
    private const int GroupRegisters = 4;
    private const int GroupBytes = 3;

    /// <summary>Reads a register.</summary>
    public static int Get(ReadOnlySpan<byte> registers, int register)
    {
        int at = register / GroupRegisters * GroupBytes;
        return (Group(registers, at) >> (register % GroupRegisters * Bits)) & Mask;
    }

    /// <summary>Raises a register to a rank.</summary>
    /// <returns>False if it holds that much already.</returns>
    public static bool TryRaise(Span<byte> registers, int register, int rank)
    {
        int at = register / GroupRegisters * GroupBytes;
        int shift = register % GroupRegisters * Bits;
        int group = Group(registers, at);
        if (((group >> shift) & Mask) >= rank)
        {
            return false;
        }

        group = (group & ~(Mask << shift)) | (rank << shift);
        registers[at] = (byte)group;
        registers[at + 1] = (byte)(group >> 8);
        registers[at + 2] = (byte)(group >> 16);
        return true;
    }

    /// <summary>Counts how many registers hold each rank.</summary>
    public static void CountRanks(ReadOnlySpan<byte> registers, Span<int> ranks)
    {
        // Four tables, because most registers hold one of few ranks: an addition would wait for the one before.
        Span<int> tables = stackalloc int[4 * (Mask + 1)];
        tables.Clear();
        Span<int> first = tables[..64], second = tables[64..128], third = tables[128..192], fourth = tables[192..];
        for (int at = 0; at < Bytes; at += GroupBytes)
        {
            int group = Group(registers, at);
            first[group & Mask]++;
            second[(group >> Bits) & Mask]++;
            third[(group >> (2 * Bits)) & Mask]++;
            fourth[group >> (3 * Bits)]++;
        }

        for (int rank = 0; rank < ranks.Length; rank++)
        {
            ranks[rank] += first[rank] + second[rank] + third[rank] + fourth[rank];
        }
    }

    /// <summary>Raises ranks, a byte each, to those of the registers.</summary>
    public static void MergeInto(ReadOnlySpan<byte> registers, Span<byte> ranks)
    {
        for (int at = 0; at < Bytes; at += GroupBytes, ranks = ranks[GroupRegisters..])
        {
            int group = Group(registers, at);
            Span<byte> four = ranks[..GroupRegisters];
            Raise(ref four[0], group & Mask);
            Raise(ref four[1], (group >> Bits) & Mask);
            Raise(ref four[2], (group >> (2 * Bits)) & Mask);
            Raise(ref four[3], group >> (3 * Bits));
        }
    }

    private static void Raise(ref byte rank, int to) => rank = (byte)Math.Max(rank, to);

    private static int Group(ReadOnlySpan<byte> registers, int at) => registers[at] | (registers[at + 1] << 8) | (registers[at + 2] << 16);
}
