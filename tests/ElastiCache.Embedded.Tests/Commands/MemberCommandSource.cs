using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>Random commands on hashes and sets: few keys, sizes around every threshold, long and binary arguments, wrong types, nonsense.</summary>
internal sealed class MemberCommandSource(Random random)
{
    private static readonly string[] Numbers =
    [
        "0", "1", "-1", "3", "10", "512", "513", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.5", "x", "", "-0", "01", "1e3", " 1",
    ];

    private static readonly string[] Floats = ["0", "1.5", "-2.25", "1e3", "0.1", "inf", "-inf", "nan", "x", "1e4000", "3", "-0", "0x10", "5.0e-3"];

    /// <summary>Commands whose replies have no order.</summary>
    public static IReadOnlySet<string> Unordered { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "HGETALL", "HKEYS", "HVALS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "HSCAN", "SSCAN", "HRANDFIELD", "SRANDMEMBER", "SPOP",
    };

    /// <summary>A command whose reply is determined but for its order.</summary>
    public byte[][] Next()
    {
        byte[][] command = random.Next(2) == 0 ? NextHash() : NextSet();
        string name = Encoding.ASCII.GetString(command[0]);
        if (random.Next(40) == 0 && !name.Contains("POP", StringComparison.Ordinal) && !name.Contains("RAND", StringComparison.Ordinal))
        {
            Damage(ref command);
        }

        return command;
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private byte[][] NextHash() => random.Next(34) switch
    {
        < 5 => Command("HSET", HashKey(), Pairs(random.Next(1, 5))),
        5 => Command("HSET", HashKey(), Pairs(random.Next(1, random.Next(4) == 0 ? 700 : 60))),
        6 => Command("HMSET", HashKey(), Pairs(random.Next(1, 3))),
        7 => Command("HSETNX", HashKey(), [Name(), Value()]),
        8 or 9 => Command("HGET", HashKey(), [Name()]),
        10 => Command("HMGET", HashKey(), Names(random.Next(1, 6))),
        11 => Command("HGETALL", HashKey()),
        12 => Command("HKEYS", HashKey()),
        13 => Command("HVALS", HashKey()),
        14 or 15 => Command("HLEN", HashKey()),
        16 => Command("HEXISTS", HashKey(), [Name()]),
        17 => Command("HSTRLEN", HashKey(), [Name()]),
        18 or 19 or 20 => Command("HDEL", HashKey(), Names(random.Next(1, 6))),
        21 => Command("HDEL", HashKey(), Names(random.Next(1, 300))),
        22 or 23 => Command("HINCRBY", HashKey(), [Name(), Number()]),
        24 or 25 => Command("HINCRBYFLOAT", HashKey(), [Name(), Bytes(Floats[random.Next(Floats.Length)])]),
        26 => Command("HRANDFIELD", HashKey(), [Bytes("100000"), .. random.Next(2) == 0 ? [Bytes("withvalues")] : Array.Empty<byte[]>()]),
        27 => Command("HRANDFIELD", HashKey(), [Bytes(random.Next(3) == 0 ? "-9223372036854775808" : "0")]),
        28 => Command("HSCAN", HashKey(), [Bytes("0"), Bytes("COUNT"), Bytes("100000"), .. Match()]),
        29 or 30 => Command("OBJECT", "ENCODING"u8.ToArray(), [HashKey()]),
        31 => Command("DEL", HashKey()),
        32 => Command("COPY", HashKey(), [HashKey(), Bytes("REPLACE")]),
        _ => Command("RENAME", HashKey(), [HashKey()]),
    };

    private byte[][] NextSet() => random.Next(34) switch
    {
        < 5 => Command("SADD", SetKey(), Names(random.Next(1, 5))),
        5 => Command("SADD", SetKey(), Names(random.Next(1, random.Next(4) == 0 ? 700 : 60))),
        6 or 7 => Command("SADD", SetKey(), Integers(random.Next(1, random.Next(5) == 0 ? 700 : 5))),
        8 or 9 or 10 => Command("SREM", SetKey(), Names(random.Next(1, 6))),
        11 => Command("SREM", SetKey(), Names(random.Next(1, 300))),
        12 => Command("SISMEMBER", SetKey(), [Name()]),
        13 => Command("SMISMEMBER", SetKey(), Names(random.Next(1, 6))),
        14 or 15 => Command("SCARD", SetKey()),
        16 => Command("SMEMBERS", SetKey()),
        17 => Command("SPOP", SetKey(), [Bytes(random.Next(3) == 0 ? "-1" : "0")]),
        18 => Command("SPOP", SetKey(), [Bytes("100000")]),
        19 => Command("SRANDMEMBER", SetKey(), [Bytes("100000")]),
        20 or 21 => Command("SMOVE", SetKey(), [SetKey(), Name()]),
        22 => Command("SINTER", SetKey(), SetKeys()),
        23 => Command("SUNION", SetKey(), SetKeys()),
        24 => Command("SDIFF", SetKey(), SetKeys()),
        25 => Command("SINTERSTORE", SetKey(), [SetKey(), .. SetKeys()]),
        26 => Command("SUNIONSTORE", SetKey(), [SetKey(), .. SetKeys()]),
        27 => Command("SDIFFSTORE", SetKey(), [SetKey(), .. SetKeys()]),
        28 => Command("SINTERCARD", Bytes("2"), [SetKey(), SetKey(), .. random.Next(2) == 0 ? [Bytes("LIMIT"), Bytes(random.Next(-1, 4).ToString(CultureInfo.InvariantCulture))] : Array.Empty<byte[]>()]),
        29 => Command("SSCAN", SetKey(), [Bytes("0"), Bytes("COUNT"), Bytes("100000"), .. Match()]),
        30 or 31 => Command("OBJECT", "ENCODING"u8.ToArray(), [SetKey()]),
        32 => Command("COPY", SetKey(), [SetKey(), Bytes("REPLACE")]),
        _ => Command("DEL", SetKey()),
    };

    private static byte[][] Command(string name, byte[] key, params byte[][] rest) => [Bytes(name), key, .. rest];

    private byte[] HashKey() => random.Next(30) switch
    {
        0 => Bytes("set1"),
        1 => Bytes("text"),
        2 => Bytes("absent"),
        int draw => Bytes("hash" + (draw % 4)),
    };

    private byte[] SetKey() => random.Next(30) switch
    {
        0 => Bytes("hash1"),
        1 => Bytes("text"),
        2 => Bytes("absent"),
        int draw => Bytes("set" + (draw % 5)),
    };

    private byte[][] SetKeys() => [.. Enumerable.Range(0, random.Next(4)).Select(_ => SetKey())];

    private byte[][] Match() => random.Next(3) == 0 ? [Bytes("MATCH"), Bytes(random.Next(2) == 0 ? "f1*" : "*")] : [];

    private byte[][] Pairs(int count) => [.. Enumerable.Range(0, count).SelectMany(_ => new[] { Name(), Value() })];

    private byte[][] Names(int count) => [.. Enumerable.Range(0, count).Select(_ => Name())];

    private byte[][] Integers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(30) == 0 ? Number() : Bytes(random.Next(-20, 800).ToString(CultureInfo.InvariantCulture)))];

    private byte[] Number() => random.Next(3) == 0 ? Bytes(Numbers[random.Next(Numbers.Length)]) : Bytes(random.Next(-100, 100).ToString(CultureInfo.InvariantCulture));

    private byte[] Name()
    {
        switch (random.Next(60))
        {
            case 0:
                return [];
            case 1:
                return Bytes(new string('n', random.Next(60, 70)));
            case 2:
                byte[] binary = new byte[random.Next(40)];
                new Random(random.Next(3)).NextBytes(binary);
                return binary;
            case 3:
                return Bytes(Numbers[random.Next(Numbers.Length)]);
            case < 20:
                return Bytes(random.Next(700).ToString(CultureInfo.InvariantCulture));
            case < 40:
                return Bytes("f" + random.Next(700));
            default:
                return Bytes("f" + random.Next(12));
        }
    }

    private byte[] Value()
    {
        switch (random.Next(30))
        {
            case 0:
                return [];
            case 1:
                return Bytes(new string('v', random.Next(60, 70)));
            case 2 when random.Next(4) == 0:
                return Bytes(new string('w', random.Next(5_000)));
            case 3:
                byte[] binary = new byte[random.Next(40)];
                random.NextBytes(binary);
                return binary;
            case < 12:
                return Bytes(Numbers[random.Next(Numbers.Length)]);
            case < 20:
                return Bytes(random.Next(1_000_000).ToString(CultureInfo.InvariantCulture));
            default:
                return Bytes("value" + random.Next(100));
        }
    }

    private void Damage(ref byte[][] command)
    {
        int at = random.Next(1, command.Length);
        command = random.Next(3) switch
        {
            0 => [.. command[..at], .. command[(at + 1)..]],
            1 => [.. command, Bytes("EXTRA")],
            _ => [.. command[..at], Number(), .. command[(at + 1)..]],
        };
    }
}
