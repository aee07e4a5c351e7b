using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;
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
    public void A_base_that_redis_server_wrote_as_RDB_is_refused_by_name()
    {
        Directory.CreateDirectory(Folder);
        using (var redis = new RedisServer(Folder))
        {
            redis.Ask("set", "a", "1");
        }

        var error = Assert.Throws<LogFormatException>(() => Open(out _));

        Assert.EndsWith("appendonly.aof.1.base.rdb", error.Path, StringComparison.Ordinal);
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
