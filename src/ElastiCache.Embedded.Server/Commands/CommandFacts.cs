using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Commands;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>Where a command's keys are, and what it does with them, as COMMAND tells: one of its key specifications.</summary>
/// <param name="Flags">Such as <c>RW access update</c>.</param>
/// <param name="Begin">Where the search begins.</param>
/// <param name="Find">How keys are found from there.</param>
internal sealed record KeySpecification(string[] Flags, string Begin, string Find)
{
    /// <summary>The numbers behind the letter of <see cref="Find"/>.</summary>
    public int[] FindNumbers => Numbers(Find);

    /// <summary>The number behind <c>i</c>, or behind the word of <c>k</c>.</summary>
    public int BeginNumber => Numbers(Begin[(Begin.IndexOf(',', StringComparison.Ordinal) is >= 0 and var comma ? comma : 0)..])[0];

    /// <summary>The word of <c>k</c>.</summary>
    public string Keyword => Begin[1..Begin.IndexOf(',', StringComparison.Ordinal)];

    /// <summary>Whether the specification covers an argument.</summary>
    public bool Covers(int position, scoped in CommandArguments arguments)
    {
        if (Begin[0] == 'u' || Find[0] == 'u')
        {
            return false;
        }

        int first = Begin[0] == 'i' ? BeginNumber : FindKeyword(arguments);
        int[] numbers = FindNumbers;
        if (first < 0)
        {
            return false;
        }

        if (Find[0] == 'n')
        {
            return first + numbers[0] < arguments.Count && arguments.TryInteger(first + numbers[0], out long count) &&
                position >= first + numbers[1] && position < first + numbers[1] + (count * numbers[2]);
        }

        int last = numbers[0] >= 0 ? first + numbers[0] : arguments.Count + numbers[0];
        last = numbers[0] < 0 && numbers[2] > 1 ? first + ((arguments.Count - first) / numbers[2]) - 1 : last;
        return position >= first && position <= last && (position - first) % numbers[1] == 0;
    }

    private int FindKeyword(scoped in CommandArguments arguments)
    {
        byte[] word = Encoding.ASCII.GetBytes(Keyword);
        int from = BeginNumber;
        for (int i = Math.Abs(from); i < arguments.Count; i++)
        {
            int at = from > 0 ? i : arguments.Count - i;
            if (arguments.Is(at, word))
            {
                return at + 1;
            }
        }

        return -1;
    }

    private static int[] Numbers(string text) =>
        Array.ConvertAll(text[1..].Split(','), number => int.Parse(number, CultureInfo.InvariantCulture));
}

/// <summary>What COMMAND tells of a command beyond its row: see the top of <c>command-facts.tsv</c>.</summary>
/// <param name="Categories">ACL categories, without the @.</param>
/// <param name="Tips">Hints for clients of a cluster.</param>
/// <param name="Specifications">Where its keys are.</param>
internal sealed record CommandFacts(string[] Categories, string[] Tips, KeySpecification[] Specifications)
{
    private static readonly Lazy<FrozenDictionary<string, CommandFacts>> All = new(Load);

    /// <summary>The facts by the name that lists show a command by; null for a command that Redis 7.0 doesn't have.</summary>
    public static CommandFacts? Find(string name) => All.Value.GetValueOrDefault(name);

    private static FrozenDictionary<string, CommandFacts> Load()
    {
        using var reader = new StreamReader(typeof(CommandFacts).Assembly.GetManifestResourceStream("command-facts.tsv")!);
        return reader.ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != '#')
            .Select(line => line.Split('\t'))
            .ToFrozenDictionary(cells => cells[0], cells => new CommandFacts(Words(cells[1]), Words(cells[2]), [.. cells[3].Split(';', StringSplitOptions.RemoveEmptyEntries).Select(Specification)]));
    }

    private static KeySpecification Specification(string text)
    {
        string[] words = Words(text);
        return new KeySpecification(words[..^2], words[^2], words[^1]);
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
