namespace ElastiCache.Embedded.Server.Statistics;

/// <summary>What is counted of one command.</summary>
internal sealed class CommandCounters
{
    public long Calls;
    public long Nanoseconds;
    public long Rejected;
    public long Failed;
    public LatencyHistogram? Latencies;

    /// <summary>Adds another's counts.</summary>
    public void Add(CommandCounters other)
    {
        Calls += Volatile.Read(ref other.Calls);
        Nanoseconds += Volatile.Read(ref other.Nanoseconds);
        Rejected += Volatile.Read(ref other.Rejected);
        Failed += Volatile.Read(ref other.Failed);
        if (Volatile.Read(ref other.Latencies) is { } latencies)
        {
            (Latencies ??= new LatencyHistogram()).Add(latencies);
        }
    }
}
