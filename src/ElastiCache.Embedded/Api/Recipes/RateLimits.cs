namespace ElastiCache.Embedded;

/// <summary>Makes rules for how often something may happen; see <see cref="RateLimit"/>.</summary>
public sealed class RateLimits
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    private readonly CacheDatabase _database;

    internal RateLimits(CacheDatabase database)
    {
        _database = database;
    }

    /// <summary>So many permits in each window, which begins with the first of them. Cheap, and lets twice as many pass around a window's end.</summary>
    /// <param name="permits">How many, at least 1.</param>
    /// <param name="window">How long a window is: more than zero, at most ten years. Rounded up to a millisecond.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public FixedWindowLimit FixedWindow(int permits, TimeSpan window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(permits, 1);
        RequireSpan(window, nameof(window));
        return new FixedWindowLimit(_database, permits, window);
    }

    /// <summary>Never more than so many permits in any window, wherever one lays it.</summary>
    /// <param name="permits">How many, at least 1.</param>
    /// <param name="window">How long the window is: more than zero, at most ten years. Rounded up to a millisecond a segment.</param>
    /// <param name="segments">Into how many parts it is cut, 1 to 60: a permit comes back up to one part late. Default 10.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public SlidingWindowLimit SlidingWindow(int permits, TimeSpan window, int segments = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(permits, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(segments, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(segments, SlidingWindowLimit.MostSegments);
        RequireSpan(window, nameof(window));
        return new SlidingWindowLimit(_database, permits, window, segments);
    }

    /// <summary>Bursts up to the size of a bucket, which is refilled at a steady rate.</summary>
    /// <param name="burst">The bucket's size, at least 1: how many permits a key has that has been idle.</param>
    /// <param name="permits">How many permits come back in each <paramref name="period"/>, at least 1; not at its end, but evenly.</param>
    /// <param name="period">More than zero, at most ten years, and at least 100 ns a permit.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range, or filling the bucket would take more than ten years.</exception>
    public TokenBucketLimit TokenBucket(int burst, int permits, TimeSpan period)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(permits, 1);
        RequireSpan(period, nameof(period));
        long interval = (period.Ticks + permits - 1) / permits;
        if (period.Ticks < permits || interval > Longest.Ticks / burst)
        {
            throw new ArgumentOutOfRangeException(
                nameof(period), period, $"{permits} permits in {period} must be at least 100 ns apart, and a bucket of {burst} full again within {Longest}.");
        }

        return new TokenBucketLimit(_database, burst, interval);
    }

    private static void RequireSpan(TimeSpan span, string name)
    {
        if (span <= TimeSpan.Zero || span > Longest)
        {
            throw new ArgumentOutOfRangeException(name, span, $"{name} must be more than zero and at most {Longest}.");
        }
    }
}
