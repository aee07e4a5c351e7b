namespace ElastiCache.Embedded.Benchmarks.Measuring;

/// <summary>What one short, timed stretch of operations on one cache cost, over all its threads.</summary>
/// <param name="Operations">Operations carried out.</param>
/// <param name="Nanoseconds">CPU time of the threads that carried them out, summed.</param>
/// <param name="AllocatedBytes">Managed bytes that those threads allocated.</param>
/// <param name="Hits">Reads that found their key.</param>
internal readonly record struct Lap(long Operations, long Nanoseconds, long AllocatedBytes, long Hits)
{
    public double NanosecondsPerOperation => (double)Nanoseconds / Operations;

    public double BytesPerOperation => (double)AllocatedBytes / Operations;

    public static Lap operator +(Lap left, Lap right) => new(
        left.Operations + right.Operations,
        left.Nanoseconds + right.Nanoseconds,
        left.AllocatedBytes + right.AllocatedBytes,
        left.Hits + right.Hits);
}
