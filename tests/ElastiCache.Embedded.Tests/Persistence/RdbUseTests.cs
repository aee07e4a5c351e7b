using System.Diagnostics;
using System.Text;
using ElastiCache.Embedded.Tests.Commands;
using ElastiCache.Embedded.Tests.Crash;
using ElastiCache.Embedded.Tests.House;
using Microsoft.Extensions.Time.Testing;
using RealRedis = ElastiCache.Embedded.Tests.Peers.RedisServer;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Idle times and frequencies in RDB files: written and read as redis-server does, by the policy.</summary>
public sealed class RdbUseTests : IDisposable
{
    private const int LargeHash = 5_000;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(EvictionPolicy.AllKeysLru, "allkeys-lru")]
    [InlineData(EvictionPolicy.VolatileLru, "volatile-lru")]
    [InlineData(EvictionPolicy.AllKeysLfu, "allkeys-lfu")]
    [InlineData(EvictionPolicy.VolatileLfu, "volatile-lfu")]
    public async Task Redis_loads_how_keys_were_used_and_what_it_saves_comes_back(EvictionPolicy policy, string name)
    {
        _ = Peer.Find("redis-server");
        bool byTime = policy is EvictionPolicy.AllKeysLru or EvictionPolicy.VolatileLru;
        string subject = byTime ? "IDLETIME" : "FREQ";
        Dictionary<string, long> uses = [];
        await using (EmbeddedCache cache = New(policy))
        {
            using var session = new CommandSession(cache);
            uses = Fill(session, byTime);
            await cache.ExportAsync(_folder["dump.rdb"], Token);
        }

        Assert.Contains("RDB looks OK", Run("redis-check-rdb", _folder["dump.rdb"]), StringComparison.Ordinal);
        using (RealRedis redis = RealRedis.Start("--dir", _folder[""], "--dbfilename", "dump.rdb", "--maxmemory", "100mb", "--maxmemory-policy", name, "--lfu-decay-time", "0"))
        {
            AssertUses(uses, key => redis.Execute("OBJECT", subject, key).Number, byTime);
            Assert.Equal("OK", redis.Execute("SAVE").Text);
        }

        await using EmbeddedCache back = New(policy);
        using var again = new CommandSession(back);
        await back.ImportAsync(_folder["dump.rdb"], cancellationToken: Token);
        AssertUses(uses, key => again.Execute($"OBJECT {subject} {key}").Number, byTime);
    }

    [Theory]
    [InlineData(EvictionPolicy.AllKeysLru, EvictionPolicy.NoEviction, true)]        // of idle times only Redis's LRU policies write something, and all but its LFU policies read it
    [InlineData(EvictionPolicy.AllKeysLru, EvictionPolicy.AllKeysLfu, false)]
    [InlineData(EvictionPolicy.AllKeysLfu, EvictionPolicy.VolatileLfu, true)]
    [InlineData(EvictionPolicy.AllKeysLfu, EvictionPolicy.AllKeysLru, false)]
    [InlineData(EvictionPolicy.NoEviction, EvictionPolicy.AllKeysLru, false)]
    [InlineData(EvictionPolicy.AllKeysAdaptive, EvictionPolicy.AllKeysLru, false)]
    public async Task What_does_not_fit_the_policy_is_read_over(EvictionPolicy written, EvictionPolicy read, bool fits)
    {
        Dictionary<string, long> uses;
        await using (EmbeddedCache cache = New(written))
        {
            using var session = new CommandSession(cache);
            uses = Fill(session, byTime: written != EvictionPolicy.AllKeysLfu);
            await cache.ExportAsync(_folder["dump.rdb"], Token);
        }

        bool byTime = read is not (EvictionPolicy.AllKeysLfu or EvictionPolicy.VolatileLfu);
        await using EmbeddedCache back = New(read);
        using var again = new CommandSession(back);
        await back.ImportAsync(_folder["dump.rdb"], cancellationToken: Token);

        long asNew = byTime ? 0 : 5;
        AssertUses(fits ? uses : uses.Keys.ToDictionary(key => key, _ => asNew), key => again.Execute($"OBJECT {(byTime ? "IDLETIME" : "FREQ")} {key}").Number, byTime);
    }

    [Fact]
    public async Task Where_nothing_is_tracked_nothing_is_written_and_what_is_there_is_read_over()
    {
        await using EmbeddedCache tracking = New(EvictionPolicy.AllKeysLfu), plain = new(new EmbeddedCacheOptions { EvictionPolicy = EvictionPolicy.AllKeysLfu, MaxMemory = 64 << 20, TimeProvider = _time });
        tracking.Strings.Set("k", "v");
        plain.Strings.Set("k", "v");
        await tracking.ExportAsync(_folder["tracking.rdb"], Token);
        await plain.ExportAsync(_folder["plain.rdb"], Token);

        Assert.Equal(2, new FileInfo(_folder["tracking.rdb"]).Length - new FileInfo(_folder["plain.rdb"]).Length);
        Assert.Equal(new ImportReport(1, 0, 0), await plain.ImportAsync(_folder["tracking.rdb"], ImportMode.Replace, Token));
    }

    [Theory]
    [InlineData(EvictionPolicy.AllKeysLru)]
    [InlineData(EvictionPolicy.AllKeysLfu)]
    public async Task A_log_that_was_rewritten_keeps_how_keys_were_used(EvictionPolicy policy)
    {
        bool byTime = policy == EvictionPolicy.AllKeysLru;
        Dictionary<string, long> uses;
        await using (EmbeddedCache cache = await EmbeddedCache.OpenAsync(Options(policy, _folder["cache"]), Token))
        {
            using var session = new CommandSession(cache);
            uses = Fill(session, byTime);
            await cache.RewriteLogAsync(Token);
        }

        await using EmbeddedCache again = await EmbeddedCache.OpenAsync(Options(policy, _folder["cache"]), Token);
        using var after = new CommandSession(again);
        AssertUses(uses, key => after.Execute($"OBJECT {(byTime ? "IDLETIME" : "FREQ")} {key}").Number, byTime);
    }

    // Of all kinds, small, large, with and without a deadline.
    private static Dictionary<string, long> Fill(CommandSession session, bool byTime)
    {
        string[] lines =
        [
            "SET text hello", "SET number 12345", "RPUSH list a b 3", "HSET hash f v g w", "SADD set 1 2 3", "ZADD sorted 1.5 a 2 b", "XADD stream 1-1 f v", "SETEX expiring 100000 v",
            $"HSET large {string.Join(' ', Enumerable.Range(0, 2 * LargeHash))}", $"SET long {new string('x', 20_000)}",
        ];
        var uses = new Dictionary<string, long>();
        foreach (string line in lines)
        {
            session.Execute(line);
            string key = line.Split(' ')[1];
            long use = byTime ? 1_000L * (uses.Count + 1) : 20 * (uses.Count + 1);
            byte[] ttl = Encoding.ASCII.GetBytes(key == "expiring" ? "100000000" : "0");
            session.Execute([.. UsingCommands.Words($"RESTORE {key}"), ttl, session.Execute($"DUMP {key}").Bytes!, .. UsingCommands.Words($"REPLACE {(byTime ? "IDLETIME" : "FREQ")} {use}")]);
            uses.Add(key, use);
        }

        return uses;
    }

    // Another process's clock goes on.
    private static void AssertUses(Dictionary<string, long> uses, Func<string, long?> ask, bool byTime)
    {
        foreach ((string key, long use) in uses)
        {
            long answer = ask(key) ?? throw new InvalidOperationException($"'{key}' is not there.");
            Assert.True(answer >= use && answer <= use + (byTime ? 500 : 0), $"{key}: {answer}, and it was {use}");
        }
    }

    private EmbeddedCache New(EvictionPolicy policy) => new(Options(policy, folder: null));

    private EmbeddedCacheOptions Options(EvictionPolicy policy, string? folder) => new()
    {
        Folder = folder,
        TracksAccess = true,
        EvictionPolicy = policy,
        MaxMemory = 64 << 20,
        LfuDecayTime = TimeSpan.Zero,
        TimeProvider = _time,
    };

    private static string Run(string program, string argument)
    {
        using Process process = Process.Start(new ProcessStartInfo(Peer.Find(program), [argument]) { RedirectStandardOutput = true })!;
        string printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return printed;
    }
}
