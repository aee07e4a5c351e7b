using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Tests.Persistence;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>The wall clock is set back: what was reported as expired stays expired, in the process and across a restart.</summary>
public sealed class ClockJumpTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_767_225_600);

    private readonly SimulatedDisk _disk = new();

    public enum Ending
    {
        Closed,
        Killed,
        PowerCut,
    }

    [Theory]
    [InlineData(DurabilityMode.Always, Ending.Closed)]
    [InlineData(DurabilityMode.Always, Ending.Killed)]
    [InlineData(DurabilityMode.Always, Ending.PowerCut)]
    [InlineData(DurabilityMode.EverySecond, Ending.Closed)]
    [InlineData(DurabilityMode.EverySecond, Ending.Killed)]
    [InlineData(DurabilityMode.EverySecond, Ending.PowerCut)]
    [InlineData(DurabilityMode.No, Ending.Closed)]
    public async Task An_expired_key_stays_gone_when_the_clock_is_an_hour_back_at_the_next_start(DurabilityMode mode, Ending ending)
    {
        var time = new FakeTimeProvider(Start);
        EmbeddedCache cache = Open(time, mode);
        SetUntil(cache, "short", Start.AddSeconds(10));
        SetUntil(cache, "long", Start.AddDays(1));
        time.Advance(TimeSpan.FromSeconds(12)); // the sweeper runs within a second of the deadline
        Assert.Null(cache.Strings.GetBytes("short"));
        await cache.FlushAsync(TestContext.Current.CancellationToken);
        await EndAsync(cache, ending);

        using EmbeddedCache again = Open(new FakeTimeProvider(Start.AddHours(-1)), mode);

        Assert.Null(again.Strings.GetBytes("short"));
        Assert.NotNull(again.Strings.GetBytes("long"));
        Assert.Equal(1, again.Keys.Count);
    }

    [Fact]
    public void An_expired_key_stays_gone_when_the_clock_is_set_back_while_the_cache_is_open()
    {
        var time = new FakeTimeProvider(Start);
        using EmbeddedCache cache = Open(time, DurabilityMode.Always);
        SetUntil(cache, "short", Start.AddMilliseconds(1));
        time.Advance(TimeSpan.FromMilliseconds(1)); // too soon for the sweeper: only the reader looks at the deadline
        Assert.Null(cache.Strings.GetBytes("short"));

        time.AdjustTime(Start.AddHours(-1));

        Assert.Null(cache.Strings.GetBytes("short"));
    }

    [Fact]
    public void A_clock_set_ahead_and_back_before_the_next_start_revives_nothing_that_had_expired_meanwhile()
    {
        var time = new FakeTimeProvider(Start);
        using (EmbeddedCache cache = Open(time, DurabilityMode.Always))
        {
            SetUntil(cache, "a day", Start.AddDays(1));
            SetUntil(cache, "two years", Start.AddDays(730));
            time.AdjustTime(Start.AddDays(365));
            time.Advance(TimeSpan.FromSeconds(2));
            Assert.Null(cache.Strings.GetBytes("a day"));
        }

        using EmbeddedCache again = Open(new FakeTimeProvider(Start), DurabilityMode.Always);

        Assert.Null(again.Strings.GetBytes("a day"));
        Assert.NotNull(again.Strings.GetBytes("two years"));
    }

    [Theory]
    [InlineData(Ending.Closed)]
    [InlineData(Ending.Killed)]
    [InlineData(Ending.PowerCut)]
    public async Task The_time_of_the_last_write_is_never_gone_back_behind_even_where_no_sweep_ran(Ending ending)
    {
        var time = new FakeTimeProvider(Start);
        EmbeddedCache cache = Open(time, DurabilityMode.Always);
        SetUntil(cache, "short", Start.AddSeconds(10));
        time.AdjustTime(Start.AddSeconds(12)); // the sweeper's timer does not see this
        Assert.Null(cache.Strings.GetBytes("short"));
        cache.Strings.Set("later", "value"u8);
        await EndAsync(cache, ending);

        using EmbeddedCache again = Open(new FakeTimeProvider(Start.AddHours(-1)), DurabilityMode.Always);

        Assert.Null(again.Strings.GetBytes("short"));
        Assert.NotNull(again.Strings.GetBytes("later"));
    }

    [Fact]
    public void A_key_whose_time_comes_between_two_runs_is_gone_at_the_second_without_a_sweep()
    {
        using (EmbeddedCache cache = Open(new FakeTimeProvider(Start), DurabilityMode.Always))
        {
            SetUntil(cache, "short", Start.AddSeconds(10));
            SetUntil(cache, "long", Start.AddSeconds(20));
        }

        using EmbeddedCache again = Open(new FakeTimeProvider(Start.AddSeconds(10)), DurabilityMode.Always);

        Assert.Null(again.Strings.GetBytes("short"));
        Assert.NotNull(again.Strings.GetBytes("long"));
    }

    private static void SetUntil(EmbeddedCache cache, string key, DateTimeOffset deadline) =>
        cache.Strings.Set(key, "value"u8, new SetOptions { ExpiresAt = deadline });

    private EmbeddedCache Open(FakeTimeProvider time, DurabilityMode mode) => EmbeddedCache.Open(
        new EmbeddedCacheOptions { Folder = "disk", Durability = mode, Shards = 16, TimeProvider = time }, _disk);

    private async Task EndAsync(EmbeddedCache cache, Ending ending)
    {
        if (ending == Ending.Closed)
        {
            await cache.DisposeAsync();
        }

        if (ending == Ending.PowerCut)
        {
            _disk.Crash(new Random(1));
        }
        else
        {
            _disk.Kill();
        }

        await cache.DisposeAsync();
    }
}
