using ElastiCache.Embedded.Caching;
using ElastiCache.Embedded.Tests.Persistence;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Caching;

/// <summary>Everything that holds in memory holds of a durable cache.</summary>
public sealed class DurableEmbeddedDistributedCacheTests() :
    EmbeddedDistributedCacheTests(options =>
    {
        // These tests let hours pass at once, and the log's thread may not have had its turn by then.
        options.MaxUnpersistedAge = Timeout.InfiniteTimeSpan;
        return EmbeddedCache.Open(options, new SimulatedDisk());
    });

/// <summary>Everything that holds in memory holds of a durable cache whose every write waits for the disk.</summary>
public sealed class DurableSecondLevelTests() : SecondLevelTests(options =>
{
    options.Durability = DurabilityMode.Always;
    return EmbeddedCache.Open(options, new SimulatedDisk());
});

public sealed class DurableCachingTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly SimulatedDisk _disk = new();

    [Fact]
    public void An_entry_survives_a_restart_with_its_limits()
    {
        using (EmbeddedCache store = Open())
        {
            new EmbeddedDistributedCache(store).Set("plain", [1], new());
            new EmbeddedDistributedCache(store).Set("limited", [2], new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(10) });
        }

        using EmbeddedCache again = Open();
        var cache = new EmbeddedDistributedCache(again);

        Assert.Equal([1], cache.Get("plain"));
        Assert.Equal([2], cache.Get("limited"));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(cache.Get("limited"));
    }

    [Fact]
    public void A_deadline_that_a_read_has_moved_is_as_late_after_a_restart()
    {
        using (EmbeddedCache store = Open())
        {
            var cache = new EmbeddedDistributedCache(store);
            cache.Set("k", [1], new() { SlidingExpiration = TimeSpan.FromSeconds(10) });
            _time.Advance(TimeSpan.FromSeconds(9));
            Assert.NotNull(cache.Get("k"));
        }

        _time.Advance(TimeSpan.FromSeconds(9));
        using EmbeddedCache again = Open();

        Assert.Equal([1], new EmbeddedDistributedCache(again).Get("k"));
    }

    [Fact]
    public async Task A_sliding_entry_is_read_also_when_the_log_refuses_writes()
    {
        using EmbeddedCache store = Open();
        var cache = new EmbeddedDistributedCache(store);
        cache.Set("k", [1], new() { SlidingExpiration = TimeSpan.FromSeconds(10) });
        await store.FlushAsync(TestContext.Current.CancellationToken);
        _disk.FailAfter(0, DiskFault.InputOutput);
        store.Strings.Set("lost", 1);
        await Assert.ThrowsAsync<LogPoisonedException>(() => store.FlushAsync(TestContext.Current.CancellationToken).AsTask());

        // Not a second: then the log would try whether the disk is well again.
        _time.Advance(TimeSpan.FromMilliseconds(900));

        Assert.Throws<LogPoisonedException>(() => cache.Set("k", [2], new()));
        Assert.Equal([1], cache.Get("k"));
        cache.Refresh("k");
        Assert.Equal(TimeSpan.FromMilliseconds(9_100), store.Keys.TimeToLive("k"));
    }

    private EmbeddedCache Open() => EmbeddedCache.Open(new EmbeddedCacheOptions { TimeProvider = _time, Shards = 2 }, _disk);
}
