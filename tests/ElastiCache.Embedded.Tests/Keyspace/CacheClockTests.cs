using ElastiCache.Embedded.Keyspace;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Keyspace;

public class CacheClockTests
{
    // A clock that was read by the system's timer alone lagged by 4 ms: a key that lived for 1 ms was still there 2 ms later.
    [Fact]
    public void A_deadline_has_passed_in_the_very_millisecond_that_the_clock_shows()
    {
        var clock = new CacheClock(TimeProvider.System);
        long end = clock.UnixMilliseconds + 20;

        for (long now = clock.UnixMilliseconds; now < end; now = clock.UnixMilliseconds)
        {
            long wall = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
            Assert.True(clock.HasPassed(now));
            Assert.True(clock.HasPassed(wall - 2), "The clock lags behind the wall clock.");
            Assert.False(clock.HasPassed(now + 60_000));
        }
    }

    [Fact]
    public void A_clock_that_was_moved_ahead_stays_there()
    {
        var clock = new CacheClock(TimeProvider.System);
        long tomorrow = clock.UnixMilliseconds + 86_400_000;

        clock.NotBefore(tomorrow);
        clock.Resynchronize();

        Assert.InRange(clock.UnixMilliseconds, tomorrow, tomorrow + 60_000);
        Assert.True(clock.HasPassed(tomorrow));
        Assert.False(clock.HasPassed(tomorrow + 60_000));
    }

    [Fact]
    public void With_another_provider_time_stands_still_and_never_goes_back()
    {
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_000_000));
        var clock = new CacheClock(time);

        Assert.True(clock.HasPassed(1_000_000));
        Assert.False(clock.HasPassed(1_000_001));

        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(clock.HasPassed(1_000_001));

        time.AdjustTime(DateTimeOffset.FromUnixTimeMilliseconds(5));
        Assert.Equal(1_000_001, clock.UnixMilliseconds);
    }
}
