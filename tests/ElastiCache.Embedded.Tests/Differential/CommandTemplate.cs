using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.Tests.Differential;

/// <summary>Writes random commands after a template: <c>SET k v [NX|XX] [EX pos|KEEPTTL]</c>.</summary>
/// <remarks>
/// <code>
///   WORD          itself, if it is in capitals or not one of the letters below
///   [a|b c]       nothing, or one of the alternatives
///   (a|b c)       one of the alternatives
///   x+            one to four times; for a group, each time drawn anew
///   k  v  e       key of the family, value, element (few different ones)
///   i  n  c  f    integer with boundary values, small integer, small count, number with fraction
///   o  u  at      bit offset, unit of distance, Unix time in ms far ahead
///   id            stream ID
///   p             glob pattern
/// </code>
/// One command in twenty is then damaged: an argument lost, doubled or replaced, so that every check of a command is met.
/// </remarks>
internal sealed class CommandTemplate(Random random)
{
    private static readonly string[] Integers =
    [
        "0", "1", "-1", "2", "3", "-2", "5", "10", "100", "-100", "127", "128", "255", "256", "-128", "-129", "32767", "32768", "65535", "65536",
        "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296", "9223372036854775807", "-9223372036854775808",
        "9223372036854775808", "-9223372036854775809", "1.5", "x", "", " 1", "1 ", "+1", "01", "-0", "1e2", "0x10",
    ];

    private static readonly string[] Floats =
    [
        "0", "1", "-1", "1.5", "-2.25", "3.14159", "1e3", "-1e-3", "0.1", "100", "inf", "-inf", "+inf", "1e308", "-1e308", "1e-320", "nan", "x", "", "0x1p3", "1e400", "5", "2", "3", "-0",
    ];

    // Nothing may expire while a round runs: far ahead, or past.
    private static readonly string[] Lifetimes = ["100000", "100000000", "99999999", "0", "-1", "9223372036854775807", "-9223372036854775808", "x", "1.5"];

    // Valid ones near the limit make values of 512 MB; StringFuzzTests has a few of those.
    private static readonly string[] BadOffsets = ["-1", "4294967296", "9223372036854775807", "x", "", "1.5", "100000"];

    private static readonly string[] Pasts = ["0", "1", "-1", "100", "1000000", "-9223372036854775808", "9223372036854775808", "x"];

    private static readonly string[] Patterns = ["*", "?", "a*", "*1", "[ab]*", "[^a]*", "", "e?", "f[0-9]", "\\*", "k*", "e*"];

    private static readonly string[] Units = ["m", "km", "ft", "mi", "M", "yards"];

    private string _prefix = "";

    /// <summary>A command of a family whose keys begin with <paramref name="prefix"/>.</summary>
    public byte[][] Next(string template, string prefix)
    {
        _prefix = prefix;
        var words = new List<byte[]>();
        int position = 0;
        Sequence(template, ref position, words, isWritten: true);
        // A damaged timeout could be 0, for ever.
        bool waits = template.StartsWith("BL", StringComparison.Ordinal) || template.StartsWith("BR", StringComparison.Ordinal) || template.StartsWith("BZ", StringComparison.Ordinal);

        // All members of y have the score 0, or ranges by name are not determined. And a bit field that begins before 512 MB and ends behind may be set in
        // Redis, by which a string becomes longer than a string can be; here it is refused. And
        // a lifetime of a second would be over there while time stands still here.
        bool keepsNumbers = template.StartsWith("ZADD y", StringComparison.Ordinal) || template.StartsWith("BITFIELD k", StringComparison.Ordinal)
            || template.Contains("EX", StringComparison.Ordinal) || template.Contains("PX", StringComparison.Ordinal);
        if (!waits && random.Next(20) == 0)
        {
            Damage(words, keepsNumbers);
        }

        return [.. words];
    }

    /// <summary>A key of a family: four of its own, now and then another family's, the empty one or a binary one.</summary>
    public byte[] Key(string prefix) => random.Next(24) switch
    {
        0 when prefix != "p" => Ascii(Other(prefix) + "1"),
        1 when prefix != "p" => [],
        2 when prefix != "p" => [0, 255, 10, 13],
        3 => Ascii("absent" + random.Next(3)),
        int draw => Ascii(prefix + (1 + (draw % 4)).ToString(CultureInfo.InvariantCulture)),
    };

    // Bytes may be edited anywhere but in a HyperLogLog, what PFADD makes of a damaged one not being determined; so these have keys of their own.
    private string Other(string prefix)
    {
        string other = CommandFamilies.Prefixes[random.Next(CommandFamilies.Prefixes.Length)];
        return other == "p" ? prefix : other;
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    private void Damage(List<byte[]> words, bool keepsNumbers)
    {
        int at = random.Next(words.Count);
        switch (random.Next(4))
        {
            case 0 when words.Count > 1 && at > 0:
                words.RemoveAt(at);
                break;
            case 1 when at > 0:
                words.Insert(at, words[at]);
                break;
            case 2 when at > 0 && !keepsNumbers:
                words[at] = Ascii(Integers[random.Next(Integers.Length)]);
                break;
            default:
                words.Add(Ascii("EXTRA"));
                break;
        }
    }

    private void Sequence(string template, ref int position, List<byte[]> words, bool isWritten)
    {
        while (position < template.Length && template[position] is not ('|' or ']' or ')'))
        {
            if (template[position] == ' ')
            {
                position++;
                continue;
            }

            int begin = position;
            Item(template, ref position, words, isWritten);
            if (position < template.Length && template[position] == '+')
            {
                for (int more = isWritten ? random.Next(4) : 0; more > 0; more--)
                {
                    int again = begin;
                    Item(template, ref again, words, isWritten);
                }

                position++;
            }
        }
    }

    private void Item(string template, ref int position, List<byte[]> words, bool isWritten)
    {
        if (template[position] is '[' or '(')
        {
            Group(template, ref position, words, isWritten);
            return;
        }

        int begin = position;
        while (position < template.Length && template[position] is not (' ' or '|' or ']' or ')' or '+'))
        {
            position++;
        }

        if (isWritten)
        {
            words.Add(Word(template[begin..position]));
        }
    }

    private void Group(string template, ref int position, List<byte[]> words, bool isWritten)
    {
        bool isWanted = template[position] == '(' || random.Next(2) == 0;
        int alternatives = Alternatives(template, position);
        int chosen = isWanted && isWritten ? random.Next(alternatives) : -1;
        position++;
        for (int i = 0; ; i++)
        {
            Sequence(template, ref position, words, i == chosen);
            if (template[position++] != '|')
            {
                return;
            }
        }
    }

    private static int Alternatives(string template, int open)
    {
        int depth = 0;
        int count = 1;
        for (int i = open; ; i++)
        {
            switch (template[i])
            {
                case '[' or '(':
                    depth++;
                    break;
                case ']' or ')':
                    if (--depth == 0)
                    {
                        return count;
                    }

                    break;
                case '|' when depth == 1:
                    count++;
                    break;
            }
        }
    }

    private byte[] Word(string word) => word switch
    {
        "k" => Key(_prefix),
        "y" => Ascii("y" + random.Next(3).ToString(CultureInfo.InvariantCulture)),
        "v" => Value(),
        "e" => Element(),
        "i" => Ascii(Integers[random.Next(random.Next(3) == 0 ? Integers.Length : 9)]),
        "n" => Ascii(random.Next(-6, 12).ToString(CultureInfo.InvariantCulture)),
        "c" => Ascii(random.Next(0, 5).ToString(CultureInfo.InvariantCulture)),
        "f" => Ascii(Floats[random.Next(random.Next(3) == 0 ? Floats.Length : 8)]),
        "o" => Ascii(random.Next(20) == 0 ? BadOffsets[random.Next(BadOffsets.Length)] : random.Next(200).ToString(CultureInfo.InvariantCulture)),
        "u" => Ascii(Units[random.Next(random.Next(8) == 0 ? Units.Length : 4)]),
        "at" => Ascii((4102444800000 + random.Next(100_000)).ToString(CultureInfo.InvariantCulture)),
        "ttl" => Ascii(Lifetimes[random.Next(Lifetimes.Length)]),
        "past" => Ascii(Pasts[random.Next(Pasts.Length)]),
        "id" => StreamId(),
        "p" => Ascii(Patterns[random.Next(Patterns.Length)]),
        "lon" => Ascii((random.NextDouble() * 20).ToString("F6", CultureInfo.InvariantCulture)),
        "lat" => Ascii((40 + (random.NextDouble() * 10)).ToString("F6", CultureInfo.InvariantCulture)),
        "lex" => Ascii(random.Next(8) switch { 0 => "-", 1 => "+", 2 => "bad", 3 or 4 => "(e" + random.Next(12), _ => "[e" + random.Next(12) }),
        "sc" => Ascii((random.Next(4) == 0 ? "(" : "") + Floats[random.Next(random.Next(6) == 0 ? Floats.Length : 13)]),
        _ => Ascii(word),
    };

    private byte[] StreamId() => Ascii(random.Next(12) switch
    {
        0 => "0",
        1 => "-",
        2 => "+",
        3 => "(5-1",
        4 => "x-y",
        5 => random.Next(12).ToString(CultureInfo.InvariantCulture),
        _ => $"{random.Next(12)}-{random.Next(3)}",
    });

    private byte[] Element()
    {
        if (random.Next(40) == 0)
        {
            return Value();
        }

        return Ascii((random.Next(3) == 0 ? "" : "e") + random.Next(random.Next(12) == 0 ? 400 : 12).ToString(CultureInfo.InvariantCulture));
    }

    private byte[] Value()
    {
        switch (random.Next(12))
        {
            case 0:
                return [];
            case 1:
                byte[] bytes = new byte[random.Next(80)];
                random.NextBytes(bytes);
                return bytes;
            case 2:
                return Ascii(new string((char)('a' + random.Next(3)), random.Next(300)));
            case 3 or 4 or 5:
                return Ascii(Integers[random.Next(Integers.Length)]);
            case 6:
                return Ascii(Floats[random.Next(Floats.Length)]);
            default:
                return Ascii("v" + random.Next(20).ToString(CultureInfo.InvariantCulture));
        }
    }
}
