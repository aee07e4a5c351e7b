using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Tests.Operations;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

public sealed class HyperLogLogCommandTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private const int Seed = 20260210;
    private const int Keys = 6;

    [Fact]
    public void A_long_random_session_answers_and_stores_as_redis_does()
    {
        redis.Server.Execute("FLUSHALL");
        using var session = new CommandSession();
        var random = new Random(Seed);
        for (int round = 0; round < 200; round++)
        {
            // The others prepare, and have their own tests.
            byte[][][] commands = [.. Enumerable.Range(0, 40).Select(_ => RandomCommand(random))];
            foreach (IGrouping<bool, byte[][]> group in commands.GroupBy(command => command[0].AsSpan().StartsWith("PF"u8)))
            {
                if (group.Key)
                {
                    PeerComparison.Same(redis.Server, session, [.. group], new HashSet<string>(), $"seed {Seed}, round {round}");
                    continue;
                }

                foreach (byte[][] command in group)
                {
                    session.Run(command);
                    redis.Server.Execute(command);
                }
            }

            for (int i = 0; i < Keys; i++)
            {
                Assert.Equal(Value(session, $"k{i}"), redis.Server.Execute("GET", $"k{i}").Bytes);
            }
        }
    }

    [Fact]
    public void Registers_are_shown_as_redis_shows_them()
    {
        redis.Server.Execute("FLUSHALL");
        using var session = new CommandSession();
        byte[][][] commands =
        [
            Words("PFADD h a b c d e f g h i j k l m n o p q r s t u v w x y z"),
            Words("PFDEBUG GETREG h"), Words("PFDEBUG ENCODING h"), Words("PFDEBUG TODENSE h"), Words("PFDEBUG DECODE h"), Words("PFCOUNT h"),
            Words("PFDEBUG GETREG absent"), Words("PFDEBUG NONSENSE h"),
        ];

        PeerComparison.Same(redis.Server, session, commands, new HashSet<string>(), "registers");
        Assert.Equal(Value(session, "h"), redis.Server.Execute("GET", "h").Bytes);
        KeyProbe.Create("h"u8, out KeyProbe key);
        Assert.Equal("raw", session.Context.Objects.Encoding(0, key));
    }

    [Fact]
    public void The_log_brings_every_value_back()
    {
        using var store = new KeyTestStore();
        var context = new CommandContext(store.Store);
        var random = new Random(Seed + 1);
        for (int i = 0; i < 1500; i++)
        {
            LoggedCommand command = new(0, RandomCommand(random));
            CommandTable.Core.Serve(context, command.ToArguments());
        }

        List<LoggedCommand> log = store.TakeLog();
        using var replayed = new KeyTestStore();
        replayed.Replay(log);

        Assert.NotEmpty(log);
        Assert.Equal(Estimates(store), Estimates(replayed));
    }

    private static List<string> Estimates(KeyTestStore store)
    {
        var context = new CommandContext(store.Store, new ElastiCache.Embedded.Resp.RespWriter());
        foreach (string key in store.KeysLike("*"))
        {
            context.Reply.Bulk(key);
            CommandTable.Core.Serve(context, LoggedCommand.Of($"PFCOUNT {key}").ToArguments());
            CommandTable.Core.Serve(context, LoggedCommand.Of($"PFDEBUG ENCODING {key}").ToArguments());
        }

        return [.. Encoding.UTF8.GetString(context.Reply.Written).Split("\r\n")];
    }

    [Fact]
    public void Damaged_registers_are_answered_as_redis_does()
    {
        redis.Server.Execute("FLUSHALL");
        using var session = new CommandSession();
        var random = new Random(Seed + 2);
        for (int round = 0; round < 300; round++)
        {
            // A 0 at the end, or Redis would look past it for the second half of a run.
            byte[] value = [.. "HYLL"u8, 1, .. new byte[10], 0x80, .. new byte[random.Next(1, 9)]];
            random.NextBytes(value.AsSpan(16..^1));
            byte[][] store = ["SET"u8.ToArray(), "h"u8.ToArray(), value];
            redis.Server.Execute(store);
            session.Run(store);

            // One element at a time: of several, Redis keeps those before the one that it fails at.
            PeerComparison.Same(
                redis.Server,
                session,
                [Words("PFCOUNT h"), Words("PFCOUNT h x"), Words("PFMERGE m h"), Words($"PFADD h {round}"), Words("PFDEBUG TODENSE h")],
                new HashSet<string>(),
                $"seed {Seed + 2}, {Convert.ToHexString(value)}");
        }
    }

    private static byte[]? Value(CommandSession session, string key) => session.Cache.Strings.GetBytes(key);

    private static byte[][] RandomCommand(Random random)
    {
        string key = $"k{random.Next(Keys)}", other = $"k{random.Next(Keys)}", third = $"k{random.Next(Keys)}";
        return random.Next(40) switch
        {
            0 => Words($"DEL {key}"),
            1 => Words($"SET {key} plain"),
            3 => Words($"PFADD {key}"),
            4 => Words($"PFADD {key} "),
            5 => Words($"PFMERGE {key}"),
            6 => Words($"PFMERGE {key} {other}"),
            7 => Words($"PFMERGE {key} {other} {third}"),
            8 => Words($"PFCOUNT {key} {other}"),
            9 => Words($"PFCOUNT {key} {other} {third} absent"),
            11 => Words($"PFDEBUG ENCODING {key}"),
            12 => Words($"PFDEBUG DECODE {key}"),
            13 when random.Next(4) == 0 => Words($"PFDEBUG TODENSE {key}"),
            14 when random.Next(3) == 0 => [.. Words($"SETRANGE {key}"), Encoding.ASCII.GetBytes($"{random.Next(16)}"), [(byte)random.Next(256)]],
            15 => Words($"COPY {key} {other} REPLACE"),
            17 => Words($"SET {key} HYLL"),
            < 26 => Words($"PFCOUNT {key}"),
            _ => [.. Words($"PFADD {key}"), .. Enumerable.Range(0, random.Next(1, 60)).Select(_ => Encoding.ASCII.GetBytes($"{random.Next(5000)}"))],
        };
    }

    private static byte[][] Words(string line) => Array.ConvertAll(line.Split(' '), Encoding.UTF8.GetBytes);
}
