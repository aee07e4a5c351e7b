using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ElastiCache.Embedded.Server.Tests.House;
using ElastiCache.Embedded.Tests.Persistence;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

/// <summary>A slow disk and a failed one, as GetHealth, INFO, the metrics and the log show them.</summary>
public sealed class HealthTests
{
    private readonly SimulatedDisk _disk = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_767_225_600));
    private readonly Lines _lines = new();

    [Fact]
    public async Task A_slow_disk_shows_everywhere_and_is_gone_everywhere_when_it_has_caught_up()
    {
        await using EmbeddedCache cache = Open(DurabilityMode.EverySecond);
        await using RespServer server = await RespServer.StartAsync(cache, new RespServerOptions { Port = 0 }, TestContext.Current.CancellationToken);
        using RawClient client = RawClient.Connect(server.Port);
        using var gate = new SyncGate(_disk);
        cache.Strings.Set("a", "1");
        ValueTask flush = cache.FlushAsync(TestContext.Current.CancellationToken);
        gate.WaitUntilEntered();

        for (int second = 0; second < 11; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((CacheHealthState.Behind, TimeSpan.FromSeconds(11)), (cache.GetHealth().State, cache.GetHealth().OldestUnpersisted));
        string info = client.Ask("INFO persistence");
        Assert.Contains("aof_delayed_fsync:1\r\n", info, StringComparison.Ordinal);
        Assert.Contains("aof_oldest_unpersisted_sec:11\r\n", info, StringComparison.Ordinal);
        Assert.Contains("aof_writes_refused:behind\r\n", info, StringComparison.Ordinal);
        Assert.Equal(1, Measure("elasticache.writes.refused", "behind"));
        Assert.Equal(0, Measure("elasticache.writes.refused", "poisoned"));
        Assert.Equal(11, Measure("elasticache.log.oldest_unpersisted"));
        Assert.Contains(_lines, line => line.StartsWith("Warning: The disk under 'disk' is slow", StringComparison.Ordinal));
        Assert.StartsWith("-MISCONF", client.Ask("SET a 2"), StringComparison.Ordinal);
        Assert.Equal("$1\r\n1\r\n", client.Ask("GET a"));

        gate.Open();
        await flush;
        await cache.FlushAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(CacheHealthState.Healthy, cache.GetHealth().State);
        Assert.Contains("aof_writes_refused:no\r\n", client.Ask("INFO persistence"), StringComparison.Ordinal);
        Assert.Equal(0, Measure("elasticache.writes.refused", "behind"));
        Assert.Contains(_lines, line => line.StartsWith("Information: The disk under 'disk' has caught up", StringComparison.Ordinal));
        Assert.Equal("+OK\r\n", client.Ask("SET a 3"));
    }

    [Fact]
    public async Task A_failed_disk_shows_everywhere_and_is_gone_everywhere_when_it_is_well_again()
    {
        await using EmbeddedCache cache = Open(DurabilityMode.Always);
        await using RespServer server = await RespServer.StartAsync(cache, new RespServerOptions { Port = 0 }, TestContext.Current.CancellationToken);
        using RawClient client = RawClient.Connect(server.Port);
        cache.Strings.Set("a", "1");
        _disk.FailAfter(0, DiskFault.InputOutput);
        Assert.Throws<LogPoisonedException>(() => cache.Strings.Set("a", "2"));

        Assert.Equal(CacheHealthState.Poisoned, cache.GetHealth().State);
        string info = client.Ask("INFO persistence");
        Assert.Contains("aof_last_write_status:err\r\n", info, StringComparison.Ordinal);
        Assert.Contains("aof_writes_refused:poisoned\r\n", info, StringComparison.Ordinal);
        Assert.Equal(1, Measure("elasticache.writes.refused", "poisoned"));
        Assert.Contains(_lines, line => line.StartsWith("Critical: The disk failed under 'disk'", StringComparison.Ordinal));
        Assert.StartsWith("-MISCONF", client.Ask("SET a 3"), StringComparison.Ordinal);

        await cache.RewriteLogAsync(TestContext.Current.CancellationToken);

        Assert.Equal(CacheHealthState.Healthy, cache.GetHealth().State);
        Assert.Contains("aof_last_write_status:ok\r\n", client.Ask("INFO persistence"), StringComparison.Ordinal);
        Assert.Equal(0, Measure("elasticache.writes.refused", "poisoned"));
        Assert.Contains(_lines, line => line.StartsWith("Information: The log in 'disk' works again", StringComparison.Ordinal));
        Assert.Equal("+OK\r\n", client.Ask("SET a 4"));
    }

    [Fact]
    public async Task The_metrics_tell_what_the_statistics_tell_and_end_with_the_cache()
    {
        string name = Guid.NewGuid().ToString();
        EmbeddedCache cache = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions { Name = name, TimeProvider = _time }, TestContext.Current.CancellationToken);
        await using (cache)
        {
            cache.Strings.Set("a", "1");
            cache.Strings.Set("b", "1", TimeSpan.FromSeconds(1));
            cache.Strings.GetString("a");
            cache.Strings.GetString("none");
            _time.Advance(TimeSpan.FromSeconds(3));

            Assert.Equal(1, Measure("elasticache.hits", cache: name));
            Assert.Equal(1, Measure("elasticache.misses", cache: name));
            Assert.Equal(1, Measure("elasticache.expired", cache: name));
            Assert.Equal(0, Measure("elasticache.evicted", cache: name));
            Assert.Equal(1, Measure("elasticache.entries", cache: name));
            Assert.Equal(2, Measure("elasticache.changes", cache: name));
            Assert.Equal(cache.GetStatistics().UsedBytes, Measure("elasticache.memory.used", cache: name));
            Assert.Equal(cache.GetStatistics().OutsideBytes, Measure("elasticache.memory.outside", cache: name));
            Assert.Equal(cache.GetStatistics().MaxBytes, Measure("elasticache.memory.limit", cache: name));
            Assert.Equal(0, Measure("elasticache.snapshot.failed", cache: name));
            await Assert.ThrowsAnyAsync<IOException>(() => cache.ExportAsync("/nowhere/at/all.rdb", TestContext.Current.CancellationToken));
            Assert.Equal(1, Measure("elasticache.snapshot.failed", cache: name));
        }

        Assert.Null(Measure("elasticache.hits", cache: name));
    }

    private EmbeddedCache Open(DurabilityMode mode) => EmbeddedCache.Open(
        new EmbeddedCacheOptions { Folder = "disk", Name = "health", Durability = mode, TimeProvider = _time, LoggerFactory = _lines }, _disk);

    // What a collector of metrics would read now; null if nobody measures that.
    private static double? Measure(string instrument, string? reason = null, string cache = "health")
    {
        double? found = null;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (published, self) =>
        {
            if (published.Meter.Name == "ElastiCache.Embedded" && published.Name == instrument)
            {
                self.EnableMeasurementEvents(published);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Take(value, tags));
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => Take(value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        return found;

        void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            bool isOurs = tags.Contains(new("cache", cache));
            found = isOurs && (reason == null || tags.Contains(new("reason", reason))) ? value : found;
        }
    }

    /// <summary>Lines of a log, each with its level before it.</summary>
    private sealed class Lines : ConcurrentQueue<string>, ILoggerFactory, ILogger
    {
        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Enqueue($"{logLevel}: {formatter(state, exception)}");
    }
}
