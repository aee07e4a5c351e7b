using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>Random commands on keys of any kind, from a seed: ten keys, three databases.</summary>
/// <remarks>
/// All deadlines are either long past or far off, so that two clocks agree on them. The number 2^63 − 1 is not among the absolute ones: it is the one deadline
/// that Redis keeps to the millisecond and we a millisecond short. Nor is the empty string ever appended: in Redis, too, that changes no byte, but the
/// encoding becomes raw.
/// </remarks>
internal sealed class KeyCommandSource(Random random)
{
    public const int Databases = 3;

    public static readonly string[] Keys = ["k0", "k1", "k2", "k3", "k4", "k5", "a rather long key that takes the longer way of hashing", "{tag}k", "list", ""];

    private static readonly string[] Values =
        ["v", "", "0", "12", "-0", "9223372036854775807", "9223372036854775808", new('x', 44), new('x', 45), new('7', 20), new('y', 3000)];

    private static readonly string[] Numbers =
    [
        "0", "1", "-1", "2147483647", "2147483648", "-2147483649", "4294967295", "4294967297", "9223372036854775806", "-9223372036854775808",
        "9223372036854775", "9223372036854776", "-9223372036854775", "-9223372036854777",
    ];

    private static readonly string[] NoNumbers = ["", "abc", " 1", "1.5", "01", "9223372036854775808", "1e3"];

    public string[] Next() => random.Next(26) switch
    {
        0 or 1 or 2 => ["SET", Key(), Pick(Values)],
        3 => ["SET", Key(), Pick(Values), "PXAT", FarDeadline()],
        4 => ["APPEND", Pick(Keys[..6]), Pick(Values.Where(value => value.Length > 0).ToArray())],
        5 => ["DEL", .. Several()],
        6 => ["UNLINK", .. Several()],
        7 => ["EXISTS", .. Several()],
        8 => ["TOUCH", .. Several()],
        9 => ["TYPE", Key()],
        10 or 11 => ["RENAME", Key(), Key()],
        12 => ["RENAMENX", Key(), Key()],
        13 or 14 => Copy(),
        15 => ["MOVE", Key(), Database()],
        16 or 17 => [Pick("EXPIREAT", "PEXPIREAT"), Key(), random.Next(8) == 0 ? Pick(NoNumbers) : random.Next(4) == 0 ? Pick(Numbers) : Deadline(), .. Conditions()],
        18 => [Pick("EXPIRE", "PEXPIRE"), Key(), Pick("0", "-1", "-9223372036854775808", "9223372036854775807", "x"), .. Conditions()],
        19 => ["PERSIST", Key()],
        20 => [Pick("PEXPIRETIME", "PTTL", "TTL"), Key()],
        21 => ["OBJECT", Pick("ENCODING", "FREQ"), Key()],
        22 => ["KEYS", Pick("*", "k*", "k[0-3]", "?", "", "*o*", "[^k]*", "{*")],
        23 => random.Next(4) switch
        {
            0 => ["SWAPDB", Database(), Database()],
            1 when random.Next(4) == 0 => [Pick("FLUSHDB", "FLUSHALL"), .. random.Next(3) == 0 ? new[] { Pick("SYNC", "ASYNC", "sync", "now") } : []],
            _ => ["DBSIZE"],
        },
        24 => ["SELECT", random.Next(Databases).ToString(CultureInfo.InvariantCulture)],
        _ => Pick("RANDOMKEY", "SCAN") is "RANDOMKEY" ? ["RANDOMKEY"] : ["SCAN", "0", "COUNT", "1000", .. ScanOptions()],
    };

    private string[] Copy()
    {
        var words = new List<string> { "COPY", Key(), Key() };
        if (random.Next(2) == 0)
        {
            words.AddRange(["DB", Database()]);
        }

        if (random.Next(2) == 0)
        {
            words.Insert(3, "REPLACE");
        }

        if (random.Next(30) == 0)
        {
            words.Add("NX");
        }

        return [.. words];
    }

    private string[] Conditions() => random.Next(4) switch
    {
        0 => [Pick("NX", "XX", "GT", "LT", "nx")],
        1 when random.Next(3) == 0 => [Pick("NX", "XX", "GT"), Pick("XX", "GT", "LT")],
        1 when random.Next(10) == 0 => ["NEVER"],
        _ => [],
    };

    private string[] ScanOptions() => random.Next(4) switch
    {
        0 => ["MATCH", Pick("*", "k*", "?", "")],
        1 => ["TYPE", Pick("string", "list", "STRING", "nothing")],
        _ => [],
    };

    private string[] Several() => [.. Enumerable.Range(0, 1 + random.Next(5)).Select(_ => Key())];

    private string Key() => Pick(Keys);

    private string Database() => random.Next(12) == 0
        ? Pick("-1", "16", "2147483648", "-2147483649", "4294967296", "x", "")
        : random.Next(Databases).ToString(CultureInfo.InvariantCulture);

    private string Deadline() => random.Next(5) == 0
        ? Pick("1", "1000", "1500000000000")
        : FarDeadline();

    // In the year 5000. (Redis keeps a key that is SET with a past deadline until somebody asks for it; DBSIZE would show that.)
    private string FarDeadline() => (95_617_584_000_000 + random.Next(20)).ToString(CultureInfo.InvariantCulture);

    private string Pick(params string[] from) => from[random.Next(from.Length)];
}
