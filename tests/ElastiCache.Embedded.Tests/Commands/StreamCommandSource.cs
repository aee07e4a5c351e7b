using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>Random commands on streams: most of them sensible, on few keys, groups, consumers and IDs, so that they meet.</summary>
/// <remarks>Nothing in them depends on the present time, so that their replies don't; delivery times are set far in the past or by the command.</remarks>
internal sealed class StreamCommandSource(Random random)
{
    private static readonly string[] BadIds = ["", "-", "+", "x", "5-", "-5", "5-x", "5-*", "*", "$", ">", "18446744073709551615-18446744073709551615", "18446744073709551616", "007", "5- 1", " 5", "(5", "0-0", "0", "0-1"];

    private static readonly string[] BadNumbers = ["", "x", "-1", "0", "1.5", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "2147483648", "+1"];

    private int _lastTime = 1;

    public byte[][] Next()
    {
        List<byte[]> words = [.. Sensible().Select(Encoding.UTF8.GetBytes)];
        if (random.Next(25) == 0)
        {
            Damage(words);
        }

        return [.. words];
    }

    private List<string> Sensible() => random.Next(100) switch
    {
        < 22 => Add(),
        < 24 => ["XTRIM", Key(), .. Trim()],
        < 28 => ["XDEL", Key(), .. Ids(3)],
        < 30 => ["XLEN", Key()],
        < 34 => ["XRANGE", Key(), Interval(), Interval(), .. Maybe("COUNT", Count())],
        < 37 => ["XREVRANGE", Key(), Interval(), Interval(), .. Maybe("COUNT", Count())],
        < 38 => ["XSETID", Key(), Id(), .. Maybe("ENTRIESADDED", Number(40)), .. Maybe("MAXDELETEDID", Id())],
        < 41 => ["XREAD", .. Maybe("COUNT", Count()), "STREAMS", Key(), Key(), Id(), random.Next(4) == 0 ? "$" : Id()],
        < 45 => ["XGROUP", "CREATE", Key(), Group(), random.Next(3) == 0 ? "$" : Id(), .. Maybe("MKSTREAM"), .. Maybe("ENTRIESREAD", Number(20))],
        < 47 => ["XGROUP", "SETID", Key(), Group(), random.Next(3) == 0 ? "$" : Id(), .. Maybe("ENTRIESREAD", Number(20))],
        < 48 => ["XGROUP", "DESTROY", Key(), Group()],
        < 49 => ["XGROUP", random.Next(2) == 0 ? "CREATECONSUMER" : "DELCONSUMER", Key(), Group(), Consumer()],
        < 62 => ["XREADGROUP", "GROUP", Group(), Consumer(), .. Maybe("COUNT", Count()), .. Maybe("NOACK", chance: 6), "STREAMS", .. Streams()],
        < 68 => ["XACK", Key(), Group(), .. Ids(4)],
        < 71 => ["XPENDING", Key(), Group()],
        < 75 => ["XPENDING", Key(), Group(), .. Maybe("IDLE", random.Next(2) == 0 ? "1000000" : "0"), Interval(), Interval(), Count(), .. (random.Next(3) == 0 ? [Consumer()] : (string[])[])],
        < 82 => ["XCLAIM", Key(), Group(), Consumer(), MinIdle(), .. Ids(4), .. ClaimOptions()],
        < 86 => ["XAUTOCLAIM", Key(), Group(), Consumer(), MinIdle(), Interval(), .. Maybe("COUNT", Count()), .. Maybe("JUSTID")],
        < 89 => ["XINFO", "GROUPS", Key()],
        < 91 => ["XINFO", "CONSUMERS", Key(), Group()],
        < 95 => ["XINFO", "STREAM", Key(), .. Maybe("FULL")],
        < 96 => ["XINFO", "STREAM", Key(), "FULL", "COUNT", Count()],
        96 => ["DEL", Key()],
        97 => ["SET", Key(), "text"],
        98 => ["COPY", Key(), Key(), "REPLACE"],
        _ => ["OBJECT", "ENCODING", Key()],
    };

    private List<string> Add()
    {
        List<string> words = ["XADD", Key(), .. Maybe("NOMKSTREAM", chance: 8), .. (random.Next(4) == 0 ? Trim() : [])];
        words.Add(random.Next(8) switch
        {
            0 => Id(),
            1 => Text(_lastTime) + "-*",
            _ => Text(_lastTime += random.Next(3)) + "-" + Text(random.Next(4)),
        });
        int pairs = random.Next(10) == 0 ? random.Next(1, 5) : 2;
        for (int i = 0; i < pairs; i++)
        {
            words.Add(random.Next(12) == 0 ? Text(random.Next(3)) : "f" + Text(i));
            words.Add(random.Next(5) switch { 0 => "", 1 => Text(random.Next(-200_000, 200_000)), 2 => new string('v', random.Next(200)), _ => "v" + Text(random.Next(10)) });
        }

        return words;
    }

    private string[] Trim() =>
    [
        random.Next(2) == 0 ? "MAXLEN" : "minid",
        .. random.Next(3) switch { 0 => ["~"], 1 => ["="], _ => (string[])[] },
        random.Next(3) == 0 ? Number(30) : Text(Math.Max(0, _lastTime - random.Next(20))),
        .. Maybe("LIMIT", Number(30), chance: 4),
    ];

    private IEnumerable<string> Streams()
    {
        string cursor = random.Next(4) == 0 ? Id() : ">";
        return random.Next(6) == 0 ? [Key(), Key(), cursor, ">"] : [Key(), cursor];
    }

    private string[] ClaimOptions() =>
    [
        .. Maybe("IDLE", Number(5000), chance: 8), .. Maybe("TIME", Number(100_000), chance: 3), .. Maybe("RETRYCOUNT", Number(6), chance: 4),
        .. Maybe("FORCE", chance: 3), .. Maybe("JUSTID", chance: 3), .. Maybe("LASTID", Id(), chance: 6),
    ];

    private void Damage(List<byte[]> words)
    {
        int at = random.Next(1, words.Count);
        switch (random.Next(5))
        {
            case 0:
                words.RemoveAt(at);
                break;
            case 1:
                words.Insert(at, words[at]);
                break;
            case 2:
                words[at] = Encoding.ASCII.GetBytes(BadIds[random.Next(BadIds.Length)]);
                break;
            case 3:
                words[at] = Encoding.ASCII.GetBytes(BadNumbers[random.Next(BadNumbers.Length)]);
                break;
            default:
                words.Add(Encoding.ASCII.GetBytes("EXTRA"));
                break;
        }
    }

    private string[] Maybe(string word, string? argument = null, int chance = 2) =>
        random.Next(chance) != 0 ? [] : argument is null ? [word] : [word, argument];

    private IEnumerable<string> Ids(int most) => Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => Id());

    private string Id() => random.Next(12) switch
    {
        0 => "0",
        1 => Text(_lastTime + random.Next(5)),
        _ => Text(Math.Max(0, _lastTime - random.Next(15))) + "-" + Text(random.Next(4)),
    };

    private string Interval() => random.Next(6) switch { 0 or 1 => "-", 2 => "+", 3 => "(" + Id(), _ => Id() };

    private string Key() => random.Next(20) == 0 ? "absent" : "x" + Text(random.Next(3));

    private string Group() => "g" + Text(random.Next(random.Next(6) == 0 ? 3 : 2));

    private string Consumer() => random.Next(3) switch { 0 => "ann", 1 => "bob", _ => "cy" };

    private string MinIdle() => random.Next(5) switch { 0 => "100000000", 1 => "-5", _ => "0" };

    private string Count() => Text(random.Next(-1, 8));

    private string Number(int most) => random.Next(12) == 0 ? Text(random.Next(-3, 1)) : Text(random.Next(most));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
