namespace ElastiCache.Embedded.Keyspace;

/// <summary>The cache's wall clock: Unix time that never goes backward while the process lives.</summary>
/// <remarks>
/// A deadline that was once reported as passed must stay passed, so a wall clock that jumps back is held at the latest time
/// it showed, and <see cref="NotBefore"/> carries that promise over a restart: recovery calls it with the newest time in the log.
/// Reading <c>DateTimeOffset.UtcNow</c> costs 25 ns and <see cref="Environment.TickCount64"/> 6 ns; with the system's
/// provider the clock therefore counts ticks from an anchor, and <see cref="Resynchronize"/>, called by the maintenance
/// loop, moves the anchor when the wall clock has moved ahead of it.
/// </remarks>
internal sealed class CacheClock
{
    private readonly bool _isSystem;
    private long _anchor;       // Unix ms minus TickCount64; only ever grows
    private long _latest;       // for other providers: the latest time that was shown

    public CacheClock(TimeProvider timeProvider)
    {
        TimeProvider = timeProvider;
        _isSystem = ReferenceEquals(timeProvider, TimeProvider.System);
        _anchor = NowOfProvider() - Environment.TickCount64;
        _latest = NowOfProvider();
    }

    public TimeProvider TimeProvider { get; }

    /// <summary>Milliseconds since 1970-01-01 UTC.</summary>
    public long UnixMilliseconds => _isSystem
        ? Volatile.Read(ref _anchor) + Environment.TickCount64
        : RaiseTo(ref _latest, NowOfProvider());

    /// <summary>Moves the clock to <paramref name="unixMilliseconds"/> if it shows less.</summary>
    public void NotBefore(long unixMilliseconds)
    {
        RaiseTo(ref _anchor, unixMilliseconds - Environment.TickCount64);
        RaiseTo(ref _latest, unixMilliseconds);
    }

    /// <summary>Follows a wall clock that has jumped ahead. Cheap; called about every 100 ms.</summary>
    public void Resynchronize() => NotBefore(NowOfProvider());

    private long NowOfProvider() => TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    private static long RaiseTo(ref long target, long value)
    {
        long seen = Volatile.Read(ref target);
        while (value > seen)
        {
            long before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return value;
            }

            seen = before;
        }

        return seen;
    }
}
