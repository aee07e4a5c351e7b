using System.Globalization;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;
using ElastiCache.Embedded.Server.Commands;
using ElastiCache.Embedded.Server.Statistics;
using ElastiCache.Embedded.Server.Tests.House;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

/// <summary>MEMORY, INFO memory and maxmemory say what is so.</summary>
public sealed class MemoryCommandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_usages_of_all_keys_add_up_to_the_blocks_in_use()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 4 });
        for (int i = 0; i < 20_000; i++)
        {
            cache.Strings.Set($"plain:{i}", new byte[i % 300]);
            cache.Strings.Set($"expiring:{i}", new byte[i % 200], TimeSpan.FromHours(1));
            cache.Hash<string, string>($"small:{i % 500}").Set($"f{i % 20}", "value");
            cache.Set<string>($"large:{i % 4}").Add($"member:{i}");
            cache.SortedSet<string>("board").Add($"member:{i}", i);
        }

        var context = new CommandContext(cache.Store);
        long sum = 0;
        foreach (byte[] name in cache.Keys.MatchBytes())
        {
            KeyProbe.Create(name, out KeyProbe key);
            sum += MemoryCommands.UsageOf(context, key)!.Value;
        }

        long allocated = Enumerable.Range(0, 4).Sum(i => cache.Store.ShardAt(i).Allocator.AllocatedBytes);
        Assert.InRange((double)sum / allocated, 0.98, 1.02);
    }

    [Fact]
    public async Task The_figures_of_MEMORY_STATS_fit_together_and_are_those_of_INFO()
    {
        await using TestServer server = await TestServer.StartAsync();
        Fill(server.Cache, 50_000);
        server.Cache.Database(3).Strings.Set("elsewhere", 1, TimeSpan.FromHours(1));
        using RawClient client = server.Connect();

        Dictionary<string, double> stats = Stats(client);

        CacheStatistics cache = server.Cache.GetStatistics();
        Assert.Equal(cache.UsedBytes, stats["allocator.active"]);
        Assert.Equal(cache.FreeBlockBytes, stats["allocator-fragmentation.bytes"]);
        Assert.Equal(stats["allocator.active"] - stats["allocator.allocated"], stats["allocator-fragmentation.bytes"]);
        Assert.Equal(stats["allocator.active"] + stats["clients.normal"] + stats["aof.buffer"], stats["total.allocated"]);
        Assert.Equal(stats["total.allocated"], stats["overhead.total"] + stats["dataset.bytes"]);
        Assert.Equal(50_001, stats["keys.count"]);
        Assert.True(stats["peak.allocated"] >= stats["total.allocated"]);
        Assert.True(stats["clients.normal"] >= 2048);
        Assert.InRange(stats["dataset.bytes"], 50_000 * 120, 50_000 * 150);
        Assert.InRange(stats["db.0 overhead.hashtable.main"], 50_000 * 10, 50_000 * 25);
        Assert.True(stats["db.3 overhead.hashtable.expires"] > 0);
        Assert.True(stats["allocator.resident"] > stats["allocator.active"]);
        Assert.InRange(stats["fragmentation"], 1, 100);

        string info = client.Ask("INFO memory");
        Assert.Equal(stats["allocator.active"], Field(info, "allocator_active"));
        Assert.Equal(stats["startup.allocated"], Field(info, "used_memory_startup"));
        Assert.Equal(Field(info, "used_memory"), Field(info, "used_memory_overhead") + Field(info, "used_memory_dataset"));
        Assert.Equal(MemoryLimit.Read(), Field(info, "total_system_memory"));
    }

    [Fact]
    public async Task What_clients_keep_in_buffers_counts_against_the_budget_and_entries_give_way_to_it()
    {
        await using TestServer server = await TestServer.StartAsync(cacheOptions: new EmbeddedCacheOptions { MaxMemory = 16 << 20 });
        using RawClient observer = server.Connect();
        using RawClient client = server.Connect();
        Fill(server.Cache, 200_000);
        Assert.True(server.Cache.GetStatistics().UsedBytes > 15 << 20);

        client.Ask("MULTI");
        client.AskWords("SET", "k", new string('x', 3_000_000));
        await server.Cache.SetMaxMemoryAsync(16 << 20, Token);      // ends when the entries have given way

        Dictionary<string, double> stats = Stats(observer);
        Assert.InRange(stats["total.allocated"], 15 << 20, 16 << 20);
        Assert.True(stats["allocator.active"] <= (16 << 20) - 3_000_000, $"{stats["allocator.active"]}");
        Assert.Equal(0, Field(observer.Ask("INFO memory"), "mem_not_counted_for_evict"));
        Assert.Equal(16 << 20, Field(observer.Ask("INFO memory"), "maxmemory"));

        client.Ask("DISCARD");
        Fill(server.Cache, 200_000);
        Assert.True(server.Cache.GetStatistics().UsedBytes > 15 << 20);
    }

    [Fact]
    public async Task PURGE_moves_what_is_left_of_many_entries_together_and_loses_none()
    {
        await using TestServer server = await TestServer.StartAsync(cacheOptions: new EmbeddedCacheOptions { Shards = 4 });
        server.Cache.Sweeper.IsPaused = true;       // or it would do so first
        Fill(server.Cache, 200_000);
        for (int i = 0; i < 200_000; i++)
        {
            if (i % 10 != 0)
            {
                server.Cache.Keys.Delete($"key:{i:D10}");
            }
        }

        using RawClient client = server.Connect();
        Dictionary<string, double> before = Stats(client);
        Assert.True(before["allocator-fragmentation.ratio"] > 2, $"{before["allocator-fragmentation.ratio"]}: the test fragments nothing");
        Assert.Contains("Fragmentation", client.Ask("MEMORY DOCTOR"), StringComparison.Ordinal);

        Assert.Equal("+OK\r\n", client.Ask("MEMORY PURGE"));

        Dictionary<string, double> after = Stats(client);
        Assert.InRange(after["allocator-fragmentation.ratio"], 1, 1.1);
        Assert.True(after["allocator.active"] < before["allocator.active"] / 2);
        Assert.Equal(0, server.Cache.Store.Arena.IdleBytes);
        Assert.Equal(20_000, server.Cache.Keys.Count);
        Assert.Equal(100, server.Cache.Strings.GetBytes("key:0000199990")!.Length);
        Assert.True(before["total.allocated"] - after["total.allocated"] > 10 << 20);
    }

    [Fact]
    public void The_doctor_names_each_thing_that_is_out_of_order_with_its_figures()
    {
        const long Mega = 1L << 20;
        var sound = new MemoryUse { Active = 100 * Mega, Process = 150 * Mega, Keys = 1 };

        Assert.Contains("too little data", Diagnosis(sound with { Active = Mega }), StringComparison.Ordinal);
        Assert.Equal("Memory is in order.\n", Diagnosis(sound));
        Assert.StartsWith("Peak: 300.00M were in use, and now 100.00M are.", MemoryCommands.Diagnosis(sound, 300 * Mega, 0, 1), StringComparison.Ordinal);
        Assert.StartsWith("Fragmentation: 30.00M of 100.00M", Diagnosis(sound with { FreeBlocks = 30 * Mega }), StringComparison.Ordinal);
        Assert.StartsWith("Idle: 20.00M", Diagnosis(sound with { Idle = 20 * Mega }), StringComparison.Ordinal);
        Assert.StartsWith("Process: its resident set is 500.00M, and the store has 100.00M", Diagnosis(sound with { Process = 500 * Mega }), StringComparison.Ordinal);
        Assert.StartsWith("Clients: 1 of them hold 9.00M", Diagnosis(sound with { Clients = 9 * Mega }), StringComparison.Ordinal);
        Assert.StartsWith("Log: 80.00M", Diagnosis(sound with { Log = 80 * Mega }), StringComparison.Ordinal);
        Assert.StartsWith("Budget: index and deadlines take 60.00M", MemoryCommands.Diagnosis(sound with { Wheels = 60 * Mega }, 0, 100 * Mega, 1), StringComparison.Ordinal);

        static string Diagnosis(MemoryUse use) => MemoryCommands.Diagnosis(use, use.Used, 0, 1);
    }

    [Fact]
    public async Task CONFIG_SET_maxmemory_takes_bytes_and_shares_and_the_store_comes_down_to_it()
    {
        await using TestServer server = await TestServer.StartAsync(cacheOptions: new EmbeddedCacheOptions { MaxMemory = 64 << 20 });
        Fill(server.Cache, 300_000);
        using RawClient client = server.Connect();

        Assert.Equal("+OK\r\n", client.Ask("CONFIG SET maxmemory 16mb"));
        await server.Cache.SetMaxMemoryAsync(16 << 20, Token);      // waits for the same work
        Assert.InRange(server.Cache.GetStatistics().UsedBytes, 12 << 20, 16 << 20);
        Assert.Contains("16777216", client.Ask("CONFIG GET maxmemory"), StringComparison.Ordinal);

        Assert.Equal("+OK\r\n", client.Ask("CONFIG SET maxmemory 0"));
        Assert.StartsWith("-ERR CONFIG SET failed (possibly related to argument 'maxmemory')", client.Ask("CONFIG SET maxmemory 101%"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR CONFIG SET failed (possibly related to argument 'reserved-memory-percent')", client.Ask("CONFIG SET reserved-memory-percent 30"), StringComparison.Ordinal);
        Assert.Contains("$1\r\n0\r\n", client.Ask("CONFIG GET reserved-memory-percent"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Notes_of_uses_count_as_overhead_and_against_the_budget()
    {
        const int Keys = 50_000;
        await using TestServer server = await TestServer.StartAsync(cacheOptions: new EmbeddedCacheOptions { TracksAccess = true }, withFakeTime: true);
        Fill(server.Cache, Keys);
        server.Cache.Store.Sweep();     // which looks how many notes there are
        using RawClient client = server.Connect();

        Dictionary<string, double> stats = Stats(client);
        server.Time!.Advance(TimeSpan.FromSeconds(30));

        long times = Enumerable.Range(0, server.Cache.Store.ShardCount).Sum(shard => server.Cache.Store.ShardAt(shard).Tracker!.Bytes);
        Assert.InRange(times, 8 * Keys, 20 * Keys);
        Assert.Equal(times, stats["total.allocated"] - stats["allocator.active"] - stats["clients.normal"] - stats["aof.buffer"]);
        Assert.Equal(times, server.Cache.GetStatistics().OutsideBytes);
        Assert.Equal(stats["total.allocated"], stats["overhead.total"] + stats["dataset.bytes"]);
        Assert.Contains("lru_seconds_idle:30", client.Ask("DEBUG OBJECT key:0000000001"), StringComparison.Ordinal);
        Assert.Equal(":30\r\n", client.Ask("OBJECT IDLETIME key:0000000001"));
        Assert.Contains("$3\r\nyes\r\n", client.Ask("CONFIG GET track-access"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR CONFIG SET failed (possibly related to argument 'track-access')", client.Ask("CONFIG SET track-access no"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parameters_of_frequencies_and_the_policy_may_be_changed_while_the_server_runs()
    {
        var options = new EmbeddedCacheOptions { TracksAccess = true, MaxMemory = 64 << 20, EvictionPolicy = EvictionPolicy.AllKeysLfu, LfuLogFactor = 3, LfuDecayTime = TimeSpan.FromMinutes(2) };
        await using TestServer server = await TestServer.StartAsync(cacheOptions: options, withFakeTime: true);
        using RawClient client = server.Connect();
        Assert.Contains("$1\r\n3\r\n", client.Ask("CONFIG GET lfu-log-factor"), StringComparison.Ordinal);
        Assert.Contains("$1\r\n2\r\n", client.Ask("CONFIG GET lfu-decay-time"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR CONFIG SET failed (possibly related to argument 'lfu-log-factor')", client.Ask("CONFIG SET lfu-log-factor -1"), StringComparison.Ordinal);
        client.Ask("CONFIG SET lfu-log-factor 0 lfu-decay-time 1");
        client.Ask("SET k v");
        for (int i = 0; i < 10; i++)
        {
            client.Ask("GET k");
        }

        Assert.Equal(":15\r\n", client.Ask("OBJECT FREQ k"));
        server.Time!.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(":11\r\n", client.Ask("OBJECT FREQ k"));
        client.Ask("CONFIG SET lfu-decay-time 2");
        Assert.Equal(":13\r\n", client.Ask("OBJECT FREQ k"));
        Assert.Contains("lru_seconds_idle:0", client.Ask("DEBUG OBJECT k"), StringComparison.Ordinal);

        Assert.Equal("+OK\r\n", client.Ask("CONFIG SET maxmemory-policy allkeys-lru"));
        Assert.Equal(":0\r\n", client.Ask("OBJECT IDLETIME k"));
        Assert.StartsWith("-ERR An LFU maxmemory policy is not selected", client.Ask("OBJECT FREQ k"), StringComparison.Ordinal);
        Assert.Equal("+OK\r\n", client.Ask("CONFIG SET maxmemory-policy volatile-lfu"));
        Assert.Equal(":5\r\n", client.Ask("OBJECT FREQ k"));
    }

    private static void Fill(EmbeddedCache cache, int keys)
    {
        for (int i = 0; i < keys; i++)
        {
            cache.Strings.Set($"key:{i:D10}", new byte[100]);
        }
    }

    // Names to numbers; those of a database have its name before them.
    private static Dictionary<string, double> Stats(RawClient client)
    {
        string[] lines = [.. client.Ask("MEMORY STATS").Split("\r\n").Where(line => line.Length > 0 && line[0] is not ('$' or '*'))];
        var stats = new Dictionary<string, double>();
        string database = "";
        for (int i = 0; i < lines.Length;)
        {
            if (lines[i].StartsWith("db.", StringComparison.Ordinal))
            {
                database = lines[i++] + " ";
                continue;
            }

            string name = lines[i].StartsWith("overhead.hashtable", StringComparison.Ordinal) ? database + lines[i] : lines[i];
            stats.Add(name, double.Parse(lines[i + 1].TrimStart(':'), CultureInfo.InvariantCulture));
            i += 2;
        }

        return stats;
    }

    private static double Field(string info, string name)
    {
        string line = info.Split("\r\n").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return double.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }
}
