namespace ElastiCache.Embedded;

/// <summary>When a write to a durable cache is acknowledged: what a crash may take. Redis calls this <c>appendfsync</c>.</summary>
/// <remarks>
/// In every mode what is found after a crash is a prefix of what happened: if a write is there, so is every write that was
/// acknowledged before it began.
/// </remarks>
public enum DurabilityMode
{
    /// <summary>After fdatasync: nothing that was acknowledged is ever lost. Concurrent writers share one sync, so throughput
    /// grows with their number, while each waits for the disk. Redis: <c>always</c>.</summary>
    Always,

    /// <summary>At once. Written within milliseconds and synced each second: the death of the process loses milliseconds, that of
    /// the machine up to about a second, and longer while the disk is behind. Redis: <c>everysec</c>, its default.</summary>
    EverySecond,

    /// <summary>At once. Written within milliseconds and never synced but at a flush and at close: the death of the machine loses
    /// what the operating system had not written, on Linux up to about 30 seconds. Redis: <c>no</c>.</summary>
    No,
}
