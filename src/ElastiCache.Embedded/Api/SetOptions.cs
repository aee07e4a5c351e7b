using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>How a SET treats expiry and an existing key. <see langword="default"/> is a plain SET: always, and without expiry.</summary>
/// <remarks>
/// At most one of <see cref="Expiry"/>, <see cref="ExpiresAt"/> and <see cref="KeepExpiry"/> may be given; two of them are refused
/// with an <see cref="ArgumentException"/>, as Redis does with a syntax error.
/// </remarks>
public readonly record struct SetOptions
{
    /// <summary>A deadline that no clock reaches: the value stays until it is deleted or evicted.</summary>
    internal const long NoExpiry = long.MaxValue;

    /// <summary>The value's life from now on, rounded up to whole milliseconds; more than zero. Redis: PX.</summary>
    public TimeSpan? Expiry { get; init; }

    /// <summary>
    /// The moment from which the value can't be read any more, rounded up to whole milliseconds; after 1970. A moment that has passed
    /// already leaves the key absent, as in Redis. Redis: PXAT.
    /// </summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Keeps the deadline that the key has; without it a SET removes the deadline. Redis: KEEPTTL.</summary>
    public bool KeepExpiry { get; init; }

    /// <summary>Whether the key must, or must not, exist.</summary>
    public SetCondition Condition { get; init; }

    /// <summary>32 bits that the cache stores with the value and never reads: Memcached's flags.</summary>
    public uint Flags { get; init; }

    /// <summary>The deadline in Unix ms, <see cref="NoExpiry"/> for none. With <see cref="KeepExpiry"/> it counts only for a new key.</summary>
    /// <exception cref="ArgumentException">Two ways to expire at once, an expiry out of range, or an unknown condition.</exception>
    internal long DeadlineUnixMs(long nowUnixMs)
    {
        RequireKnown(Condition);
        if (Expiry is null && ExpiresAt is null)
        {
            return NoExpiry;
        }

        if (KeepExpiry || (Expiry is not null && ExpiresAt is not null))
        {
            throw new ArgumentException("Give at most one of Expiry, ExpiresAt and KeepExpiry.");
        }

        return Expiry is { } expiry ? AfterNow(expiry, nowUnixMs) : At(ExpiresAt!.Value);
    }

    /// <summary>The options as the operations take them.</summary>
    /// <inheritdoc cref="DeadlineUnixMs"/>
    internal SetArguments ToArguments(long nowUnixMs) =>
        new() { Deadline = DeadlineUnixMs(nowUnixMs), KeepDeadline = KeepExpiry, Condition = Condition, Flags = Flags };

    /// <summary>Whole milliseconds, rounded up: an expiry of 0.3 ms must not become 0, which would be no life at all.</summary>
    internal static long CeilingToMilliseconds(long ticks) =>
        (ticks / TimeSpan.TicksPerMillisecond) + (ticks % TimeSpan.TicksPerMillisecond > 0 ? 1 : 0);

    private static void RequireKnown(SetCondition condition)
    {
        if (condition is < SetCondition.Always or > SetCondition.IfPresent)
        {
            throw new ArgumentOutOfRangeException(nameof(condition), condition, "Condition must be Always, IfAbsent or IfPresent.");
        }
    }

    private static long AfterNow(TimeSpan expiry, long nowUnixMs)
    {
        if (expiry <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(expiry), expiry, "Expiry must be more than zero. To remove a key, delete it.");
        }

        return nowUnixMs + CeilingToMilliseconds(expiry.Ticks);
    }

    private static long At(DateTimeOffset expiresAt)
    {
        long ticks = expiresAt.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        if (ticks <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(expiresAt), expiresAt, "ExpiresAt must be after 1970-01-01T00:00:00Z.");
        }

        return CeilingToMilliseconds(ticks);
    }
}
