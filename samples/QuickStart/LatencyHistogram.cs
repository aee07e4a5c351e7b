using System.Diagnostics;
using System.Numerics;

namespace QuickStart;

/// <summary>Counts durations in 16 steps to a doubling, so that a percentile is right within 6 %.</summary>
internal sealed class LatencyHistogram
{
    private const int Steps = 16;

    private readonly long[] _counts = new long[64 * Steps];
    private long _total;

    public void Add(long stopwatchTicks)
    {
        long nanoseconds = Math.Max(1, stopwatchTicks * 1_000_000_000 / Stopwatch.Frequency);
        int doubling = BitOperations.Log2((ulong)nanoseconds);
        int step = (int)(((nanoseconds << 4) >> doubling) & (Steps - 1));
        _counts[(doubling * Steps) + step]++;
        _total++;
    }

    /// <summary>The duration that this share of all is not longer than, in ns.</summary>
    public long Percentile(double share)
    {
        long wanted = (long)Math.Ceiling(_total * share);
        for (int i = 0; i < _counts.Length; i++)
        {
            wanted -= _counts[i];
            if (wanted <= 0)
            {
                return (long)((1L << (i / Steps)) * (1 + ((i % Steps) + 1) / (double)Steps));
            }
        }

        return 0;
    }
}
