using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Tests.Commands;
using Xunit;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>The real redis-check-aof and redis-server on our folder, and we on theirs.</summary>
public sealed class RedisPeerTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("elasticache-redis-").FullName;
    private readonly FakeShards _shards = new(4);

    private string Folder => Path.Combine(_parent, "cache");

    private string Manifest => Path.Combine(Folder, "appendonlydir", "appendonly.aof.manifest");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public void Redis_check_aof_accepts_our_log_whether_it_is_empty_open_or_closed()
    {
        string check = Peers.RedisCheckAof;
        AppendLog log = Open(out _);
        AssertValid(check);
        Write(log);
        log.Flush();
        AssertValid(check);

        log.Close();

        AssertValid(check);
    }

    [Fact]
    public void Redis_server_answers_from_our_log_and_we_read_on_from_what_it_appended()
    {
        string server = Peers.RedisServer;
        Assert.NotNull(server);
        AppendLog log = Open(out _);
        Write(log);
        log.Close();

        using (var redis = new RedisServer(Folder, "--aof-timestamp-enabled", "yes"))
        {
            Assert.Equal("value 3\nvalue 7", redis.Ask("mget", "key:3", "key:7"));
            Assert.Equal("in two", redis.Ask("-n", "2", "get", "other"));
            Assert.Equal("both", redis.Ask("get", "block:1"));
            redis.Ask("set", "theirs", "1");
            redis.Ask("-n", "2", "del", "other");
        }

        log = Open(out ModelStore store);
        Assert.Equal("1", store.Entries[(0, "theirs")]);
        Assert.Equal("value 7", store.Entries[(0, "key:7")]);
        Assert.False(store.Entries.ContainsKey((2, "other")));
        log.Set(_shards, 0, "ours again", "2");
        log.Close();
        AssertValid(Peers.RedisCheckAof);

        using (var redis = new RedisServer(Folder))
        {
            Assert.Equal("1\n2", redis.Ask("mget", "theirs", "ours again"));
        }
    }

    [Fact]
    public void A_log_of_redis_server_that_was_rewritten_without_RDB_is_read()
    {
        Directory.CreateDirectory(Folder);
        using (var redis = new RedisServer(Folder, "--aof-use-rdb-preamble", "no"))
        {
            redis.Ask("set", "a", "1");
            redis.Ask("-n", "5", "set", "b", "2");
            redis.Ask("bgrewriteaof");
            while (!redis.Ask("info", "persistence").Contains("aof_rewrite_in_progress:0", StringComparison.Ordinal) ||
                   redis.Ask("info", "persistence").Contains("aof_rewrite_scheduled:1", StringComparison.Ordinal))
            {
            }

            redis.Ask("set", "c", "3");
        }

        AppendLog log = Open(out ModelStore store);
        log.Close();

        Assert.Equal("1", store.Entries[(0, "a")]);
        Assert.Equal("2", store.Entries[(5, "b")]);
        Assert.Equal("3", store.Entries[(0, "c")]);
    }

    [Fact]
    public async Task A_log_that_redis_server_rewrote_into_RDB_is_read_and_rewritten_and_read_by_it_again()
    {
        Directory.CreateDirectory(Folder);
        using (var redis = new RedisServer(Folder))
        {
            redis.Ask("rpush", "list", "a", "b");
            redis.Ask("-n", "3", "zadd", "board", "1.5", "ada");
            redis.Ask("bgrewriteaof");
            while (!redis.Ask("info", "persistence").Contains("aof_rewrite_in_progress:0", StringComparison.Ordinal) ||
                   redis.Ask("info", "persistence").Contains("aof_rewrite_scheduled:1", StringComparison.Ordinal))
            {
            }

            redis.Ask("rpush", "list", "c");
        }

        await using (EmbeddedCache cache = await EmbeddedCache.OpenAsync(Folder, TestContext.Current.CancellationToken))
        {
            Assert.Equal(["a", "b", "c"], cache.List<string>("list").Range());
            Assert.Equal(1.5, cache.Database(3).SortedSet<string>("board").Score("ada"));
            Assert.Equal(2, cache.Recovery!.Entries);
            await cache.RewriteLogAsync(TestContext.Current.CancellationToken);
            cache.List<string>("list").PushRight("d");
        }

        AssertValid(Peers.RedisCheckAof);
        using (var redis = new RedisServer(Folder))
        {
            Assert.Equal("a\nb\nc\nd", redis.Ask("lrange", "list", "0", "-1"));
            Assert.Equal("1.5", redis.Ask("-n", "3", "zscore", "board", "ada"));
        }
    }

    [Fact]
    public async Task A_rewritten_log_holds_everything_and_redis_server_answers_from_it()
    {
        var options = new EmbeddedCacheOptions { Folder = Folder, KeyspaceNotifications = "" };
        await using var copy = new EmbeddedCache();
        await using (EmbeddedCache cache = await EmbeddedCache.OpenAsync(options, TestContext.Current.CancellationToken))
        {
            using (var session = new CommandSession(cache))
            {
                CacheContents.Fill(session, seed: 3);
            }

            await cache.RewriteLogAsync(TestContext.Current.CancellationToken);
            cache.Strings.Set("after", 1);
            await cache.ExportAsync(Path.Combine(_parent, "copy.rdb"), TestContext.Current.CancellationToken);
            await copy.ImportAsync(Path.Combine(_parent, "copy.rdb"), cancellationToken: TestContext.Current.CancellationToken);
        }

        Assert.Equal(
            ["appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof", "appendonly.aof.manifest"],
            Directory.GetFiles(Path.GetDirectoryName(Manifest)!).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        AssertValid(Peers.RedisCheckAof);
        await using (EmbeddedCache again = await EmbeddedCache.OpenAsync(options, TestContext.Current.CancellationToken))
        {
            CacheContents.AssertSame(copy, again);
            CacheContents.AssertSame(again, copy);
        }

        using var redis = new RedisServer(Folder);
        for (int database = 0; database < 16; database++)
        {
            Assert.Equal($"{copy.Database(database).Keys.Count}", redis.Ask("-n", $"{database}", "dbsize"));
        }
    }

    [Fact]
    public async Task Rewrites_one_after_another_under_full_load_lose_nothing()
    {
        const int Threads = 4;
        long[] written = new long[Threads];
        var options = new EmbeddedCacheOptions { Folder = Folder, LogRewriteGrowthPercent = 0 };
        await using (EmbeddedCache cache = await EmbeddedCache.OpenAsync(options, TestContext.Current.CancellationToken))
        {
            using var stop = new CancellationTokenSource();
            Task[] writers = [.. Enumerable.Range(0, Threads).Select(thread =>
                Task.Factory.StartNew(() => Write(cache, thread, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            for (int i = 0; i < 20; i++)
            {
                await cache.RewriteLogAsync(TestContext.Current.CancellationToken);
            }

            await stop.CancelAsync();
            await Task.WhenAll(writers);
        }

        await using EmbeddedCache again = await EmbeddedCache.OpenAsync(Folder, TestContext.Current.CancellationToken);
        for (int thread = 0; thread < Threads; thread++)
        {
            Assert.Equal(written[thread], again.Strings.Get<long>($"count:{thread}"));
            Assert.Equal(written[thread], again.Hash<int, long>("counts").Get(thread));
            Assert.Equal(written[thread], again.List<long>($"list:{thread}").Count() + again.Strings.Get<long>($"popped:{thread}"));
            Assert.Equal(written[thread], Assert.Single(again.List<long>($"list:{thread}").Range(-1)));
        }

        void Write(EmbeddedCache cache, int thread, CancellationToken stop)
        {
            for (long i = 1; !stop.IsCancellationRequested; i++)
            {
                cache.Transact([$"count:{thread}", "counts", $"list:{thread}", $"popped:{thread}"], tx =>
                {
                    tx.Strings.Increment($"count:{thread}");
                    tx.Hash<int, long>("counts").Increment(thread, 1);
                    tx.List<long>($"list:{thread}").PushRight(i);
                    if (i > 1_000)
                    {
                        tx.List<long>($"list:{thread}").TryPopLeft(out _);
                        tx.Strings.Increment($"popped:{thread}");
                    }
                });
                written[thread] = i;
            }
        }
    }

    private AppendLog Open(out ModelStore store)
    {
        store = new ModelStore();
        var clock = new CacheClock(TimeProvider.System);
        return new AppendLog(
            Recovery.Run(new DiskStorage(Folder), store, clock), _shards, new AppendLogOptions { Mode = DurabilityMode.Always }, clock);
    }

    private void Write(AppendLog log)
    {
        for (int i = 0; i < 100; i++)
        {
            log.Wait(log.Set(_shards, i % 4, $"key:{i}", $"value {i}"));
        }

        log.Set(_shards, 0, "other", "in two", database: 2);
        log.Set(_shards, 0, "binary", "\r\n#EC:commit\r\n*3\r\n\0\u00ff");
        log.Wait(log.SetAll(_shards, [0, 1, 3], shard => $"block:{shard}", "both", database: 0));
    }

    private void AssertValid(string check)
    {
        (int exitCode, string output) = Peers.Run(check, Manifest);
        Assert.True(exitCode == 0, output);
        Assert.Contains("All AOF files and manifest are valid", output, StringComparison.Ordinal);
    }
}
