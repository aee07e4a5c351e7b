using System.Diagnostics;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The cache's wall clock: Unix time that never goes backward while the process lives.</summary>
/// <remarks>
/// A deadline that was once reported as passed must stay passed, so a wall clock that jumps back is held at the latest time
/// it showed, and <see cref="NotBefore"/> carries that promise over a restart: recovery calls it with the newest time in the log.
/// <para>
/// With the system's provider the clock counts from an anchor, which <see cref="Resynchronize"/>, called by the maintenance loop, moves when the
/// wall clock has moved ahead of it. It counts <see cref="Stopwatch"/> time, exact and 20 ns to read. <see cref="Environment.TickCount64"/> takes
/// 6 ns and lags by up to one tick of the system's timer, 4 ms on Linux and 16 on Windows: too much for a key that lives for 2 ms, yet enough to tell
/// that most deadlines have not passed. So <see cref="HasPassed"/>, which every read of an entry with a deadline asks, looks at that one first.
/// </para>
/// </remarks>
internal sealed class CacheClock
{
    // Further off than this by the coarse clock, a deadline has not passed by the exact one: four ticks of the coarsest timer.
    private const long CoarseMarginMs = 64;

    private readonly bool _isSystem;
    private long _anchor;       // Unix ms minus Stopwatch ms; only ever grows
    private long _coarseAnchor; // Unix ms minus TickCount64; only ever grows
    private long _latest;       // for other providers: the latest time that was shown

    public CacheClock(TimeProvider timeProvider)
    {
        TimeProvider = timeProvider;
        _isSystem = ReferenceEquals(timeProvider, TimeProvider.System);
        _latest = NowOfProvider();
        NotBefore(_latest);
    }

    public TimeProvider TimeProvider { get; }

    /// <summary>Milliseconds since 1970-01-01 UTC.</summary>
    public long UnixMilliseconds => _isSystem
        ? Volatile.Read(ref _anchor) + StopwatchMs
        : RaiseTo(ref _latest, NowOfProvider());

    /// <summary>Unix seconds, by the coarse clock and modulo 2^32: 6 ns, and up to a tick of the system's timer late.</summary>
    public uint CoarseSeconds => (uint)((ulong)(_isSystem ? Volatile.Read(ref _coarseAnchor) + Environment.TickCount64 : UnixMilliseconds) / 1000);

    /// <summary>Whether a deadline, in Unix ms, has come. Exact to the millisecond, and 6 ns for one that is not near.</summary>
    public bool HasPassed(long deadline) =>
        (!_isSystem || deadline <= Volatile.Read(ref _coarseAnchor) + Environment.TickCount64 + CoarseMarginMs) && deadline <= UnixMilliseconds;

    /// <summary>Moves the clock to <paramref name="unixMilliseconds"/> if it shows less.</summary>
    public void NotBefore(long unixMilliseconds)
    {
        RaiseTo(ref _anchor, unixMilliseconds - StopwatchMs);
        RaiseTo(ref _coarseAnchor, Volatile.Read(ref _anchor) + StopwatchMs - Environment.TickCount64);
        RaiseTo(ref _latest, unixMilliseconds);
    }

    /// <summary>Follows a wall clock that has jumped ahead. Cheap; called about every 100 ms.</summary>
    public void Resynchronize() => NotBefore(NowOfProvider());

    private static long StopwatchMs => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1000);

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
