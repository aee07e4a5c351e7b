using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>From the times that commands name to deadlines in Unix ms, and back.</summary>
/// <remarks>
/// Redis takes any 64-bit number here, the past and the time before 1970 included, and refuses only what overflows. Stored deadlines run from 1 to
/// <see cref="Latest"/>: what lies before has passed anyway, and the last number of all means "never".
/// </remarks>
internal static class ExpireDeadline
{
    /// <summary>The latest deadline; 292 million years from now.</summary>
    public const long Latest = Record.NoExpiry - 1;

    private const long MillisecondsASecond = 1000;

    /// <summary>The deadline that EXPIRE, PEXPIRE, EXPIREAT or PEXPIREAT mean.</summary>
    /// <param name="amount">The number that the command names.</param>
    /// <param name="inSeconds">Whether it counts seconds.</param>
    /// <param name="from">What it counts from: now, or 0 for a Unix time.</param>
    /// <param name="deadline">The deadline in Unix ms; may have passed.</param>
    /// <returns>False on overflow. Redis: <c>invalid expire time in 'expire' command</c>.</returns>
    public static bool TryMake(long amount, bool inSeconds, long from, out long deadline)
    {
        deadline = 0;
        if (inSeconds)
        {
            if (amount is > long.MaxValue / MillisecondsASecond or < long.MinValue / MillisecondsASecond)
            {
                return false;
            }

            amount *= MillisecondsASecond;
        }

        if (amount > long.MaxValue - from)
        {
            return false;
        }

        deadline = amount + from;
        return true;
    }

    /// <summary>The nearest deadline that an entry can have.</summary>
    public static long Storable(long deadline) => Math.Clamp(deadline, 1, Latest);
}

/// <summary>What TTL, PTTL, EXPIRETIME and PEXPIRETIME look at.</summary>
/// <param name="Exists">Whether the key is there.</param>
/// <param name="UnixMilliseconds">Its deadline; <see cref="Record.NoExpiry"/> for none.</param>
internal readonly record struct KeyDeadline(bool Exists, long UnixMilliseconds)
{
    /// <summary>Redis's answer for a key that isn't there.</summary>
    public const long NoSuchKey = -2;

    /// <summary>Redis's answer for a key without a deadline.</summary>
    public const long Never = -1;

    /// <summary>Whether the key has a deadline.</summary>
    public bool IsSet => Exists && UnixMilliseconds != Record.NoExpiry;

    /// <summary>Redis's reply to PTTL, or to TTL with <paramref name="inSeconds"/>, which rounds half up.</summary>
    public long TimeLeft(long now, bool inSeconds) => Reply(Math.Max(0, UnixMilliseconds - now), inSeconds);

    /// <summary>Redis's reply to PEXPIRETIME, or to EXPIRETIME with <paramref name="inSeconds"/>, which rounds half up.</summary>
    public long UnixTime(bool inSeconds) => Reply(UnixMilliseconds, inSeconds);

    private long Reply(long milliseconds, bool inSeconds) => this switch
    {
        { Exists: false } => NoSuchKey,
        { IsSet: false } => Never,
        _ => inSeconds ? (milliseconds / 1000) + (milliseconds % 1000 >= 500 ? 1 : 0) : milliseconds,
    };
}
