using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;

namespace ElastiCache.Embedded.Tests.Api;

/// <summary>The README's examples as code: they compile, and <see cref="ReadmeTests"/> sees to it that they are the same. Never run.</summary>
internal static class ReadmeExamples
{
    internal sealed record Session(int User);

    internal sealed record User(int Id, string Name);

    internal static async Task Strings(Session session, byte[] buffer, int[] lengths)
    {
        await using var cache = new EmbeddedCache();                                  // memory only
        await using var durable = await EmbeddedCache.OpenAsync("cache-data");        // a folder that survives crashes

        cache.Strings.Set("greeting", "hello");
        string? greeting = cache.Strings.GetString("greeting");

        cache.Strings.Set("session:42", session);                                     // any T, through ICacheSerializer
        Session? same = cache.Strings.Get<Session>("session:42");

        long hits = cache.Strings.Increment("hits");                                  // stored as Redis stores it: "1"

        // However many ask at the same time, one loads.
        User user = await cache.Strings.GetOrCreateAsync("user:42", token => LoadUserAsync(42, token), TimeSpan.FromMinutes(5));

        // Many keys in one call, end to end in your own buffer: nothing is allocated.
        int bytes = cache.Strings.GetMany(["a", "b", "c"], buffer, lengths);

        // Read, change, store if nobody was faster: Memcached's gets and cas.
        if (cache.Strings.TryGetVersioned("session:42", out Versioned<Session> read))
        {
            bool stored = cache.Strings.CompareAndSet("session:42", session, read.Version);
        }

        bool seen = cache.Bits.SetBit("visitors", offset: 4711, bit: true);           // a row of bits; BITCOUNT is Bits.Count

        cache.Strings.Set("session:42", session, expiry: TimeSpan.FromMinutes(20));
        cache.Keys.Expire("session:42", TimeSpan.FromMinutes(20), ExpireCondition.IfLater);
        TimeSpan? left = cache.Keys.TimeToLive("session:42");
    }

    internal static async Task Structures(EmbeddedCache cache, CancellationToken token)
    {
        CacheSortedSet<string> board = cache.SortedSet<string>("leaderboard:eu");
        board.Add("ada", 4200);
        foreach ((string member, double score) in board.RangeByRank(0, 9, descending: true))
        {
            Console.WriteLine($"{member} {score}");
        }

        CacheHash<string, int> stock = cache.Hash<string, int>("stock");
        stock.Set("apples", 12);

        CacheList<string> jobs = cache.List<string>("jobs");
        jobs.PushRight("resize photo 17");
        string? job = await jobs.PopLeftAsync(TimeSpan.FromSeconds(5), token);                // waits; first come, first served

        CacheSet<int> online = cache.Set<int>("online");
        online.Add(42);

        StreamId id = cache.Stream("orders").Add("total", 99);
        cache.HyperLogLog("visitors").Add("ada");
        cache.Geo<string>("shops").Add("Palermo", new GeoPosition(13.361, 38.115));

        cache.Transact(["stock:a", "stock:b"], tx =>                                          // one step: in memory, in the log, to readers
        {
            tx.Strings.Increment("stock:a", -1);
            tx.Strings.Increment("stock:b");
        });

        await foreach (ChannelMessage message in cache.Channels.SubscribePattern("news.*", token))
        {
            Console.WriteLine(message.GetString());
        }
    }

    internal static async Task Recipes(EmbeddedCache cache, CancellationToken token)
    {
        WorkQueue<string> mails = cache.Queue<string>("mails");                               // delivered until completed; then again, then a dead letter
        mails.Enqueue("ada@example.org");
        if (await mails.ReceiveAsync(TimeSpan.FromSeconds(5), token) is { } mail)
        {
            Console.WriteLine($"{mail.Body}, delivery {mail.Deliveries}");
            mail.Complete();
        }

        Leaderboard<string> level = cache.Leaderboard<string>("level:7");
        level.SubmitBest("ada", 4200);
        foreach (LeaderboardEntry<string> entry in level.Around("ada", neighbours: 2))
        {
            Console.WriteLine($"{entry.Rank}. {entry.Member} {entry.Score}");                 // equal scores share a rank: 1, 2, 2, 4
        }

        TimeSeriesCounter views = cache.TimeSeries("views:home");                             // by second, minute, hour and day; old ones go
        views.Increment();
        long lastHour = views.Sum(TimeSpan.FromMinutes(1), 60);

        CacheBitmap today = cache.Bitmap("active:2026-07-11");
        today.Set(4711);

        byte[]? dump = cache.Keys.Dump("level:7");                                            // Redis restores it, and the other way round

        await using CacheLock held = await cache.Locks.AcquireAsync("invoice:7", TimeSpan.FromSeconds(30), token);
        long fence = held.FencingToken;                                                       // grows with every holder

        RateLimitDecision decision = cache.RateLimits.TokenBucket(burst: 10, permits: 5, TimeSpan.FromSeconds(1)).TryAcquire("user:42");
    }

    internal static async Task Bounded()
    {
        using var bounded = new EmbeddedCache(new EmbeddedCacheOptions
        {
            MaxMemoryPercent = 25,                              // of the container's limit or the machine; or MaxMemory in bytes
            EvictionPolicy = EvictionPolicy.AllKeysAdaptive,    // the default: what is worth least for its bytes gives way
        });
        await bounded.SetMaxMemoryAsync(512L << 20);            // live, in small steps
        bounded.Strings.Set("rates", "1.08", new SetOptions { Priority = EvictionPriority.NeverRemove });   // or Low, High, or EvictionCost = 20
    }

    internal static async Task Durable()
    {
        await using var safe = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions
        {
            Folder = "cache-data",
            Durability = DurabilityMode.Always,       // a write returns when it is on disk; concurrent writers share one sync
            MaxMemory = 256L << 20,                   // bytes, counted exactly
        });
        Console.WriteLine(safe.Recovery);             // what was found, what a torn end cost
    }

    internal static async Task Past(EmbeddedCache cache, DateTimeOffset deployedAt)
    {
        await using var remembering = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions { Folder = "cache-data", HistoryRetention = TimeSpan.FromDays(7) });
        RestoreReport past = await remembering.RestoreKeysAsync("user:*", deployedAt.AddSeconds(-1));   // into the running cache

        await using var monday = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions { Folder = "cache-data", RecoverTo = deployedAt.AddSeconds(-1) });
    }

    internal static async Task Backups()
    {
        await using var shop = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions
        {
            Folder = "cache-data",
            Backup = new BackupOptions
            {
                Store = new FolderBackupStore("backups"),             // or a bucket: IBackupStore has four methods
                Window = new TimeOnly(3, 0),                          // one each day, kept for a week
                RetentionDays = 7,
            },
        });
        await shop.Backups.CreateAsync("before-release-7");
    }

    internal static async Task Encrypted()
    {
        await using var vault = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions
        {
            Folder = "cache-data",
            Envelope = new EnvelopeOptions { Keys = KeyProvider.FromFile("cache.keys") },     // a line: k1:32 bytes in base64; the first is the current key
        });
    }

    internal static async Task RdbFiles(EmbeddedCache cache)
    {
        long keys = await cache.ExportAsync("backup.rdb");                            // of one moment, while everybody goes on
        ImportReport report = await cache.ImportAsync("backup.rdb", ImportMode.Replace);
    }

    internal static void Distributed(WebApplicationBuilder builder)
    {
        builder.Services.AddElastiCacheEmbedded(options => options.Folder = "cache-data");
        builder.Services.AddSession();            // sessions, output cache and all that takes IDistributedCache now use it
    }

    internal static async Task Hybrid(WebApplicationBuilder builder, HybridCache hybrid, int id)
    {
        builder.Services.AddElastiCacheEmbedded(options => options.Folder = "cache-data");
        builder.Services.AddHybridCache();

        User ada = await hybrid.GetOrCreateAsync($"user:{id}", async token => await LoadUserAsync(id, token));
    }

    private static ValueTask<User> LoadUserAsync(int id, CancellationToken token) => new(new User(id, "Ada"));
}
