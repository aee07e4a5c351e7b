namespace ElastiCache.Embedded;

/// <summary>How a cache is.</summary>
public enum CacheHealthState
{
    /// <summary>It takes reads and writes.</summary>
    Healthy,

    /// <summary>Writes are refused until the disk has caught up: the oldest that is not on disk is older than <see cref="EmbeddedCacheOptions.MaxUnpersistedAge"/>. Reads go on.</summary>
    Behind,

    /// <summary>The disk has failed a write or a sync: writes are refused until everything is in new files. Reads go on. See <see cref="LogPoisonedException"/>.</summary>
    Poisoned,

    /// <summary>It is closed.</summary>
    Closed,
}

/// <summary>How a cache is, at one moment.</summary>
/// <param name="State">In a word.</param>
/// <param name="OldestUnpersisted">The age of the oldest write that the disk has not taken; zero where none waits, and for a cache in memory.</param>
/// <param name="Failure">What the disk answered that has poisoned the log; null otherwise.</param>
/// <param name="FailedRewrites">Rewrites of the log that have failed since one succeeded.</param>
public sealed record CacheHealth(CacheHealthState State, TimeSpan OldestUnpersisted, Exception? Failure, int FailedRewrites)
{
    /// <summary>One line for a log or a console.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{State}, oldest write not on disk {OldestUnpersisted.TotalSeconds:F1} s{(FailedRewrites > 0 ? $", {FailedRewrites} rewrites failed" : "")}{(Failure is null ? "" : $": {Failure.Message}")}");
}
