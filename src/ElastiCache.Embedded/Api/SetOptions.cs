using ElastiCache.Embedded.Keyspace;
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

    private readonly int _costBeyond1;

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

    /// <summary>How readily the entry gives way when the budget is used up. A SET without one makes it <see cref="EvictionPriority.Normal"/>. For what is there already: <see cref="KeyPriorityExtensions.SetPriority"/>.</summary>
    public EvictionPriority Priority { get; init; }

    /// <summary>
    /// How many times as dear a miss of this entry is as one of another, 1 to 65,536; 1 by default. The adaptive policies keep it as if it were so many times smaller; the others do not look at it.
    /// A SET without one makes it 1. For what is there already: <see cref="KeyPriorityExtensions.SetEvictionCost"/>.
    /// </summary>
    public int EvictionCost
    {
        get => _costBeyond1 + 1;
        init => _costBeyond1 = value - 1;
    }

    /// <summary>The deadline in Unix ms, <see cref="NoExpiry"/> for none. With <see cref="KeepExpiry"/> it counts only for a new key.</summary>
    /// <exception cref="ArgumentException">Two ways to expire at once, an expiry or cost out of range, or an unknown condition or priority.</exception>
    internal long DeadlineUnixMs(long nowUnixMs)
    {
        RequireKnown(Condition);
        RequireKnown(Priority);
        RequireCost(EvictionCost);
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
        new() { Deadline = DeadlineUnixMs(nowUnixMs), KeepDeadline = KeepExpiry, Condition = Condition, Marks = new EntryMarks(Flags, Priority, EvictionCost) };

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

    /// <summary>Refuses a priority that is none.</summary>
    internal static void RequireKnown(EvictionPriority priority)
    {
        if (priority is < EvictionPriority.Normal or > EvictionPriority.NeverRemove)
        {
            throw new ArgumentOutOfRangeException(nameof(priority), priority, "Priority must be Normal, Low, High or NeverRemove.");
        }
    }

    /// <summary>Refuses a cost that is none.</summary>
    internal static void RequireCost(int cost)
    {
        if (cost is < 1 or > EntryMarks.MostCost)
        {
            throw new ArgumentOutOfRangeException(nameof(cost), cost, "EvictionCost must be 1 to 65536.");
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
