using ElastiCache.Embedded.Benchmarks.Subjects;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using NeoSmart.Caching.Sqlite;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>One cache that can be built: its name in the tables, and how to build it for a number of entries.</summary>
/// <param name="Name">As printed, and as given to <c>--peers</c> and to child processes.</param>
/// <param name="Create">Builds it empty. The second argument is a folder on disk for those that need one.</param>
/// <param name="IsSlow">Microseconds an operation: gets shorter laps, one thread, and no workload of millions.</param>
internal sealed record Entrant(string Name, Func<int, string, CacheUnderTest> Create, bool IsSlow = false);

/// <summary>Everybody who takes part.</summary>
internal static class Roster
{
    public const string ConcurrentDictionary = "ConcurrentDictionary";
    public const string MemoryCache = "MemoryCache";
    public const string BitFasterLru = "BitFaster ConcurrentLru";
    public const string BitFasterLfu = "BitFaster ConcurrentLfu";
    public const string Faster = "FASTER KV";
    public const string FusionCache = "FusionCache";
    public const string HybridCache = "HybridCache";
    public const string Sqlite = "SQLite";
    public const string MemoryDistributedCache = "MemoryDistributedCache";
    public const string SqliteDistributedCache = "NeoSmart SqliteCache";

    public static Entrant Subject { get; } = new(EmbeddedSubject.Name, EmbeddedSubject.CreateInMemory);

    public static Entrant DistributedSubject { get; } =
        new(EmbeddedSubject.Name, (entries, _) => EmbeddedSubject.CreateDistributed(entries, buffered: false));

    public static Entrant BufferedSubject { get; } =
        new(EmbeddedSubject.Name, (entries, _) => EmbeddedSubject.CreateDistributed(entries, buffered: true));

    public static IReadOnlyList<Entrant> Peers { get; } =
    [
        new(ConcurrentDictionary, (_, _) => new DictionaryPeer()),
        new(MemoryCache, (_, _) => new MemoryCachePeer()),
        new(BitFasterLru, (entries, _) => BitFasterPeer.Lru(entries)),
        new(BitFasterLfu, (entries, _) => BitFasterPeer.Lfu(entries)),
        new(Faster, (entries, _) => new FasterPeer(entries)),
        new(FusionCache, (_, _) => new FusionCachePeer()),
        new(HybridCache, (_, _) => new HybridCachePeer()),
        new(Sqlite, (_, folder) => new SqlitePeer(folder), IsSlow: true),
    ];

    /// <summary>Those that an application would use in the place of an <see cref="IDistributedCache"/>.</summary>
    public static IReadOnlyList<Entrant> DistributedPeers { get; } =
    [
        new(MemoryDistributedCache, (_, _) => new DistributedCachePeer(NewMemoryDistributedCache())),
        new(FusionCache, (_, _) => new FusionCachePeer()),
        new(HybridCache, (_, _) => new HybridCachePeer()),
        new(SqliteDistributedCache, (_, folder) => NewSqliteDistributedCache(folder), IsSlow: true),
    ];

    public static Entrant Find(string name) =>
        Peers.Prepend(Subject).FirstOrDefault(e => e.Name == name)
        ?? throw new ArgumentException($"There is no cache named '{name}' here.", nameof(name));

    // Its default limit of 200 MB would evict a part of the entries, and turn hits into misses.
    private static MemoryDistributedCache NewMemoryDistributedCache() =>
        new(Options.Create(new MemoryDistributedCacheOptions { SizeLimit = 16L << 30 }));

    private static DistributedCachePeer NewSqliteDistributedCache(string folder)
    {
        string path = Path.Combine(folder, "neosmart-" + Guid.NewGuid().ToString("N") + ".db");
        var cache = new SqliteCache(new SqliteCacheOptions { CachePath = path });
        return new DistributedCachePeer(cache);
    }
}
