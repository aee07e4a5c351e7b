namespace ElastiCache.Embedded;

/// <summary>When a write to a durable cache is acknowledged.</summary>
public enum DurabilityMode
{
    /// <summary>After it has reached the disk.</summary>
    Always,

    /// <summary>At once; it reaches the disk within a second.</summary>
    EverySecond,

    /// <summary>At once; it reaches the disk when the operating system chooses.</summary>
    No,
}
