namespace ElastiCache.Embedded;

/// <summary>What was found in the folder when a durable cache was opened.</summary>
public sealed class RecoveryReport
{
    /// <summary>Files of the log that were read: the base, if any, and the increments.</summary>
    public int Files { get; init; }

    /// <summary>Keys that were read from a base in RDB form.</summary>
    public long Entries { get; init; }

    /// <summary>Commands that were replayed, those within MULTI/EXEC included, SELECT, MULTI and EXEC not.</summary>
    public long Commands { get; init; }

    /// <summary>Bytes of log that hold what was replayed.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes of a torn end that were cut from the last file; 0 when it was whole.</summary>
    /// <remarks>They belong to writes that were never acknowledged as being on disk.</remarks>
    public long TornBytes { get; init; }

    /// <summary>The file whose end was cut; null when none was.</summary>
    public string? TornFile { get; init; }

    /// <summary>Where that file ends now, in bytes from its start.</summary>
    public long TornOffset { get; init; }

    /// <summary>Whether the last owner closed the log: then its end is marked, and nothing can be missing from it. After a crash,
    /// and where redis-server wrote last, there is no such mark.</summary>
    public bool ClosedCleanly { get; init; }

    /// <summary>The moment whose state was restored, by <see cref="EmbeddedCacheOptions.RecoverTo"/>; null for the newest.</summary>
    public DateTimeOffset? RecoveredTo { get; init; }

    /// <summary>The newest time stamp in the log, to the second; null when it has none.</summary>
    public DateTimeOffset? NewestTimestamp { get; init; }

    /// <summary>How long it took, by the wall clock.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>One line for a log or a console.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{(Entries == 0 ? "" : FormattableString.Invariant($"{Entries} keys, "))}{Commands} commands ({Bytes} bytes) from {Files} file(s) in {Duration.TotalMilliseconds:F0} ms, {(ClosedCleanly ? "closed cleanly" : "not closed")}") +
        (TornBytes == 0 ? "" : FormattableString.Invariant($"; cut {TornBytes} torn bytes from '{TornFile}' at {TornOffset}"));
}
