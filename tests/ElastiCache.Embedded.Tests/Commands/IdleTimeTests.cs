using ElastiCache.Embedded.Tests.Api;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Tests.Persistence;
using Microsoft.Extensions.Time.Testing;
using RedisServer = ElastiCache.Embedded.Tests.Peers.RedisServer;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>OBJECT IDLETIME, and which commands use a key, beside redis-server's.</summary>
public sealed class IdleTimeTests : IDisposable
{
    private const long Idle = 500;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly EmbeddedCache _cache;
    private readonly CommandSession _session;

    public IdleTimeTests()
    {
        _cache = new EmbeddedCache(new EmbeddedCacheOptions { TracksAccess = true, TimeProvider = _time });
        _session = new CommandSession(_cache);
    }

    public void Dispose()
    {
        _session.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public void Every_command_uses_the_keys_that_it_uses_in_redis()
    {
        using RedisServer redis = RedisServer.Start();
        foreach (string command in UsingCommands.Lines)
        {
            Assert.Equal($"{command}: {UsesOf(command, redis.Execute)}", $"{command}: {UsesOf(command, _session.Execute)}");
        }
    }

    [Fact]
    public void The_time_is_told_in_whole_seconds_and_told_again_without_being_a_use()
    {
        _session.Execute("SET k v");
        _time.Advance(TimeSpan.FromSeconds(3.999));

        Assert.Equal(3, _session.Execute("OBJECT IDLETIME k").Number);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(63, _session.Execute("OBJECT IDLETIME k").Number);
        Assert.Equal(TimeSpan.FromSeconds(63), _cache.Keys.IdleTime("k"));
        Assert.Equal(1, _session.Execute("TOUCH k absent").Number);
        Assert.Equal(0, _session.Execute("OBJECT IDLETIME k").Number);
        Assert.True(_session.Execute("OBJECT IDLETIME absent").IsNull);
        Assert.Null(_cache.Keys.IdleTime("absent"));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1000", 1000)]
    [InlineData("9223372036854775807", (1 << 24) - 1 - 3600)]      // 194 days, which is as far as the clock goes
    public void RESTORE_sets_the_time(string seconds, long told)
    {
        _session.Execute("SET k v");
        byte[] payload = _session.Execute("DUMP k").Bytes!;

        Assert.Equal("OK", _session.Execute([.. Words("RESTORE k 0"), payload, .. Words($"REPLACE IDLETIME {seconds}")]).Text);
        Assert.Equal("OK", _session.Execute([.. Words("RESTORE new 0"), payload, .. Words($"IDLETIME {seconds}")]).Text);
        Assert.Equal("OK", _session.Execute([.. Words("RESTORE without 0"), payload]).Text);

        Assert.Equal(told, _session.Execute("OBJECT IDLETIME k").Number);
        Assert.Equal(told, _session.Execute("OBJECT IDLETIME new").Number);
        Assert.Equal(0, _session.Execute("OBJECT IDLETIME without").Number);
    }

    [Fact]
    public void What_RESTORE_was_told_is_in_the_log_and_other_keys_begin_anew_at_the_opening()
    {
        var disk = new SimulatedDisk();
        EmbeddedCache Open() => EmbeddedCache.Open(new EmbeddedCacheOptions { Folder = "disk", TracksAccess = true, TimeProvider = _time, Durability = DurabilityMode.Always }, disk);
        using (EmbeddedCache cache = Open())
        using (var session = new CommandSession(cache))
        {
            session.Execute("SET other v");
            session.Execute([.. Words("RESTORE k 0"), session.Execute("DUMP other").Bytes!, .. Words("IDLETIME 70")]);
        }

        _time.Advance(TimeSpan.FromSeconds(5));

        using (EmbeddedCache cache = Open())
        {
            Assert.Equal(TimeSpan.FromSeconds(70), cache.Keys.IdleTime("k"));
            Assert.Equal(TimeSpan.Zero, cache.Keys.IdleTime("other"));
        }
    }

    [Fact]
    public void Who_did_not_ask_for_it_is_told_what_to_set()
    {
        using var cache = new EmbeddedCache();
        using var session = new CommandSession(cache);
        session.Execute("SET k v");

        const string Refusal = "Idle times are not tracked: set EmbeddedCacheOptions.TracksAccess, or 'track-access yes' for the server program.";
        Assert.Equal(Refusal, Assert.Throws<InvalidOperationException>(() => cache.Keys.IdleTime("k")).Message);
        Assert.Equal("ERR " + Refusal, session.Execute("OBJECT IDLETIME k").Error);
        Assert.True(session.Execute("OBJECT IDLETIME absent").IsNull);
        Assert.Null(cache.Keys.IdleTime("absent"));
    }

    [Theory]
    [InlineData(EvictionPolicy.AllKeysLfu, "allkeys-lfu")]
    [InlineData(EvictionPolicy.VolatileLfu, "volatile-lfu")]
    [InlineData(EvictionPolicy.AllKeysLru, "allkeys-lru")]
    [InlineData(EvictionPolicy.VolatileTtl, "volatile-ttl")]
    public void Of_idle_time_and_frequency_the_one_is_told_that_the_policy_goes_by(EvictionPolicy policy, string name)
    {
        using RedisServer redis = RedisServer.Start("--maxmemory-policy", name, "--maxmemory", "100mb");
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { TracksAccess = true, EvictionPolicy = policy, MaxMemory = 64 << 20 });
        using var session = new CommandSession(cache);
        foreach (string[] command in (string[][])[["SET", "k", "v"], ["OBJECT", "IDLETIME", "k"], ["OBJECT", "FREQ", "k"], ["OBJECT", "IDLETIME", "absent"], ["OBJECT", "FREQ", "absent"]])
        {
            RedisReply theirs = redis.Execute(command), ours = session.Execute(string.Join(' ', command));
            Assert.Equal(theirs.Error, ours.Error);
            Assert.Equal((theirs.IsNull, theirs.Number != null), (ours.IsNull, ours.Number != null));
        }
    }

    private static byte[][] Words(string line) => UsingCommands.Words(line);

    // Which keys are as idle as they were restored, which were used, which are not there; also in the database that MOVE and SWAPDB go to.
    private static string UsesOf(string command, Func<byte[][], RedisReply> execute)
    {
        UsingCommands.Restore(execute, $"IDLETIME {Idle}");
        execute(Words(command));
        return UsingCommands.Ask(execute, "IDLETIME", static (key, seconds) => seconds >= Idle ? key : $"{key}(used)");
    }
}
