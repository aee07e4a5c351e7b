using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>What hashes and sets leave behind: effects in the log, events, memory.</summary>
public sealed class MemberEffectTests(RedisServerFixture redis, ITestOutputHelper output) : IClassFixture<RedisServerFixture>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_log_of_random_commands_gives_the_same_data_here_and_on_redis_server(int seed)
    {
        output.WriteLine($"seed {seed}");
        using var session = new StoreSession();
        var source = new MemberCommandSource(new Random(seed));
        for (int i = 0; i < 6_000; i++)
        {
            session.Execute(source.Next());
            if (i % 50 == 0)
            {
                session.Execute($"SPOP set{i % 5} {i % 7}");
                session.Execute($"SPOP set{(i + 1) % 5}");
            }
        }

        List<LoggedCommand> log = session.Keys.TakeLog();
        using var replayed = new StoreSession();
        replayed.Keys.Replay(log);
        Assert.Equal(session.Members(), replayed.Members());

        redis.Server.Execute("FLUSHALL");
        RedisReply[] replies = redis.Server.ExecuteAll([.. log.Select(command => command.Arguments)]);
        Assert.All(replies, reply => Assert.Null(reply.Error));
        foreach (string key in session.Keys.KeysLike("*"))
        {
            string read = session.Keys.Type(key) == ValueKind.Hash ? "HGETALL" : "SMEMBERS";
            Assert.Equal(Sorted(redis.Server.Execute(read, key), read), Sorted(session.Execute($"{read} {key}"), read));
        }
    }

    [Theory]
    [InlineData("HSET h a 1 b 2", "HSET h a 1 b 2", "hset h")]
    [InlineData("HSETNX h f 9", "", "")]
    [InlineData("HSETNX h g 9", "HSET h g 9", "hset h")]
    [InlineData("HINCRBY h n 5", "HSET h n 8", "hincrby h")]
    [InlineData("HINCRBYFLOAT h n 0.5", "HSET h n 3.5", "hincrbyfloat h")]
    [InlineData("HDEL h x y", "", "")]
    [InlineData("HDEL h f x", "HDEL h f x", "hdel h")]
    [InlineData("HDEL h f n", "HDEL h f n", "hdel h, del h")]
    [InlineData("HPEXPIREAT h 9000000000000 FIELDS 2 f x", "HPEXPIREAT h 9000000000000 FIELDS 1 f", "hexpire h")]
    [InlineData("HPEXPIREAT h 1 FIELDS 2 f x", "HDEL h f", "hdel h")]
    [InlineData("HPERSIST h FIELDS 1 f", "", "")]
    [InlineData("SADD s a b", "", "")]
    [InlineData("SADD s a d", "SADD s a d", "sadd s")]
    [InlineData("SREM s x", "", "")]
    [InlineData("SREM s a x", "SREM s a x", "srem s")]
    [InlineData("SREM one a", "SREM one a", "srem one, del one")]
    [InlineData("SPOP one", "DEL one", "spop one, del one")]
    [InlineData("SPOP s 3", "DEL s", "spop s, del s")]
    [InlineData("SPOP s 0", "", "")]
    [InlineData("SMOVE s one b", "SADD one b; SREM s b", "srem s, sadd one")]
    [InlineData("SMOVE s one a", "SREM s a", "srem s")]
    [InlineData("SMOVE one new a", "SADD new a; SREM one a", "srem one, del one, sadd new")]
    [InlineData("SMOVE s s a", "", "")]
    [InlineData("SINTERSTORE new s one", "SADD new a", "sinterstore new")]
    [InlineData("SINTERSTORE h s one", "DEL h; SADD h a", "sinterstore h")]
    [InlineData("SINTERSTORE one s none", "DEL one", "del one")]
    [InlineData("SINTERSTORE none s none", "", "")]
    [InlineData("SUNIONSTORE new one", "SADD new a", "sunionstore new")]
    [InlineData("SDIFFSTORE new one none", "SADD new a", "sdiffstore new")]
    public void Effects_name_results_and_events_are_those_of_Redis(string command, string effects, string events)
    {
        using var session = new StoreSession();
        session.Execute("HSET h f 1 n 3");
        session.Execute("SADD s a b c");
        session.Execute("SADD one a");
        session.Keys.TakeLog();
        session.Events.Take();

        Assert.Null(session.Execute(command).Error);

        Assert.Equal(effects, string.Join("; ", session.Keys.TakeLog().Where(logged => logged.Name is not ("MULTI" or "EXEC")).Select(logged => logged.ToString()[3..])));
        Assert.Equal(events, session.Events.Take());
    }

    [Fact]
    public void SPOP_logs_what_it_drew()
    {
        using var session = new StoreSession();
        session.Execute("SADD s a b c d e f");
        session.Keys.TakeLog();

        string drawn = session.Execute("SPOP s").Text!;
        string[] more = [.. session.Execute("SPOP s 2").Items!.Select(item => item.Text!)];

        Assert.Equal([$"0: SREM s {drawn}", $"0: SREM s {more[0]} {more[1]}"], session.Keys.TakeLog().Select(logged => logged.ToString()));
    }

    [Fact]
    public void A_stored_result_has_no_deadline()
    {
        using var session = new StoreSession();
        session.Execute("SADD s a");
        session.Execute("SADD target x");
        session.Execute("EXPIRE target 100");

        session.Execute("SUNIONSTORE target s");

        Assert.Equal("-1", session.Run("TTL target"));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(100)]
    [InlineData(1_000)]
    [InlineData(20_000)]
    public void Deleting_gives_all_memory_back(int members)
    {
        using var session = new StoreSession();
        for (int i = 0; i < members; i++)
        {
            session.Execute($"HSET h field{i} value{i}");
            session.Execute($"SADD s member{i}");
            session.Execute($"SADD integers {i * 1_000}");
        }

        session.Execute("COPY h h2");
        session.Execute("SUNIONSTORE all s integers");
        Assert.Equal(2 * members, session.Execute("SCARD all").Number);

        session.Execute("DEL h s integers h2 all");
        while (Enumerable.Range(0, 4).Any(shard => session.Store.ShardAt(shard).Collections.HasGarbage))
        {
            session.Store.Sweep();
        }

        session.Store.Sweep();
        Assert.Equal(0, session.AllocatedBytes);
    }

    [Fact]
    public void A_write_that_finds_no_room_changes_nothing()
    {
        using var session = new StoreSession(shards: 1, maxBytes: 4 << 20);
        string big = new('x', 20_000);
        string refusal = "";
        long count = 0;
        for (int i = 0; refusal.Length == 0; i++)
        {
            count = session.Execute("HLEN h").Number!.Value;
            refusal = session.Execute($"HSET h a{i} {big} b{i} {big}").Error ?? "";
        }

        Assert.StartsWith("OOM", refusal, StringComparison.Ordinal);
        Assert.InRange(count, 100, 220);
        Assert.Equal(count, session.Execute("HLEN h").Number);
        Assert.StartsWith("OOM", session.Execute($"SADD s {big} {big}1 {big}2 {big}3 {big}4 {big}5").Error, StringComparison.Ordinal);
        Assert.Equal("0", session.Run("EXISTS s"));

        session.Execute("DEL h");
        Assert.Equal("2", session.Run($"HSET h a {big} b {big}"));
    }

    [Fact]
    public void A_cache_that_evicts_takes_members_without_end()
    {
        const long Budget = 4 << 20;
        using var session = new StoreSession(shards: 2, maxBytes: Budget, evicts: true);
        var random = new Random(1);
        string value = new('x', 300);

        for (int i = 0; i < 60_000; i++)
        {
            int key = random.Next(300);
            Assert.Null(session.Execute($"HSET h{key} f{random.Next(400)} {value}").Error);
            Assert.Null(session.Execute($"SADD s{key} m{random.Next(2_000)}").Error);
            if (i % 100 == 0)
            {
                Assert.Null(session.Execute($"SUNIONSTORE u{key} s{key} s{random.Next(300)} s{random.Next(300)}").Error);
                Assert.Null(session.Execute($"SMOVE s{key} s{random.Next(300)} m{random.Next(2_000)}").Error);
            }
        }

        Assert.InRange(session.Store.Arena.UsedBytes, Budget / 2, Budget + (Budget / 4));
    }

    private static string[] Sorted(RedisReply reply, string read)
    {
        string[] items = [.. reply.Items!.Select(item => Convert.ToHexString(item.Bytes!))];
        return [.. (read == "HGETALL" ? items.Chunk(2).Select(pair => string.Join(':', pair)) : items).Order(StringComparer.Ordinal)];
    }
}
