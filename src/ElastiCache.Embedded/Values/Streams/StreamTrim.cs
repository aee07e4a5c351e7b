namespace ElastiCache.Embedded.Values;

/// <summary>What decides which entries are too old.</summary>
internal enum StreamTrimStrategy
{
    None,

    /// <summary>MAXLEN: all but the newest so many.</summary>
    MaxLength,

    /// <summary>MINID: those with smaller IDs.</summary>
    MinId,
}

/// <summary>How a stream is to be trimmed.</summary>
internal readonly record struct StreamTrim
{
    public StreamTrimStrategy Strategy { get; init; }

    /// <summary>The entries to keep, for <see cref="StreamTrimStrategy.MaxLength"/>.</summary>
    public long MaxLength { get; init; }

    /// <summary>The first ID to keep, for <see cref="StreamTrimStrategy.MinId"/>.</summary>
    public StreamId MinId { get; init; }

    /// <summary>Whether only whole nodes go, which costs next to nothing; a few entries too many may stay.</summary>
    public bool IsApproximate { get; init; }

    /// <summary>The most entries to look at; 0 for no limit.</summary>
    public long Limit { get; init; }
}
