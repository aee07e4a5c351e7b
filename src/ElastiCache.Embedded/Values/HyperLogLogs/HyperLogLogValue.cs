using System.Buffers;
using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.Values;

/// <summary>What can be done with a HyperLogLog's bytes; see <see cref="HyperLogLogFormat"/> for how they lie.</summary>
/// <remarks>
/// A value begins sparse and turns dense, for good, when it would exceed a limit (<c>hll-sparse-max-bytes</c>, 3000 unless configured) or
/// sees a rank above <see cref="SparseRegisters.MaxRank"/>. What changes a value takes a buffer of <see cref="BufferBytes"/> with the value at its beginning, so
/// that it can turn dense in place. Every value must be <see cref="HyperLogLogFormat.IsValid"/>. False where a method tries to do something
/// means: Redis answers <c>INVALIDOBJ Corrupted HLL object detected</c>; then the buffer's contents are worthless.
/// </remarks>
internal static class HyperLogLogValue
{
    /// <summary>Length of a value that has counted nothing.</summary>
    public const int EmptyBytes = HyperLogLogFormat.HeaderBytes + 2;

    /// <summary>The buffer that a change of a value of this length needs.</summary>
    public static int BufferBytes(int length) => Math.Max(length, HyperLogLogFormat.LongestSparseBytes);

    /// <summary>Writes a value that has counted nothing.</summary>
    /// <returns>Its length.</returns>
    public static int WriteEmpty(Span<byte> buffer)
    {
        HyperLogLogFormat.WriteHeader(buffer);
        return HyperLogLogFormat.HeaderBytes + SparseRegisters.WriteZeros(buffer[HyperLogLogFormat.HeaderBytes..]);
    }

    /// <summary>Counts an element; see the type for the buffer. The caller marks the stored count out of date when anything has changed.</summary>
    /// <param name="buffer">The value and room after it.</param>
    /// <param name="length">The value's length.</param>
    /// <param name="mostSparseBytes">The limit for sparse values.</param>
    /// <param name="element">Any bytes, none too.</param>
    /// <param name="changed">Whether a register was raised: the estimate may have changed.</param>
    public static bool TryAdd(Span<byte> buffer, ref int length, int mostSparseBytes, ReadOnlySpan<byte> element, out bool changed)
    {
        (int register, int rank) = ElementHash.Locate(element);
        return TryRaise(buffer, ref length, mostSparseBytes, register, rank, out changed);
    }

    /// <summary>Whether an element would change a dense value.</summary>
    public static bool WouldChangeDense(ReadOnlySpan<byte> value, ReadOnlySpan<byte> element)
    {
        (int register, int rank) = ElementHash.Locate(element);
        return DenseRegisters.Get(HyperLogLogFormat.RegistersOf(value), register) < rank;
    }

    /// <summary>Counts an element in a dense value, which stays where it is.</summary>
    /// <returns>Whether a register was raised.</returns>
    public static bool AddToDense(Span<byte> value, ReadOnlySpan<byte> element)
    {
        (int register, int rank) = ElementHash.Locate(element);
        return DenseRegisters.TryRaise(HyperLogLogFormat.RegistersOf(value), register, rank);
    }

    /// <summary>Estimates from the registers how many different elements were added, whatever count is stored.</summary>
    public static bool TryCount(ReadOnlySpan<byte> value, out long count)
    {
        Span<int> ranks = stackalloc int[64];
        ranks.Clear();
        ReadOnlySpan<byte> registers = HyperLogLogFormat.RegistersOf(value);
        bool isWhole = true;
        if (HyperLogLogFormat.IsDense(value))
        {
            DenseRegisters.CountRanks(registers, ranks);
        }
        else
        {
            isWhole = SparseRegisters.TryCountRanks(registers, ranks);
        }

        count = isWhole ? CardinalityEstimate.Of(ranks) : 0;
        return isWhole;
    }

    /// <summary>Estimates a union; see <see cref="TryMergeInto"/>.</summary>
    public static long Count(ReadOnlySpan<byte> union)
    {
        Span<int> ranks = stackalloc int[64];
        ranks.Clear();
        foreach (byte rank in union)
        {
            ranks[rank]++;
        }

        return CardinalityEstimate.Of(ranks);
    }

    /// <summary>Adds what a value has seen to a union.</summary>
    /// <param name="value">The value.</param>
    /// <param name="union">A byte a register: <see cref="HyperLogLogFormat.Registers"/>; zeros to begin with.</param>
    public static bool TryMergeInto(ReadOnlySpan<byte> value, Span<byte> union)
    {
        ReadOnlySpan<byte> registers = HyperLogLogFormat.RegistersOf(value);
        if (!HyperLogLogFormat.IsDense(value))
        {
            return SparseRegisters.TryMergeInto(registers, union);
        }

        DenseRegisters.MergeInto(registers, union);
        return true;
    }

    /// <summary>Adds a union to a value; see the type for the buffer. The caller marks the stored count out of date.</summary>
    public static bool TryAddUnion(Span<byte> buffer, ref int length, int mostSparseBytes, ReadOnlySpan<byte> union)
    {
        for (int register = 0; register < union.Length; register++)
        {
            if (union[register] != 0 && !TryRaise(buffer, ref length, mostSparseBytes, register, union[register], out _))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Makes a sparse value dense; see the type for the buffer. A dense one stays as it is.</summary>
    public static bool TryMakeDense(Span<byte> buffer, ref int length)
    {
        if (HyperLogLogFormat.IsDense(buffer))
        {
            return true;
        }

        byte[] ranks = ArrayPool<byte>.Shared.Rent(HyperLogLogFormat.Registers);
        try
        {
            Span<byte> union = ranks.AsSpan(0, HyperLogLogFormat.Registers);
            union.Clear();
            if (!SparseRegisters.TryMergeInto(HyperLogLogFormat.RegistersOf(buffer[..length]), union))
            {
                return false;
            }

            length = HyperLogLogFormat.DenseBytes;
            HyperLogLogFormat.MarkDense(buffer);
            Span<byte> registers = HyperLogLogFormat.RegistersOf(buffer[..length]);
            registers.Clear();
            for (int register = 0; register < union.Length; register++)
            {
                DenseRegisters.TryRaise(registers, register, union[register]);
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(ranks);
        }
    }

    /// <summary>The runs of a sparse value as PFDEBUG DECODE shows them: <c>Z:5095 v:2,1 Z:11288</c>.</summary>
    public static string Describe(ReadOnlySpan<byte> sparse)
    {
        ReadOnlySpan<byte> registers = HyperLogLogFormat.RegistersOf(sparse);
        var text = new StringBuilder();
        for (int at = 0; SparseRegisters.TryReadRun(registers, at, out SparseRun run); at = run.End)
        {
            text.Append(text.Length == 0 ? "" : " ");
            if (run.Rank != 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"v:{run.Rank},{run.Length}");
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"{(run.Bytes == 2 ? 'Z' : 'z')}:{run.Length}");
            }
        }

        return text.ToString();
    }

    private static bool TryRaise(Span<byte> buffer, ref int length, int mostSparseBytes, int register, int rank, out bool changed)
    {
        if (!HyperLogLogFormat.IsDense(buffer))
        {
            SparseRaise raise = rank > SparseRegisters.MaxRank
                ? SparseRaise.TooLong
                : SparseRegisters.Raise(buffer, ref length, mostSparseBytes, register, rank);
            changed = raise == SparseRaise.Changed;
            if (raise != SparseRaise.TooLong)
            {
                return raise != SparseRaise.Corrupt;
            }

            if (!TryMakeDense(buffer, ref length))
            {
                return false;
            }
        }

        changed = DenseRegisters.TryRaise(HyperLogLogFormat.RegistersOf(buffer[..length]), register, rank);
        return true;
    }
}
