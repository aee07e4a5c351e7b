using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Caching;

namespace ElastiCache.Embedded.Benchmarks.Subjects;

/// <summary>Everything that the benchmarks ask of our own cache, in one place.</summary>
internal static class EmbeddedSubject
{
    public const string Name = "ElastiCache.Embedded";

    public static CacheUnderTest CreateInMemory(int entries, string folder) =>
        new Strings(new EmbeddedCache(MemoryOptions(entries)));

    public static CacheUnderTest CreateDistributed(int entries, bool buffered)
    {
        var cache = new EmbeddedCache(MemoryOptions(entries));
        return new DistributedCachePeer(new EmbeddedDistributedCache(cache), buffered, cache);
    }

    /// <summary>The same cache with a log that is synced once a second.</summary>
    public static async Task<CacheUnderTest> OpenLoggedAsync(int entries, string folder) =>
        new Strings(await EmbeddedCache.OpenAsync(DurableOptions(entries, folder, DurabilityMode.EverySecond)));

    /// <summary>A cache whose writes are acknowledged after their fdatasync.</summary>
    public static async Task<IDurableWrites> OpenDurableAsync(string folder) =>
        new Durable(await EmbeddedCache.OpenAsync(DurableOptions(100_000, folder, DurabilityMode.Always)));

    /// <summary>A cache with a log that is rewritten when the workload says so.</summary>
    public static async Task<EmbeddedCache> OpenUnrewrittenAsync(int entries, string folder, DurabilityMode mode)
    {
        EmbeddedCacheOptions options = DurableOptions(entries, folder, mode);
        options.LogRewriteGrowthPercent = 0;
        return await EmbeddedCache.OpenAsync(options);
    }

    /// <summary>A way into a cache for one thread at a time.</summary>
    public static Player NewPlayer(EmbeddedCache cache) => new Player<Session>(new Session(cache));

    /// <summary>A cache with options of the workload's own.</summary>
    public static CacheUnderTest Create(EmbeddedCacheOptions options) => new Strings(new EmbeddedCache(options));

    private static EmbeddedCacheOptions MemoryOptions(int entries) => new() { MaxMemory = Budget(entries) };

    private static EmbeddedCacheOptions DurableOptions(int entries, string folder, DurabilityMode mode) =>
        new() { Folder = folder, Durability = mode, MaxMemory = Budget(entries) };

    // Room enough that nothing is ever evicted; a limit all the same, because that is how a cache is run.
    private static long Budget(int entries) => (64L << 20) + entries * 400L;

    private sealed class Strings(EmbeddedCache cache) : CacheUnderTest
    {
        public override BatchGet GetMany =>
            (keys, destination, lengths) => cache.Strings.GetMany(keys, destination, lengths);

        public override SpanSet SetSpan => (key, value) => cache.Strings.Set(key, value);

        public override Player NewPlayer() => EmbeddedSubject.NewPlayer(cache);

        protected override void Close() => cache.Dispose();
    }

    private readonly struct Session(EmbeddedCache cache) : ISession
    {
        public bool TryGet(string key, Span<byte> destination, out int length) =>
            cache.Strings.TryGet(key, destination, out length);

        public void Set(string key, ReadOnlySpan<byte> value) => cache.Strings.Set(key, value);
    }

    private sealed class Durable(EmbeddedCache cache) : IDurableWrites
    {
        public long? Syncs => cache.Log?.Writer.Syncs;

        public async Task SetAsync(string key, byte[] value) => await cache.Strings.SetAsync(key, value);

        public ValueTask DisposeAsync() => cache.DisposeAsync();
    }
}
