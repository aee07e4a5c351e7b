using System.Globalization;
using ElastiCache.Embedded.Caching;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Server.Configuration;

/// <summary>What a parameter may be set to.</summary>
internal enum ParameterKind
{
    Boolean,
    Integer,
    Memory,

    /// <summary>A number of bytes or a share of maxmemory: <c>5%</c>.</summary>
    MemoryOrPercent,

    /// <summary>A number of bytes or, which Redis has not, a share of the memory that the process may use: <c>50%</c>; it is kept as bytes.</summary>
    MemoryOrShare,

    /// <summary>A number in base 8: file permissions.</summary>
    Octal,

    /// <summary>One of <see cref="Parameter.Choices"/>.</summary>
    Choice,
    Text,

    /// <summary>Several words, read by <see cref="Parameter.Words"/>.</summary>
    Words,
}

/// <summary>When a parameter can't be changed.</summary>
internal enum ParameterProtection
{
    None,

    /// <summary>Not once the server runs.</summary>
    Immutable,

    /// <summary>Not by a client, unless enable-protected-configs allows it.</summary>
    Protected,
}

/// <summary>Reads a parameter of several words.</summary>
/// <param name="value">The words, separated by spaces.</param>
/// <param name="current">What it is now.</param>
/// <param name="normalized">As CONFIG GET shows it.</param>
/// <returns>Null, or what is wrong, in Redis's words.</returns>
internal delegate string? WordsReader(string value, string current, out string normalized);

/// <summary>One of Redis's configuration parameters: its name, its values, its default.</summary>
internal sealed record Parameter(string Name, ParameterKind Kind, string Default)
{
    /// <summary>An older name, also accepted; null if there is none.</summary>
    public string? Alias { get; init; }

    /// <summary>Whether CONFIG GET shows it only to who asks for it by its whole name: settings for tests.</summary>
    public bool IsHidden { get; init; }

    public ParameterProtection Protection { get; init; }

    /// <summary>The least value of a number.</summary>
    public long Least { get; init; }

    /// <summary>The largest value of a number.</summary>
    public long Most { get; init; } = long.MaxValue;

    public IReadOnlyList<string> Choices { get; init; } = [];

    public WordsReader? Words { get; init; }

    /// <summary>Whether a line of a configuration file may have more words than one behind the name.</summary>
    public bool TakesSeveralWords => Kind == ParameterKind.Words;

    /// <summary>Checks a value and brings it into the form that CONFIG GET shows.</summary>
    /// <returns>Null, or what is wrong, in Redis's words.</returns>
    public string? Read(string value, string current, out string normalized)
    {
        normalized = value;
        switch (Kind)
        {
            case ParameterKind.Boolean:
                normalized = value.ToLowerInvariant();
                return normalized is "yes" or "no" ? null : "argument must be 'yes' or 'no'";
            case ParameterKind.Choice:
                normalized = Choices.FirstOrDefault(choice => choice.Equals(value, StringComparison.OrdinalIgnoreCase)) ?? "";
                return normalized.Length > 0 ? null : $"argument(s) must be one of the following: {string.Join(", ", Choices)}";
            case ParameterKind.Integer:
                return TryInteger(value, out long number) ? Within(number, out normalized) : "argument couldn't be parsed into an integer";
            case ParameterKind.Memory:
                return MemoryText.TryParse(value, out long bytes) ? Within(bytes, out normalized) : "argument must be a memory value";
            case ParameterKind.MemoryOrShare when MemorySize.TryParse(value, out _, out int percent) && percent > 0:
                return Within(MemoryLimit.Read() / 100 * percent, out normalized);
            case ParameterKind.MemoryOrShare:
                goto case ParameterKind.Memory;
            case ParameterKind.MemoryOrPercent:
                return ReadMemoryOrPercent(value, out normalized);
            case ParameterKind.Octal:
                return ReadOctal(value, out normalized);
            case ParameterKind.Words:
                return Words!(value, current, out normalized);
            default:
                return null;
        }
    }

    // The only form of a number that Redis takes: no plus, no leading zeros, no spaces.
    private static bool TryInteger(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) &&
        number.ToString(CultureInfo.InvariantCulture) == text;

    private string? Within(long number, out string normalized)
    {
        normalized = number.ToString(CultureInfo.InvariantCulture);
        return number >= Least && number <= Most
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"argument must be between {Least} and {Most} inclusive");
    }

    private string? ReadMemoryOrPercent(string value, out string normalized)
    {
        normalized = value;
        if (value.EndsWith('%') && TryInteger(value[..^1], out long percent) && percent >= 0)
        {
            normalized = percent == 0 ? "0" : value;     // Redis keeps no share of nothing
            return percent <= 100 ? null : "percentage argument must be less or equal to 100";
        }

        return MemoryText.TryParse(value, out long bytes) ? Within(bytes, out normalized) : "argument must be a memory or percent value";
    }

    private static string? ReadOctal(string value, out string normalized)
    {
        normalized = value;
        const long Most = 0x1FF;
        long number = 0;
        foreach (char digit in value)
        {
            if (digit is < '0' or > '7' || number > Most)
            {
                return "argument couldn't be parsed as an octal number";
            }

            number = (8 * number) + digit - '0';
        }

        normalized = Convert.ToString(number, 8);
        return value.Length > 0 && number <= Most ? null : "argument must be between 0 and 777 inclusive";
    }
}
