using System.Numerics;

namespace ElastiCache.Embedded.Benchmarks.Measuring;

/// <summary>Counts durations in buckets no wider than 3 % of their value, so that percentiles of millions fit 16 KB.</summary>
/// <remarks>
/// A duration of n bits falls into row n; its 5 bits after the leading one pick one of 32 columns.
/// The idea is HdrHistogram's (Gil Tene).
/// </remarks>
internal sealed class LatencyHistogram
{
    private const int ColumnBits = 5;
    private const int Columns = 1 << ColumnBits;
    private readonly long[] _counts = new long[64 * Columns];
    private long _total;

    public void Record(long nanoseconds)
    {
        _counts[Bucket(Math.Max(0, nanoseconds))]++;
        _total++;
    }

    /// <summary>The upper edge of the bucket that holds the given fraction (0 to 1) of all durations.</summary>
    public long Percentile(double fraction)
    {
        long wanted = (long)Math.Ceiling(_total * fraction), seen = 0;
        for (int bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= wanted)
            {
                return UpperEdge(bucket);
            }
        }

        return 0;
    }

    private static int Bucket(long value)
    {
        if (value < Columns)
        {
            return (int)value;
        }

        int shift = BitOperations.Log2((ulong)value) - ColumnBits;
        return (shift + 1) * Columns + (int)(value >> shift) - Columns;
    }

    private static long UpperEdge(int bucket)
    {
        int row = bucket / Columns, column = bucket % Columns;
        return row == 0 ? column : ((long)(Columns + column + 1) << (row - 1)) - 1;
    }
}
