using System.Numerics;

namespace ElastiCache.Embedded.Server.Statistics;

/// <summary>How often which duration occurred, in nanoseconds, to an eighth of a power of two.</summary>
/// <remarks>
/// <code>
///   bucket = position of the highest bit × 8 + the three bits below it        1,100 ns = 0b1_000_1001100 → 10 × 8 + 0
/// </code>
/// One writer at a time; readers may look while it writes.
/// </remarks>
internal sealed class LatencyHistogram
{
    private const int SubBits = 3;
    private const int SubBuckets = 1 << SubBits;

    private readonly int[] _counts = new int[64 * SubBuckets];

    public void Add(long nanoseconds) => _counts[BucketOf(nanoseconds)]++;

    /// <summary>Adds another's counts.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += Volatile.Read(ref other._counts[i]);
        }
    }

    /// <summary>The duration, in nanoseconds, that so many percent don't exceed.</summary>
    public long Percentile(double percent)
    {
        long total = Total;
        long wanted = Math.Max(1, (long)Math.Ceiling(total * percent / 100));
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= wanted)
            {
                return UpperBound(i);
            }
        }

        return 0;
    }

    public long Total => _counts.Sum(static count => (long)count);

    /// <summary>For LATENCY HISTOGRAM: microseconds as powers of two, and how many took no longer; without the empty front and back.</summary>
    public IEnumerable<(long Microseconds, long Count)> Cumulative()
    {
        long total = Total;
        long seen = 0;
        int bucket = 0;
        for (long microseconds = 1; seen < total; microseconds *= 2)
        {
            // Redis's first bucket ends at 1,024 ns.
            long before = seen;
            while (bucket < _counts.Length && UpperBound(bucket) <= microseconds * 1024)
            {
                seen += _counts[bucket++];
            }

            if (seen > before)
            {
                yield return (microseconds, seen);
            }
        }
    }

    private static int BucketOf(long nanoseconds)
    {
        ulong value = (ulong)Math.Max(1, nanoseconds);
        int log = BitOperations.Log2(value);
        int sub = (int)(log >= SubBits ? (value >> (log - SubBits)) & (SubBuckets - 1) : (value << (SubBits - log)) & (SubBuckets - 1));
        return (log * SubBuckets) + sub;
    }

    private static long UpperBound(int bucket)
    {
        int log = bucket / SubBuckets;
        long sub = (bucket % SubBuckets) + 1 + SubBuckets;
        return log >= SubBits ? sub << (log - SubBits) : (sub + SubBuckets - 1) >> (SubBits - log);
    }
}
