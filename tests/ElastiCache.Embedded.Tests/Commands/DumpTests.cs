using System.Buffers.Binary;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Tests.Api;
using ElastiCache.Embedded.Tests.Differential;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Tests.Persistence;
using RedisServer = ElastiCache.Embedded.Tests.Peers.RedisServer;
using ElastiCache.Embedded.Values;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>DUMP and RESTORE beside redis-server's, and payloads that nobody should have written.</summary>
public sealed class DumpTests(ITestOutputHelper output)
{
    private const int Mutations = 400;
    private const long SomeTimeAgo = 1_000_000_000_000;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void A_value_goes_to_redis_and_back_and_is_the_same(int seed, bool smallThresholds)
    {
        output.WriteLine($"seed {seed}");
        using RedisServer redis = RedisServer.Start("--enable-debug-command", "yes");
        using CommandSession ours = Filled(redis, seed, smallThresholds);

        int compared = 0;
        foreach (RedisReply name in redis.Execute("KEYS", "*").Items!)
        {
            byte[] key = name.Bytes!;
            if (Bytes(ours, "DUMP", key) is not { } payload || Redis(redis, "DUMP", key).Bytes is not { } theirPayload)
            {
                continue;
            }

            // A digest covers the deadline, and a payload does not.
            Redis(redis, "PERSIST", key);

            // Ours on redis-server, theirs here, and what comes out here there once more.
            Assert.Equal("OK", Redis(redis, "RESTORE", "from-ours"u8.ToArray(), "0"u8.ToArray(), payload, "REPLACE"u8.ToArray()).Text);
            Assert.Equal("OK", ours.Execute([.. Words("RESTORE", "from-theirs", "0"), theirPayload, .. Words("REPLACE")]).Text);
            byte[] back = Bytes(ours, "DUMP", "from-theirs"u8.ToArray())!;
            Assert.Equal("OK", Redis(redis, "RESTORE", "back"u8.ToArray(), "0"u8.ToArray(), back, "REPLACE"u8.ToArray()).Text);

            RedisReply digests = redis.ExecuteAll([[.. Words("DEBUG", "DIGEST-VALUE"), key, .. Words("from-ours", "back")]])[0];
            string where = $"seed {seed}, key {PeerComparison.Text([key])}";
            Assert.True(digests.Items![0].Text == digests.Items[1].Text, $"{where}: ours is another value on redis-server");
            Assert.True(digests.Items[0].Text == digests.Items[2].Text, $"{where}: theirs came back as another value");
            if (Redis(redis, "TYPE", key).Text == "stream")
            {
                Assert.Equal(StreamDetails(redis, key), StreamDetails(redis, "from-ours"u8.ToArray()));
                Assert.Equal(StreamDetails(redis, key), StreamDetails(redis, "back"u8.ToArray()));
            }
            else if (Redis(redis, "TYPE", key).Text != "string")
            {
                Assert.Equal(redis.Execute("OBJECT", "ENCODING", "back").Text, ours.Execute(Words("OBJECT", "ENCODING", "from-theirs")).Text);
            }

            compared++;
        }

        output.WriteLine($"{compared} values compared");
        Assert.True(compared > 30);
    }

    [Fact]
    public void Options_are_checked_in_the_order_and_the_words_of_redis()
    {
        using RedisServer redis = RedisServer.Start();
        using var ours = new CommandSession();
        byte[] payload = [0, 1, (byte)'v', 10, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Seal(payload);
        byte[] later = [.. payload];
        later[^10] = 200;
        Seal(later);
        byte[] wrong = [.. payload];
        wrong[1] ^= 1;
        byte[] damaged = [2, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Seal(damaged);
        string[][] tails =
        [
            [], ["REPLACE"], ["replace", "absttl"], ["IDLETIME"], ["IDLETIME", "-1"], ["IDLETIME", "x"], ["IDLETIME", "5"], ["FREQ", "256"], ["FREQ", "-1"], ["FREQ", "x"], ["FREQ", "255", "REPLACE"],
            ["IDLETIME", "5", "FREQ", "5"], ["FREQ", "5", "IDLETIME", "5"], ["ABSTTL"], ["KEEP"], ["REPLACE", "REPLACE"],
        ];
        var commands = new List<byte[][]>();
        foreach (byte[] body in (byte[][])[payload, later, wrong, damaged, [], [1, 2, 3]])
        {
            foreach (string ttl in (string[])["0", "-1", "x", "100000", "4102444800000", "9223372036854775807", "9223372036854775808", ""])
            {
                foreach (string[] tail in tails)
                {
                    commands.Add([.. Words("RESTORE", "k", ttl), body, .. Words(tail)]);
                    commands.Add(Words("GET", "k"));
                    if (commands.Count % 7 == 0)
                    {
                        commands.Add(Words("DEL", "k"));
                    }
                }
            }
        }

        commands.Add(Words("SET", "k", "v"));
        commands.Add([.. Words("RESTORE", "k", "1"), payload, .. Words("ABSTTL", "REPLACE")]);
        commands.Add(Words("EXISTS", "k"));
        commands.Add(Words("RESTORE", "k", "1"));
        commands.Add(Words("RESTORE"));
        commands.Add(Words("DUMP"));
        commands.Add(Words("DUMP", "absent"));
        commands.Add(Words("DUMP", "a", "b"));

        PeerComparison.Same(redis, ours, commands, CommandFamilies.Unordered, "options");
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void A_damaged_payload_with_a_right_checksum_is_refused_or_becomes_a_value_that_can_be_used(int seed, bool smallThresholds)
    {
        output.WriteLine($"seed {seed}");
        using RedisServer redis = RedisServer.Start("--enable-debug-command", "yes");
        using CommandSession filled = Filled(redis, seed, smallThresholds);
        using var ours = new CommandSession();
        var random = new Random(seed);
        byte[][] payloads =
        [
            .. redis.Execute("KEYS", "*").Items!.Select(name => Redis(redis, "DUMP", name.Bytes!).Bytes!).Where(payload => payload.Length < 4_000),
            .. redis.Execute("KEYS", "*").Items!.Select(name => Bytes(filled, "DUMP", name.Bytes!)!).Where(payload => payload is { Length: < 4_000 }),
        ];

        int stored = 0;
        foreach (byte[] payload in payloads)
        {
            for (int i = 0; i < Mutations; i++)
            {
                byte[] damaged = Damage(payload, random);
                RedisReply reply = ours.Execute([.. Words("RESTORE", "k", "0"), damaged, .. Words("REPLACE")]);
                if (reply.Error == null)
                {
                    stored++;
                    UseEveryWay(ours, random);
                }
                else
                {
                    Assert.Contains(reply.Error, (string[])["ERR Bad data format", "ERR DUMP payload version or checksum are wrong"]);
                }
            }
        }

        output.WriteLine($"{payloads.Length} payloads, {payloads.Length * Mutations} damaged, {stored} of these still values");
        Assert.True(stored > payloads.Length);
    }

    [Fact]
    public void What_was_restored_is_there_after_a_restart_with_its_deadline()
    {
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
        var disk = new SimulatedDisk();
        EmbeddedCache Open() => CacheFixture.OpenOn(disk, time, DurabilityMode.Always);
        byte[] payload;
        using (EmbeddedCache cache = Open())
        {
            cache.SortedSet<string>("board").Add("ada", 1.5);
            payload = cache.Keys.Dump("board")!;
            Assert.True(cache.Keys.Restore("copy", payload, TimeSpan.FromMinutes(1)));
            Assert.False(cache.Keys.Restore("copy", payload));
            Assert.True(cache.Keys.Restore("board", payload, replace: true));
        }

        using (EmbeddedCache cache = Open())
        {
            Assert.Equal(1.5, cache.SortedSet<string>("copy").Score("ada"));
            Assert.Equal(TimeSpan.FromMinutes(1), cache.Keys.TimeToLive("copy"));
            Assert.Equal(payload, cache.Keys.Dump("board"));
            Assert.Null(cache.Keys.Dump("absent"));
        }
    }

    [Fact]
    public void A_payload_that_is_none_leaves_everything_as_it_was()
    {
        using var cache = new EmbeddedCache();
        cache.Strings.Set("k", "v");
        byte[] payload = cache.Keys.Dump("k")!;
        payload[^1] ^= 1;

        Assert.Throws<FormatException>(() => cache.Keys.Restore("k", payload, replace: true));
        Assert.Throws<FormatException>(() => cache.Keys.Restore("k", default, replace: true));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Keys.Restore("k", payload, TimeSpan.Zero));

        Assert.Equal("v", cache.Strings.Get<string>("k"));
    }

    [Fact]
    public void Without_room_a_restore_leaves_no_half_of_a_value()
    {
        using var full = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1 });
        CacheStream stream = full.Stream("x");
        for (int i = 0; i < 200; i++)
        {
            stream.Add("f", new string('v', 200));
        }

        for (int group = 0; group < 300; group++)
        {
            stream.Group($"group:{group}").Create(StreamId.Min);
            stream.Group($"group:{group}").Read("consumer");
        }

        byte[] payload = full.Keys.Dump("x")!;
        int refused = 0;
        for (long budget = 1 << 20; budget < 8 << 20; budget += 256 << 10)
        {
            using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1, MaxMemory = budget, EvictionPolicy = EvictionPolicy.NoEviction });
            cache.Strings.Set("x", "old");
            try
            {
                cache.Keys.Restore("x", payload, replace: true);
                Assert.Equal(200, cache.Stream("x").Length());
                Assert.Equal(200, cache.Stream("x").Group("group:7").Pending(count: 1_000).Length);
            }
            catch (CacheFullException)
            {
                refused++;
                Assert.True(!cache.Keys.Exists("x") || cache.Strings.GetString("x") == "old");
            }
        }

        Assert.InRange(refused, 1, 27);
    }

    // The same keys of all kinds on both.
    private static CommandSession Filled(RedisServer redis, int seed, bool smallThresholds)
    {
        var ours = new CommandSession();
        if (smallThresholds)
        {
            EncodingLimits limits = ours.Cache.Store.Encodings;
            (limits.HashMaxListpackEntries, limits.SetMaxIntsetEntries, limits.SortedSetMaxListpackEntries, limits.ListMaxListpackSize) = (3, 2, 3, 2);
            limits.StreamNodeMaxEntries = 3;
            redis.Execute("CONFIG", "SET", "hash-max-listpack-entries", "3", "set-max-intset-entries", "2", "zset-max-listpack-entries", "3", "list-max-listpack-size", "2", "stream-node-max-entries", "3");
        }

        var random = new Random(seed);
        var template = new CommandTemplate(random);
        byte[][][] commands = [.. Enumerable.Range(0, 8_000).Select(_ => CommandFamilies.Next(random, template, "sblhtzxpg"))];
        redis.ExecuteAll(commands);
        foreach (byte[][] command in commands)
        {
            ours.Execute(command);
        }

        string large = string.Join(' ', Enumerable.Range(0, 700).Select(i => $"{i % 50} member:{i}"));
        foreach (string more in (string[])[$"ZADD large:z {large}", $"HSET large:h {large.Replace(" member", "x member", StringComparison.Ordinal)}", $"SADD large:s {large}", $"RPUSH large:l {large}", $"SET large:v {new string('v', 300)}", "SADD ints 1 70000 -5000000000"])
        {
            redis.ExecuteAll([Words(more.Split(' '))]);
            ours.Execute(Words(more.Split(' ')));
        }

        return ours;
    }

    private static void UseEveryWay(CommandSession session, Random random)
    {
        foreach (string command in (string[])
        [
            "TYPE k", "OBJECT ENCODING k", "GET k", "STRLEN k", "LRANGE k 0 -1", "LLEN k", "LPOS k a RANK -1", "HGETALL k", "HLEN k", "HRANDFIELD k 5 WITHVALUES", "HSCAN k 0", "SMEMBERS k", "SCARD k", "SRANDMEMBER k -3",
            "ZRANGE k 0 -1 WITHSCORES", "ZRANGE k -inf +inf BYSCORE REV", "ZCARD k", "XLEN k", "XRANGE k - +", "XREVRANGE k + -", "XINFO STREAM k FULL", "PFCOUNT k", "GEOHASH k a", "SORT k ALPHA", "COPY k c REPLACE", "DUMP c",
            "APPEND k x", "LPUSH k new", "LINSERT k BEFORE new other", "RPOP k", "LTRIM k 1 -2", "HSET k new 1", "HINCRBY k new 5", "HDEL k new", "SADD k new", "SADD k 5", "SPOP k", "SREM k new", "ZADD k 5 new", "ZINCRBY k -9 new", "ZPOPMIN k",
            "XADD k * a b", "XADD k * a b c d", "XTRIM k MAXLEN 2", "XGROUP CREATE k more 0", "XREADGROUP GROUP more me STREAMS k >", "XAUTOCLAIM k more you 0 0", "XDEL k 1-1", "DUMP k", "EXPIRE k 1000", "RENAME k k2", "DEL k2",
        ])
        {
            if (random.Next(3) != 0)
            {
                session.Execute(Words(command.Split(' ')));
            }
        }
    }

    private static byte[] Damage(byte[] payload, Random random)
    {
        List<byte> bytes = [.. payload.AsSpan(0, payload.Length - 10)];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes.RemoveAt(at);
                    break;
                case 1:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 2:
                    bytes[at] = (byte)(random.Next(2) == 0 ? 0xFF : 0x80);
                    break;
                case 3 when bytes.Count > 3:
                    bytes.RemoveRange(at, random.Next(1, bytes.Count - at + 1));
                    break;
                case 4:
                    bytes[at]++;
                    break;
                default:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
            }

            if (bytes.Count == 0)
            {
                bytes.Add(0);
            }
        }

        byte[] damaged = [.. bytes, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Seal(damaged);
        return damaged;
    }

    private static void Seal(byte[] payload) =>
        BinaryPrimitives.WriteUInt64LittleEndian(payload.AsSpan(payload.Length - 8), Crc64.Append(0, payload.AsSpan(0, payload.Length - 8)));

    private static string StreamDetails(RedisServer redis, byte[] key) => string.Join(
        '\n',
        redis.ExecuteAll([[.. Words("XINFO", "STREAM"), key, .. Words("FULL", "COUNT", "0")]]).Select(reply => Flat(reply)));

    // Times of delivery are those of two clocks.
    private static string Flat(RedisReply reply) => reply.Number > SomeTimeAgo ? "a time" : reply.Items is null ? reply.ToString()! : $"[{string.Join(", ", reply.Items.Select(Flat))}]";

    private static RedisReply Redis(RedisServer redis, string command, params byte[][] arguments) => redis.ExecuteAll([[Encoding.ASCII.GetBytes(command), .. arguments]])[0];

    private static byte[]? Bytes(CommandSession session, string command, byte[] key) => session.Execute([Encoding.ASCII.GetBytes(command), key]).Bytes;

    private static byte[][] Words(params string[] words) => Array.ConvertAll(words, Encoding.ASCII.GetBytes);
}
