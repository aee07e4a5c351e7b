using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Tests.Persistence;
using Microsoft.Extensions.Time.Testing;
using RedisServer = ElastiCache.Embedded.Tests.Peers.RedisServer;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>OBJECT FREQ under the LFU policies, beside redis-server's.</summary>
public sealed class FrequencyTests(ITestOutputHelper output) : IDisposable
{
    private const int Keys = 6;

    // Several elements in one command, and several commands in one transaction.
    private static readonly string[] MoreLines =
    [
        "ZADD z 1 a 2 b 3 c", "ZADD z CH 5 a 6 b", "ZADD new 1 a 2 b", "ZREM z a b", "SADD e 7 8 9", "SADD t a b c", "RPUSH t 1 2 3", "HSET h a 1 b 2", "HDEL h f g", "HSET t a 1 b 2", "SPOP e 3", "LPOP l 3",
        "XADD t * a b", "PFADD t a b c", "GEOADD t 1 1 a 2 2 b", "SETRANGE t 3 x", "APPEND t x", "INCR t", "BITFIELD t SET u8 0 1", "SETBIT t 7 1", "MSET t 1 t 2", "SET t v", "GETSET t v", "SMOVE e e 1",
        "LMOVE l l LEFT RIGHT", "ZUNIONSTORE t 2 z z", "ZUNIONSTORE s 1 z", "SUNIONSTORE s e", "SORT l STORE s", "SORT l STORE l", "BITOP AND s n n", "GEOSEARCHSTORE s o FROMMEMBER a BYRADIUS 10 km", "RENAME s n", "COPY s n REPLACE",
        "SET s v KEEPTTL", "SET d v KEEPTTL", "SET s v EX 100", "ZRANGESTORE z z 0 -1", "SDIFFSTORE t e e", "HINCRBY bh 1 1", "ZADD z XX 1 a", "ZADD z INCR 1 a", "ZPOPMAX z 2", "LMPOP 2 t l LEFT COUNT 2", "SINTERCARD 2 e e",
    ];

    // Redis looks the key of some commands up twice: once for what they answer, once for what they change, or once more for what comes behind it. Here that is one use, and so is a key that one MSET has twice. Where the arguments after the key
    // are looked at only if the key is there, one command is two.
    private static readonly Dictionary<string, (string Theirs, string Ours)> Otherwise = new()
    {
        ["GETSET s v"] = ("s:102", "s:101"),
        ["SET s v XX GET"] = ("s:102", "s:101"),
        ["XREAD STREAMS x 0"] = ("x:102", "x:101"),
        ["XREAD STREAMS x 99"] = ("x:102", "x:101"),
        ["BLMOVE l t LEFT LEFT 0.01"] = ("l:102", "l:101"),
        ["BZPOPMIN z 0.01"] = ("z:102", "z:101"),
        ["MSET t 1 t 2"] = ("t:6", "t:5"),
        ["BITPOS s 1"] = ("s:101", "s:102"),
    };

    private static readonly string[] LfuServer = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu", "--lfu-log-factor", "0", "--lfu-decay-time", "0"];

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<IDisposable> _opened = [];

    public void Dispose() => _opened.ForEach(static one => one.Dispose());

    [Fact]
    public void The_typed_api_tells_it_too()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { MaxMemory = 16 << 20, EvictionPolicy = EvictionPolicy.AllKeysLfu, TracksAccess = true, LfuLogFactor = 0, TimeProvider = _time });
        cache.Strings.Set("k", "v");
        for (int i = 0; i < 10; i++)
        {
            cache.Strings.Get<string>("k");
        }

        Assert.Equal(15, cache.Keys.Frequency("k"));
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(12, cache.Keys.Frequency("k"));
        Assert.Null(cache.Keys.Frequency("absent"));

        using var other = new EmbeddedCache(new EmbeddedCacheOptions { MaxMemory = 16 << 20, TracksAccess = true });
        other.Strings.Set("k", "v");
        Assert.Throws<InvalidOperationException>(() => other.Keys.Frequency("k"));
    }

    [Fact]
    public void With_a_log_factor_of_zero_every_command_counts_the_uses_that_it_counts_in_redis()
    {
        using RedisServer redis = RedisServer.Start(LfuServer);
        CommandSession session = Open();
        var differences = new StringBuilder();
        foreach (string command in (string[])[.. UsingCommands.Lines, .. MoreLines])
        {
            string theirs = CountsAfter(command, redis.Execute), ours = CountsAfter(command, session.Execute);
            if (Otherwise.TryGetValue(command, out (string Theirs, string Ours) other))
            {
                Assert.Contains(other.Theirs, theirs, StringComparison.Ordinal);
                theirs = theirs.Replace(other.Theirs, other.Ours, StringComparison.Ordinal);
            }

            differences.Append(theirs == ours ? "" : $"\n{command}:\n  redis {theirs}\n  ours  {ours}");
        }

        Assert.Equal("", differences.ToString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Through_a_long_life_of_some_keys_the_counters_are_those_of_redis(int seed)
    {
        output.WriteLine($"seed {seed}");
        using RedisServer redis = RedisServer.Start(LfuServer);
        CommandSession session = Open();
        var random = new Random(seed);
        var differences = new StringBuilder();
        for (int step = 0; step < 1_500; step++)
        {
            string before = Counts(redis.Execute), command = NextCommand(random);
            redis.Execute(UsingCommands.Words(command));
            session.Execute(command);
            string theirs = Counts(redis.Execute), ours = Counts(session.Execute);
            if (theirs != ours)
            {
                differences.Append(CultureInfo.InvariantCulture, $"\nstep {step}, {command}:\n  before{before}\n  redis {theirs}\n  ours  {ours}");
                redis.Execute("FLUSHALL");
                session.Execute("FLUSHALL");
            }
        }

        output.WriteLine(differences.ToString());
        Assert.Equal("", differences.ToString());
    }

    [Fact]
    public void With_the_default_factor_counters_rise_as_far_as_those_of_redis()
    {
        const int Seed = 7, Counted = 100, Uses = 3_000;
        output.WriteLine($"seed {Seed}");
        using RedisServer redis = RedisServer.Start("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu", "--lfu-decay-time", "0");
        CommandSession session = Open(logFactor: 10);
        session.Cache.Store.Frequencies.Random = new Random(Seed);
        double theirs = 0, ours = 0;
        for (int i = 0; i < Counted; i++)
        {
            byte[][] get = UsingCommands.Words($"GET key:{i}");
            redis.Execute("SET", $"key:{i}", "v");
            session.Execute($"SET key:{i} v");
            redis.ExecuteAll([.. Enumerable.Repeat(get, Uses)]);
            for (int use = 0; use < Uses; use++)
            {
                session.Run(get);
            }

            theirs += redis.Execute("OBJECT", "FREQ", $"key:{i}").Number!.Value;
            ours += session.Execute($"OBJECT FREQ key:{i}").Number!.Value;
        }

        // A counter after 3,000 uses is 28.5 in the mean, and 2.7 off (Morris); so the two means of 100 are 0.4 apart, one standard deviation.
        output.WriteLine($"redis {theirs / Counted:f2}, ours {ours / Counted:f2}");
        Assert.InRange(ours / Counted, 26.5, 30.5);
        Assert.InRange((ours - theirs) / Counted, -2.4, 2.4);
    }

    [Theory]
    [InlineData(1, 100, 0, 100)]
    [InlineData(1, 100, 59, 100)]
    [InlineData(1, 100, 60, 99)]
    [InlineData(1, 100, 3_600, 40)]
    [InlineData(1, 100, 36_000, 0)]
    [InlineData(10, 100, 3_600, 94)]
    [InlineData(0, 100, 36_000, 100)]
    [InlineData(1, 255, 25 * 60 * 60, 0)]
    public void A_counter_sinks_by_one_for_each_decay_time_and_a_use_raises_what_is_left(int decayMinutes, int counter, int seconds, int left)
    {
        CommandSession session = Open(decayMinutes: decayMinutes);
        session.Execute("SET k v");
        session.Execute([.. UsingCommands.Words("RESTORE k 0"), session.Execute("DUMP k").Bytes!, .. UsingCommands.Words($"REPLACE FREQ {counter}")]);
        _time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(left, session.Execute("OBJECT FREQ k").Number);
        Assert.Equal(left, session.Execute("OBJECT FREQ k").Number);
        session.Execute("GET k");
        Assert.Equal(left + 1, session.Execute("OBJECT FREQ k").Number);
    }

    [Fact]
    public void A_counter_ends_at_255()
    {
        CommandSession session = Open();
        session.Execute("SET k v");
        for (int i = 0; i < 300; i++)
        {
            session.Execute("GET k");
        }

        Assert.Equal(255, session.Execute("OBJECT FREQ k").Number);
    }

    [Theory]
    [InlineData(EvictionPolicy.AllKeysLfu, "allkeys-lfu")]
    [InlineData(EvictionPolicy.VolatileLfu, "volatile-lfu")]
    [InlineData(EvictionPolicy.AllKeysLru, "allkeys-lru")]
    [InlineData(EvictionPolicy.NoEviction, "noeviction")]
    public void RESTORE_sets_of_idle_time_and_frequency_the_one_that_the_policy_goes_by(EvictionPolicy policy, string name)
    {
        using RedisServer redis = RedisServer.Start(["--maxmemory", "100mb", "--maxmemory-policy", name, "--lfu-log-factor", "0", "--lfu-decay-time", "0"]);
        CommandSession session = Open(policy);
        foreach (string words in (string[])["FREQ 0", "FREQ 5", "FREQ 77", "FREQ 255", "FREQ 256", "FREQ -1", "FREQ x", "IDLETIME 100", "IDLETIME 100 FREQ 5", "REPLACE", "REPLACE FREQ 9", "REPLACE IDLETIME 200", "REPLACE"])
        {
            Assert.Equal($"{words}: {Restored(words, redis.Execute)}", $"{words}: {Restored(words, session.Execute)}");
        }

        static string Restored(string words, Func<byte[][], RedisReply> execute)
        {
            if (!words.StartsWith("REPLACE", StringComparison.Ordinal))
            {
                execute(UsingCommands.Words("DEL k"));
            }

            execute(UsingCommands.Words("SET other v"));
            RedisReply reply = execute([.. UsingCommands.Words("RESTORE k 0"), execute(UsingCommands.Words("DUMP other")).Bytes!, .. UsingCommands.Words(words)]);
            RedisReply frequency = execute(UsingCommands.Words("OBJECT FREQ k")), idle = execute(UsingCommands.Words("OBJECT IDLETIME k"));

            // The other server's clock goes on.
            return $"{reply.Text}{reply.Error} {frequency.Number}{frequency.Error} {idle.Number / 100 * 100}{idle.Error}";
        }
    }

    [Fact]
    public void What_RESTORE_was_told_is_in_the_log_and_other_keys_begin_anew_at_the_opening()
    {
        var disk = new SimulatedDisk();
        EmbeddedCacheOptions options = Options(EvictionPolicy.AllKeysLfu);
        (options.Folder, options.Durability) = ("disk", DurabilityMode.Always);
        EmbeddedCache Reopen() => EmbeddedCache.Open(options, disk);
        using (EmbeddedCache cache = Reopen())
        using (var session = new CommandSession(cache))
        {
            session.Execute("SET other v");
            session.Execute("GET other");
            session.Execute([.. UsingCommands.Words("RESTORE k 0"), session.Execute("DUMP other").Bytes!, .. UsingCommands.Words("FREQ 70")]);
        }

        using (EmbeddedCache cache = Reopen())
        using (var session = new CommandSession(cache))
        {
            Assert.Equal(70, session.Execute("OBJECT FREQ k").Number);
            Assert.Equal(5, session.Execute("OBJECT FREQ other").Number);
        }
    }

    [Fact]
    public void Without_tracking_the_sketch_answers_and_RESTORE_changes_nothing()
    {
        EmbeddedCacheOptions options = Options(EvictionPolicy.AllKeysLfu);
        options.TracksAccess = false;
        CommandSession session = Open(options);
        session.Execute("SET k v");
        session.Execute([.. UsingCommands.Words("RESTORE k 0"), session.Execute("DUMP k").Bytes!, .. UsingCommands.Words("REPLACE FREQ 200")]);

        Assert.InRange(session.Execute("OBJECT FREQ k").Number!.Value, 1, 15);
    }

    [Fact]
    public void Another_policy_that_goes_by_the_other_of_the_two_begins_anew()
    {
        CommandSession session = Open();
        for (int i = 0; i < 100; i++)
        {
            session.Execute($"SET key:{i} v");
            session.Execute($"GET key:{i}");
        }

        session.Cache.EvictionPolicy = EvictionPolicy.VolatileLfu;
        Assert.Equal(6, session.Execute("OBJECT FREQ key:1").Number);

        session.Cache.EvictionPolicy = EvictionPolicy.AllKeysLru;
        Assert.Equal(0, session.Execute("OBJECT IDLETIME key:1").Number);
        session.Cache.Store.Sweep();
        _time.Advance(TimeSpan.FromSeconds(30));
        session.Execute("GET key:2");
        Assert.Equal(30, session.Execute("OBJECT IDLETIME key:1").Number);
        Assert.Equal(0, session.Execute("OBJECT IDLETIME key:2").Number);

        session.Cache.EvictionPolicy = EvictionPolicy.AllKeysLfu;
        session.Execute("GET key:2");
        session.Cache.Store.Sweep();
        session.Execute("GET key:3");
        Assert.Equal([5, 6, 6], ((string[])["key:1", "key:2", "key:3"]).Select(key => session.Execute($"OBJECT FREQ {key}").Number!.Value));
    }

    private static string CountsAfter(string command, Func<byte[][], RedisReply> execute)
    {
        UsingCommands.Restore(execute, "FREQ 100");
        execute(UsingCommands.Words(command));
        return UsingCommands.Ask(execute, "FREQ", static (key, count) => $"{key}:{count}");
    }

    private static string Counts(Func<byte[][], RedisReply> execute) =>
        string.Concat(Enumerable.Range(0, Keys).Select(key => $" k{key}:{execute(UsingCommands.Words($"OBJECT FREQ k{key}")).Number}"));

    private static string Key(Random random) => $"k{random.Next(Keys)}";

    private static string NextCommand(Random random)
    {
        string a = Key(random), b = Key(random), c = Key(random);
        while (b == a)
        {
            b = Key(random);
        }

        return random.Next(40) switch
        {
            0 or 1 => $"SET {a} 1",
            2 => $"SET {a} 2 NX",
            3 => $"SETEX {a} 1000 3",
            4 => $"MSET {a} 1 {b} 2",
            5 => $"MGET {a} {b} {c}",
            6 => $"INCR {a}",
            7 => $"APPEND {a} x",
            8 => $"DEL {a}",
            9 => $"RENAME {a} {b}",
            10 => $"COPY {a} {b} REPLACE",
            11 => $"RPUSH {a} 1 2 3",
            12 => $"LPOP {a}",
            13 => $"LMOVE {a} {b} LEFT RIGHT",
            14 => $"SORT {a} STORE {b}",
            15 or 16 => $"SADD {a} 1 2 3 {random.Next(9)}",
            17 => $"SINTERSTORE {a} {b} {c}",
            18 => $"SUNIONSTORE {a} {b} {c}",
            19 => $"SMOVE {a} {b} 1",
            20 or 21 => $"ZADD {a} 1 a 2 b {random.Next(9)} c",
            22 => $"ZUNIONSTORE {a} 2 {b} {c}",
            23 => $"ZREM {a} a b",
            24 or 25 => $"HSET {a} f 1 g 2",
            26 => $"HINCRBY {a} f 1",
            27 => $"HDEL {a} f g",
            28 => $"EXPIRE {a} 1000",
            29 => $"PERSIST {a}",
            30 => $"EXISTS {a} {b}",
            31 => $"TOUCH {a} {b}",
            32 => $"SETBIT {a} 5 1",
            33 => $"BITOP OR {a} {b} {c}",
            34 => $"SETRANGE {a} 2 xy",
            35 => $"GETDEL {a}",
            36 => $"XADD {a} * f v",
            37 => $"PFADD {a} x y",
            38 => random.Next(10) == 0 ? "FLUSHDB" : $"GET {a}",
            _ => $"GET {a}",
        };
    }

    private EmbeddedCacheOptions Options(EvictionPolicy policy, int logFactor = 0, int decayMinutes = 0) => new()
    {
        TracksAccess = true,
        EvictionPolicy = policy,
        MaxMemory = 64 << 20,
        LfuLogFactor = logFactor,
        LfuDecayTime = TimeSpan.FromMinutes(decayMinutes),
        TimeProvider = _time,
    };

    private CommandSession Open(EvictionPolicy policy = EvictionPolicy.AllKeysLfu, int logFactor = 0, int decayMinutes = 0) => Open(Options(policy, logFactor, decayMinutes));

    private CommandSession Open(EmbeddedCacheOptions options)
    {
        var cache = new EmbeddedCache(options);
        var session = new CommandSession(cache);
        _opened.AddRange([session, cache]);
        return session;
    }
}
