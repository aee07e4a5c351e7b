namespace ElastiCache.Embedded.Tests.Api;

public sealed class HyperLogLogTests : CacheFixture
{
    [Fact]
    public void It_counts_what_it_was_shown_once()
    {
        CacheHyperLogLog visitors = Cache.HyperLogLog("visitors");

        Assert.True(visitors.Add("ada"));
        Assert.False(visitors.Add("ada"));
        Assert.True(visitors.AddMany(1, 2, 3));
        Assert.False(visitors.Add("1"));

        Assert.Equal(4, visitors.Count());
        Assert.Equal(0, Cache.HyperLogLog("nobody").Count());
    }

    [Fact]
    public void Unions_are_counted_and_merged()
    {
        Cache.HyperLogLog("monday").AddMany("a", "b", "c");
        Cache.HyperLogLog("tuesday").AddMany("c", "d");
        Keys.Expire("monday", TimeSpan.FromHours(1));

        Assert.Equal(4, Cache.HyperLogLog("monday").CountWith("tuesday", "absent"));
        Cache.HyperLogLog("monday").Merge("tuesday");

        Assert.Equal(4, Cache.HyperLogLog("monday").Count());
        Assert.Equal(2, Cache.HyperLogLog("tuesday").Count());
        Assert.Equal(TimeSpan.FromHours(1), Keys.TimeToLive("monday"));
    }

    [Fact]
    public void Other_strings_and_other_types_are_refused()
    {
        Strings.Set("text", "text");

        Assert.Throws<FormatException>(() => Cache.HyperLogLog("text").Add("a"));
        Assert.Throws<FormatException>(() => Cache.HyperLogLog("text").Count());
        Assert.Throws<FormatException>(() => Cache.HyperLogLog("new").Merge("text"));
        Assert.Throws<ArgumentNullException>(() => Cache.HyperLogLog("new").Add<string>(null!));
        Assert.False(Keys.Exists("new"));
        Assert.Equal("text", Strings.GetString("text"));
    }

    [Fact]
    public void Adding_and_counting_allocate_nothing()
    {
        CacheHyperLogLog counter = Cache.HyperLogLog("counter");
        int next = 0;
        for (int i = 0; i < 20_000; i++)
        {
            counter.Add(i);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            counter.Add(next++);
            counter.Count();
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }
}
