using System.Diagnostics.Metrics;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.Diagnostics;

/// <summary>A cache's instruments, under the meter <c>ElastiCache.Embedded</c>. They are read when somebody looks: nothing is counted here, and writes and reads pay nothing.</summary>
/// <remarks>Every measurement bears the tag <c>cache</c>, which tells one cache of a process from another. The instruments end with the cache.</remarks>
internal sealed class CacheMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "ElastiCache.Embedded";

    private readonly Meter _meter = new(MeterName);
    private readonly Store _store;
    private readonly KeyValuePair<string, object?> _cache;

    /// <summary>Registers the instruments.</summary>
    /// <param name="store">What is measured.</param>
    /// <param name="removals">Its removal events.</param>
    /// <param name="log">Its log; null in memory.</param>
    /// <param name="name">The value of the tag.</param>
    public CacheMetrics(Store store, RemovalEvents removals, AppendLog? log, string name)
    {
        _store = store;
        _cache = new("cache", name);
        Counter("elasticache.hits", "{read}", "Reads that found a value.", () => store.Accesses.Sum().Hits);
        Counter("elasticache.misses", "{read}", "Reads that found none.", () => store.Accesses.Sum().Misses);
        Counter("elasticache.expired", "{key}", "Keys removed because their time had come.", () => CacheStatistics.Of(store).Expired);
        Counter("elasticache.evicted", "{key}", "Keys removed to make room.", () => CacheStatistics.Of(store).Evicted);
        Counter("elasticache.removals.dropped", "{event}", "Events on removed keys that did not fit into a subscriber's queue.", () => removals.Dropped);
        Counter("elasticache.changes", "{change}", "Changes, as Redis counts them for save.", () => store.Changes);
        Gauge("elasticache.entries", "{key}", "Keys in all databases.", () => CacheStatistics.Of(store).Entries);
        Gauge("elasticache.entries.never_removed", "{key}", "Keys that are never evicted.", () => CacheStatistics.Of(store).NeverRemoved);
        Gauge("elasticache.memory.used", "By", "Native memory in use.", () => store.Arena.UsedBytes);
        Gauge("elasticache.memory.outside", "By", "Managed memory that the budget counts besides.", () => store.Budget.OutsideBytes);
        Gauge("elasticache.memory.limit", "By", "The budget for both; 0 = none.", () => store.Budget.TotalBytes);
        Gauge("elasticache.snapshot.failed", "1", "1 if the last RDB file could not be written, otherwise 0.", () => SnapshotFailed ? 1 : 0);
        if (log != null)
        {
            AddLog(log);
        }
    }

    /// <summary>Whether the last RDB file could not be written.</summary>
    public bool SnapshotFailed { get; set; }

    public void Dispose() => _meter.Dispose();

    private void AddLog(AppendLog log)
    {
        _meter.CreateObservableGauge(
            "elasticache.writes.refused",
            () => Readable<long>(() => [Refused("behind", log.IsBehind), Refused("poisoned", log.Failure != null)]),
            "1", "1 if writes are refused for the reason in the tag 'reason', otherwise 0.");
        _meter.CreateObservableGauge(
            "elasticache.log.oldest_unpersisted", () => Readable<double>(() => [new(log.Writer.Backlog.Age.TotalSeconds, _cache)]), "s", "Age of the oldest write that the disk has not taken; 0 where none waits.");
        Gauge("elasticache.log.size", "By", "Length of the log's files.", () => log.Writer.LogBytes);
        Counter("elasticache.log.syncs", "{sync}", "Syncs that succeeded.", () => log.Writer.Syncs);
        Counter("elasticache.log.rewrites.failed", "{rewrite}", "Rewrites of the log that failed.", () => log.Rewriter?.Failures ?? 0);
    }

    private Measurement<long> Refused(string reason, bool isRefused) => new(isRefused ? 1 : 0, _cache, new("reason", reason));

    private void Counter(string name, string unit, string description, Func<long> read) =>
        _meter.CreateObservableCounter(name, () => Readable<long>(() => [new(read(), _cache)]), unit, description);

    private void Gauge(string name, string unit, string description, Func<long> read) =>
        _meter.CreateObservableGauge(name, () => Readable<long>(() => [new(read(), _cache)]), unit, description);

    // Whoever looks may come while the cache is being closed.
    private Measurement<T>[] Readable<T>(Func<Measurement<T>[]> read)
        where T : struct => _store.IsDisposed ? [] : read();
}
