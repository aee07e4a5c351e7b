using Microsoft.Extensions.Caching.Distributed;

namespace ElastiCache.Embedded.Caching;

/// <summary>When an entry of <see cref="IDistributedCache"/> expires.</summary>
/// <remarks>
/// Two limits work together, and the earlier one counts:
/// <code>
///   absolute   a moment, given as one or as a time from the entry's creation (both given: the earlier); nothing moves it
///   sliding    a time since the last Get or Refresh; each of them moves the deadline, up to the absolute one
///
///   deadline = min(absolute, now + sliding)
/// </code>
/// So only a sliding entry has to remember anything beside the deadline that the cache keeps for each key.
/// </remarks>
internal readonly record struct EntryExpiry(long AbsoluteUnixMs, long SlidingMs)
{
    /// <summary>No limit of the kind.</summary>
    public const long None = long.MaxValue;

    public bool IsSliding => SlidingMs != None;

    /// <summary>The limits for an entry that is created now.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The absolute moment is not in the future.</exception>
    public static EntryExpiry From(DistributedCacheEntryOptions options, long nowUnixMs)
    {
        long absolute = None;
        if (options.AbsoluteExpiration is { } moment)
        {
            absolute = moment.ToUnixTimeMilliseconds();
            if (absolute <= nowUnixMs)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(options), moment, "DistributedCacheEntryOptions.AbsoluteExpiration must be in the future.");
            }
        }

        if (options.AbsoluteExpirationRelativeToNow is { } life)
        {
            absolute = Math.Min(absolute, nowUnixMs + WholeMilliseconds(life));
        }

        return new EntryExpiry(absolute, options.SlidingExpiration is { } sliding ? WholeMilliseconds(sliding) : None);
    }

    /// <summary>The deadline after a read, a refresh or the creation at this moment; <see cref="None"/> for never.</summary>
    public long DeadlineUnixMs(long nowUnixMs) => IsSliding ? Math.Min(AbsoluteUnixMs, nowUnixMs + SlidingMs) : AbsoluteUnixMs;

    // Upward: an entry for half a millisecond lives for one, not for none.
    private static long WholeMilliseconds(TimeSpan span) => SetOptions.CeilingToMilliseconds(span.Ticks);
}
