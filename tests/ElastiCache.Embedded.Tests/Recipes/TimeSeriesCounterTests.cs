using ElastiCache.Embedded.Tests.Api;

namespace ElastiCache.Embedded.Tests.Recipes;

public sealed class TimeSeriesCounterTests : CacheFixture
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private TimeSeriesCounter Views => Cache.TimeSeries("views", new TimeSeriesResolution(Second, 5), new TimeSeriesResolution(Minute, 3));

    [Fact]
    public void What_happens_is_counted_in_every_resolution()
    {
        StartOfMinute();
        Views.Increment();
        Views.Increment(4);
        Time.Advance(2 * Second);
        Views.Increment(10);

        Assert.Equal([5L, 0, 10], Views.Read(Second, 3).Select(bucket => bucket.Count));
        Assert.Equal(Time.GetUtcNow(), Views.Read(Second, 1)[0].Start);
        Assert.Equal(15, Views.Sum(Minute, 1));
        Time.Advance(Minute);
        Views.Increment(-1);
        Assert.Equal([0L, 15, -1], Views.Read(Minute, 3).Select(bucket => bucket.Count));
        Assert.Equal(14, Views.Sum(Minute, 3));
    }

    [Fact]
    public void Old_buckets_go_by_themselves_and_the_key_with_the_last()
    {
        StartOfMinute();
        for (int i = 0; i < 300; i++)
        {
            Views.Increment();
            Time.Advance(Second);
            Cache.Store.Sweep();
        }

        Assert.InRange(Cache.Hash<string, long>("views").Count(), 1, 5 + 3 + 2);
        Time.Advance(4 * Minute);
        Cache.Store.Sweep();

        Assert.False(Cache.Keys.Exists("views"));
        Assert.Equal(0, Views.Sum(Minute, 3));
    }

    [Fact]
    public void Without_resolutions_there_are_seconds_minutes_hours_and_days()
    {
        TimeSeriesCounter counter = Cache.TimeSeries("default");
        counter.Increment(3);

        foreach ((TimeSpan bucket, int kept) in ((TimeSpan, int)[])[(Second, 120), (Minute, 120), (TimeSpan.FromHours(1), 48), (TimeSpan.FromDays(1), 90)])
        {
            Assert.Equal(3, counter.Sum(bucket, 1));
            Assert.Equal(3, counter.Sum(bucket, kept));
            Assert.Throws<ArgumentOutOfRangeException>(() => counter.Sum(bucket, kept + 1));
        }
    }

    [Fact]
    public void What_can_not_be_counted_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Views.Sum(TimeSpan.FromHours(1), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Views.Read(Second, 0));
        Assert.Throws<ArgumentException>(() => Cache.TimeSeries("x", new TimeSeriesResolution(TimeSpan.FromMilliseconds(1500), 1)));
        Assert.Throws<ArgumentException>(() => Cache.TimeSeries("x", new TimeSeriesResolution(Second, 0)));
        Assert.Throws<ArgumentException>(() => Cache.TimeSeries("x", new TimeSeriesResolution(Second, 1), new TimeSeriesResolution(Second, 2)));

        StartOfMinute();
        Views.Increment(long.MaxValue);
        Time.Advance(Second);
        Assert.Throws<OverflowException>(() => Views.Increment());
        Assert.Equal((0, long.MaxValue), (Views.Sum(Second, 1), Views.Sum(Minute, 1)));
    }

    private void StartOfMinute() => Time.Advance(TimeSpan.FromTicks(TimeSpan.TicksPerMinute - (Time.GetUtcNow().Ticks % TimeSpan.TicksPerMinute)));
}
