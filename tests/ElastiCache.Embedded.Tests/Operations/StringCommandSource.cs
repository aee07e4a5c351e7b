using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>Random commands on strings and bits, from a seed.</summary>
/// <remarks>
/// Ten keys, of which two grow long enough to be edited in place, and one that holds a list. LCS, whose cost is the product
/// of both lengths, never sees the long ones. All deadlines are absolute and either long past or far off, so that two clocks agree on them.
/// </remarks>
internal sealed class StringCommandSource(Random random)
{
    public static readonly string[] AllKeys = ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "long0", "long1", "list"];

    private static readonly string[] Integers =
    [
        "0", "1", "-1", "2", "7", "255", "256", "-128", "65535", "2147483647", "2147483648", "2147483649", "-2147483649",
        "4294967295", "4294967296", "4294967297", "9223372036854775806", "9223372036854775807", "-9223372036854775807", "-9223372036854775808",
    ];

    private static readonly string[] Floats = ["0.1", "-2.5", "3", "1e3", "5.0e-10", "1e4000", "-1e4900", "1e4932", "inf", "-inf", "0x10", "3.14159265358979323846"];

    private static readonly string[] NoNumbers = ["", "abc", " 1", "1 ", "+1", "01", "-0", "1.", "nan", "9223372036854775808", "1e400000"];

    public byte[][] Next(long now)
    {
        bool isLong = random.Next(5) == 0;
        string key = isLong ? Pick("long0", "long1") : Pick(AllKeys[..7]);
        int command = random.Next(34);
        if (random.Next(20) == 0 && command is not (1 or 2 or 3 or 31))
        {
            key = "list";
        }

        return command switch
        {
            0 => Command("GET", key),
            1 or 2 => Command("SET", key, Value(isLong)),
            3 => SetWithOptions(key, isLong, now),
            4 => Command("SETNX", key, Value(isLong)),
            5 => Command("GETSET", key, Value(isLong)),
            6 => Command("GETDEL", key),
            7 => random.Next(3) == 0 ? Command("GETEX", key, "PERSIST") : Command("GETEX", key, "PXAT", Deadline(now)),
            8 => Command("STRLEN", key),
            9 => Command("GETRANGE", key, Index(isLong), Index(isLong)),
            10 or 11 => Command("APPEND", key, Value(isLong && random.Next(4) == 0)),
            12 or 13 => Command("SETRANGE", key, Offset(isLong, 1), Value(false)),
            14 or 15 or 16 => Command(Pick("INCRBY", "DECRBY"), key, Pick(Integers)),
            17 => Command("INCRBYFLOAT", key, random.Next(6) == 0 ? Pick(NoNumbers) : random.Next(2) == 0 ? Pick(Floats) : Pick(Integers)),
            18 => Command(["MGET", .. Keys(1 + random.Next(20))]),
            19 => Command(["MSET", .. Pairs(1 + random.Next(5))]),
            20 => Command(["MSETNX", .. Pairs(1 + random.Next(2))]),
            21 => Lcs(),
            22 => Command("GETBIT", key, Offset(isLong, 8)),
            23 or 24 => Command("SETBIT", key, Offset(isLong, 8), Pick("0", "1")),
            25 => random.Next(3) == 0 ? Command("BITCOUNT", key) : Command("BITCOUNT", key, Index(isLong), Index(isLong), Pick("BYTE", "BIT")),
            26 => Position(key, isLong),
            27 => CombineBits(),
            28 or 29 or 30 => Command("GETDEL", key),
            31 => Command("SET", key, Pick(Integers)),
            _ => BitField(key, isLong),
        };
    }

    private byte[][] SetWithOptions(string key, bool isLong, long now)
    {
        var words = new List<object> { "SET", key, Value(isLong) };
        switch (random.Next(3))
        {
            case 0:
                words.Add("KEEPTTL");
                break;
            case 1:
                words.AddRange(["PXAT", Deadline(now)]);
                break;
        }

        if (random.Next(2) == 0)
        {
            words.Add(Pick("NX", "XX"));
        }

        if (random.Next(2) == 0)
        {
            words.Add("GET");
        }

        return Command([.. words]);
    }

    private byte[][] Lcs()
    {
        string a = Pick(AllKeys[..7]), b = random.Next(20) == 0 ? "list" : Pick(AllKeys[..7]);
        return random.Next(4) switch
        {
            0 => Command("LCS", a, b),
            1 => Command("LCS", a, b, "LEN"),
            2 => Command("LCS", a, b, "IDX"),
            _ => Command("LCS", a, b, "IDX", "MINMATCHLEN", Pick("-1", "0", "2", "9223372036854775807")),
        };
    }

    private byte[][] Position(string key, bool isLong) => random.Next(4) switch
    {
        0 => Command("BITPOS", key, Pick("0", "1")),
        1 => Command("BITPOS", key, Pick("0", "1"), Index(isLong)),
        2 => Command("BITPOS", key, Pick("0", "1"), Index(isLong), Index(isLong)),
        _ => Command("BITPOS", key, Pick("0", "1"), Index(isLong), Index(isLong), Pick("BYTE", "BIT")),
    };

    private byte[][] CombineBits()
    {
        string[] from = random.Next(3) == 0 ? ["long0", "long1", "k0", "k1"] : AllKeys[..7];
        string destination = from[0] == "long0" ? Pick("long0", "long1") : Pick(AllKeys[..7]);
        string[] sources = [.. Enumerable.Range(0, 1 + random.Next(4)).Select(_ => random.Next(30) == 0 ? "list" : Pick(from))];
        return random.Next(4) == 0
            ? Command("BITOP", "NOT", destination, sources[0])
            : Command(["BITOP", Pick("AND", "OR", "XOR"), destination, .. sources]);
    }

    private byte[][] BitField(string key, bool isLong)
    {
        var words = new List<object> { "BITFIELD", key };
        int steps = 1 + random.Next(4);
        for (int i = 0; i < steps; i++)
        {
            if (random.Next(3) == 0)
            {
                words.AddRange(["OVERFLOW", Pick("WRAP", "SAT", "FAIL")]);
            }

            bool isSigned = random.Next(2) == 0;
            string type = (isSigned ? "i" : "u") + (1 + random.Next(isSigned ? 64 : 63)).ToString(CultureInfo.InvariantCulture);
            string offset = random.Next(isLong ? 40_000 : 300).ToString(CultureInfo.InvariantCulture);
            switch (random.Next(3))
            {
                case 0:
                    words.AddRange(["GET", type, offset]);
                    break;
                case 1:
                    words.AddRange(["SET", type, offset, Pick(Integers)]);
                    break;
                default:
                    words.AddRange(["INCRBY", type, offset, Pick(Integers)]);
                    break;
            }
        }

        return Command([.. words]);
    }

    private object Value(bool isLong)
    {
        switch (random.Next(isLong ? 3 : 7))
        {
            case 0 when isLong:
                byte[] some = new byte[1900 + random.Next(4000)];
                random.NextBytes(some);
                return some;
            case 1 or 2 when isLong:
                return Enumerable.Repeat((byte)random.Next(256), 2048 + random.Next(200)).ToArray();
            case 0:
                return Pick(NoNumbers);
            case 1:
                return Pick(Floats[..8]);
            case 2:
                byte[] bytes = new byte[random.Next(40)];
                random.NextBytes(bytes);
                return bytes;
            case 3:
                return new string('a', random.Next(3)) + Pick("b", "bc", "cab", "abcabc") + new string('c', random.Next(70));
            default:
                return Pick(Integers);
        }
    }

    private string Deadline(long now) => (random.Next(6) == 0 ? 1_000 + random.Next(1000) : now + 200_000_000_000 + random.Next(1000)).ToString(CultureInfo.InvariantCulture);

    private string Offset(bool isLong, int units) => (random.Next(12) switch
    {
        0 => Pick("-1", "-9223372036854775808", "-2147483649"),
        1 => Pick("4294967296", "4294967297", "9223372036854775807"),
        _ => random.Next(units * (isLong ? 6000 : 30)).ToString(CultureInfo.InvariantCulture),
    })!;

    private string Index(bool isLong) => random.Next(6) == 0
        ? Pick(Integers)
        : random.Next(isLong ? -50_000 : -50, isLong ? 50_000 : 50).ToString(CultureInfo.InvariantCulture);

    private IEnumerable<object> Keys(int count) => Enumerable.Range(0, count).Select(_ => (object)Pick([.. AllKeys, "missing"]));

    private IEnumerable<object> Pairs(int count) => Enumerable.Range(0, count).SelectMany(_ => new[] { Pick(AllKeys[..7]), Value(false) });

    private string Pick(params string[] from) => from[random.Next(from.Length)];

    private static byte[][] Command(params object[] words) =>
        Array.ConvertAll(words, word => word as byte[] ?? Encoding.UTF8.GetBytes((string)word));
}
