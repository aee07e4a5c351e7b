namespace ElastiCache.Embedded.Persistence;

/// <summary>How the log is kept.</summary>
internal sealed record AppendLogOptions
{
    /// <summary>When a write is acknowledged.</summary>
    public DurabilityMode Mode { get; init; } = DurabilityMode.EverySecond;

    /// <summary>Writes are refused while the oldest that the disk has not taken is older than this; <see cref="Timeout.InfiniteTimeSpan"/>
    /// for never. Looked at each second.</summary>
    public TimeSpan MaxUnpersistedAge { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that may wait in memory for the disk, give or take what one cycle holds; above it writers wait too.</summary>
    public long PendingBytesLimit { get; init; } = 64 * 1024 * 1024;

    /// <summary>The log is rewritten by itself when it has grown by so many percent since it was last; 0 for never.</summary>
    public int RewriteGrowthPercent { get; init; }

    /// <summary>But not below this length.</summary>
    public long RewriteMinBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Called each time the log is poisoned, on the writer's thread.</summary>
    public Action<LogPoisonedException>? Poisoned { get; init; }

    /// <summary>Called each time it works again afterwards, on the writer's thread.</summary>
    public Action? Resumed { get; init; }

    /// <summary>Called each time writes begin to be refused because the disk is too far behind, with the age of the oldest that it has not taken. On any thread: return at once.</summary>
    public Action<TimeSpan>? FellBehind { get; init; }

    /// <summary>Called each time they are taken again afterwards. On any thread.</summary>
    public Action? CaughtUp { get; init; }

    /// <summary>Called when a rewrite that began by itself has failed, on its thread.</summary>
    public Action<Exception>? RewriteFailed { get; init; }

    /// <summary>False where a test runs the cycles itself.</summary>
    public bool StartThread { get; init; } = true;
}
