using System.Diagnostics;

namespace ElastiCache.Embedded.Values;

/// <summary>A run of registers that hold the same rank, and where it is written.</summary>
/// <param name="At">Where the opcode begins.</param>
/// <param name="Bytes">Its length: 1, or 2 for a long run of zeros.</param>
/// <param name="Length">The registers in the run, at least 1.</param>
/// <param name="Rank">What they hold.</param>
internal readonly record struct SparseRun(int At, int Bytes, int Length, int Rank)
{
    public int End => At + Bytes;
}

/// <summary>Registers as runs of equal ranks: some dozens of bytes while few elements have been seen.</summary>
/// <remarks>
/// <code>
///   00nnnnnn            ZERO    n + 1 registers hold 0         1 to 64
///   01nnnnnn nnnnnnnn   XZERO   n + 1 registers hold 0         1 to 16384, high bits first
///   1rrrrrnn            VAL     n + 1 registers hold r + 1     1 to 4, ranks 1 to 32
///
///   7F FF               nothing seen: 16384 zeros
///   53 E7 84 6C 16      5096 zeros, a register with 2, 11287 zeros
/// </code>
/// The runs must cover all registers. Raising one splits its run into up to three; equal neighbours are joined again, but only those around
/// the place that changed. What joins when is Redis's rule, or values would not be the same byte by byte.
/// </remarks>
internal static class SparseRegisters
{
    /// <summary>The highest rank that a run can hold; a greater one turns the value dense.</summary>
    public const int MaxRank = 32;

    private const int MaxShortZeros = 64;
    private const int MaxRunOfRank = 4;

    // A run of rank 1..32 joins with the next one from the run before the change on, and no further than this.
    private const int RunsLookedAt = 5;

    // ZERO or XZERO, VAL, ZERO or XZERO
    private const int MaxSplitBytes = 5;

    /// <summary>Writes registers that are all 0.</summary>
    /// <returns>The bytes written.</returns>
    public static int WriteZeros(Span<byte> destination) => WriteRun(destination, HyperLogLogFormat.Registers, 0);

    /// <summary>Reads the run that begins at a byte.</summary>
    /// <returns>False at the end, and where the second byte of a run is missing.</returns>
    public static bool TryReadRun(ReadOnlySpan<byte> registers, int at, out SparseRun run)
    {
        run = default;
        if (at >= registers.Length)
        {
            return false;
        }

        int opcode = registers[at];
        if ((opcode & 0x80) != 0)
        {
            run = new SparseRun(at, 1, (opcode & 0x03) + 1, ((opcode >> 2) & 0x1F) + 1);
        }
        else if ((opcode & 0x40) == 0)
        {
            run = new SparseRun(at, 1, (opcode & 0x3F) + 1, 0);
        }
        else if (at + 1 < registers.Length)
        {
            run = new SparseRun(at, 2, (((opcode & 0x3F) << 8) | registers[at + 1]) + 1, 0);
        }

        return run.Length != 0;
    }

    /// <summary>Raises a register to a rank.</summary>
    /// <param name="buffer">The value and room after it.</param>
    /// <param name="length">Length of the value in the buffer.</param>
    /// <param name="mostBytes">How long a value may grow, if the buffer has that much room.</param>
    /// <param name="register">0 to 16383.</param>
    /// <param name="rank">1 to <see cref="MaxRank"/>.</param>
    public static SparseRaise Raise(Span<byte> buffer, ref int length, int mostBytes, int register, int rank)
    {
        Debug.Assert(rank is > 0 and <= MaxRank, "A greater rank turns the value dense.");
        ReadOnlySpan<byte> registers = buffer[HyperLogLogFormat.HeaderBytes..length];
        if (!TryFind(registers, register, out SparseRun run, out int firstRegister, out int lookFrom))
        {
            return SparseRaise.Corrupt;
        }

        if (run.Rank >= rank)
        {
            return SparseRaise.Unchanged;
        }

        Span<byte> split = stackalloc byte[MaxSplitBytes];
        int splitBytes = WriteRun(split, register - firstRegister, run.Rank);
        splitBytes += WriteRun(split[splitBytes..], 1, rank);
        splitBytes += WriteRun(split[splitBytes..], firstRegister + run.Length - 1 - register, run.Rank);

        int growth = splitBytes - run.Bytes;
        if (growth > 0 && length + growth > Math.Min(mostBytes, buffer.Length))
        {
            return SparseRaise.TooLong;
        }

        Span<byte> room = buffer[HyperLogLogFormat.HeaderBytes..];
        registers[run.End..].CopyTo(room[(run.End + growth)..]);
        split[..splitBytes].CopyTo(room[run.At..]);
        length += growth;
        length -= JoinEqualRuns(buffer[HyperLogLogFormat.HeaderBytes..length], lookFrom);
        return SparseRaise.Changed;
    }

    /// <summary>Counts how many registers hold each rank.</summary>
    /// <returns>False if the runs do not cover the registers exactly.</returns>
    public static bool TryCountRanks(ReadOnlySpan<byte> registers, Span<int> ranks)
    {
        int covered = 0, at = 0;
        while (covered <= HyperLogLogFormat.Registers && TryReadRun(registers, at, out SparseRun run))
        {
            ranks[run.Rank] += run.Length;
            covered += run.Length;
            at = run.End;
        }

        return covered == HyperLogLogFormat.Registers && at == registers.Length;
    }

    /// <summary>Raises ranks, a byte each, to those of the registers.</summary>
    /// <returns>False if the runs do not cover the registers exactly.</returns>
    public static bool TryMergeInto(ReadOnlySpan<byte> registers, Span<byte> ranks)
    {
        int covered = 0, at = 0;
        while (TryReadRun(registers, at, out SparseRun run) && run.Length <= HyperLogLogFormat.Registers - covered)
        {
            if (run.Rank != 0)
            {
                foreach (ref byte rank in ranks.Slice(covered, run.Length))
                {
                    rank = (byte)Math.Max(rank, run.Rank);
                }
            }

            covered += run.Length;
            at = run.End;
        }

        return covered == HyperLogLogFormat.Registers && at == registers.Length;
    }

    /// <summary>Finds the run of a register.</summary>
    /// <param name="registers">All runs.</param>
    /// <param name="register">0 to 16383.</param>
    /// <param name="run">Its run.</param>
    /// <param name="firstRegister">The first register of the run.</param>
    /// <param name="lookFrom">Where the run before begins; the run itself if it is the first.</param>
    private static bool TryFind(ReadOnlySpan<byte> registers, int register, out SparseRun run, out int firstRegister, out int lookFrom)
    {
        firstRegister = 0;
        lookFrom = 0;
        int at = 0;
        while (TryReadRun(registers, at, out run))
        {
            if (register < firstRegister + run.Length)
            {
                return true;
            }

            firstRegister += run.Length;
            lookFrom = at;
            at = run.End;
        }

        return false;
    }

    private static int JoinEqualRuns(Span<byte> registers, int from)
    {
        int length = registers.Length;
        int at = from;
        for (int i = 0; i < RunsLookedAt && TryReadRun(registers[..length], at, out SparseRun run); i++)
        {
            if (run.Rank == 0
                || !TryReadRun(registers[..length], run.End, out SparseRun next)
                || next.Rank != run.Rank
                || run.Length + next.Length > MaxRunOfRank)
            {
                at = run.End;
                continue;
            }

            // The joined run stays at this place: the one after it may join as well.
            registers[next.At..length].CopyTo(registers[run.At..]);
            WriteRun(registers[run.At..], run.Length + next.Length, run.Rank);
            length--;
        }

        return registers.Length - length;
    }

    private static int WriteRun(Span<byte> destination, int length, int rank)
    {
        if (length == 0)
        {
            return 0;
        }

        if (rank != 0)
        {
            destination[0] = (byte)(0x80 | ((rank - 1) << 2) | (length - 1));
            return 1;
        }

        if (length <= MaxShortZeros)
        {
            destination[0] = (byte)(length - 1);
            return 1;
        }

        destination[0] = (byte)(0x40 | ((length - 1) >> 8));
        destination[1] = (byte)(length - 1);
        return 2;
    }
}
