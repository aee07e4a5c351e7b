using System.Globalization;

namespace ElastiCache.Embedded;

/// <summary>What a backup may be called, as ElastiCache has it.</summary>
public static class BackupName
{
    /// <summary>The most characters.</summary>
    public const int MostCharacters = 255;

    private const string AutomaticPrefix = "automatic.";
    private const string TimeFormat = "yyyy-MM-dd-HH-mm";

    /// <summary>The rule, in words.</summary>
    public const string Rule = "1 to 255 letters, digits and hyphens, the first a letter, no two hyphens in a row and none at the end";

    /// <summary>Whether a name of one's own follows the rule.</summary>
    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= MostCharacters } && char.IsAsciiLetter(name[0]) && name[^1] != '-' &&
        !name.Contains("--", StringComparison.Ordinal) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    /// <summary>Whether a name is one that automatic backups get.</summary>
    public static bool IsAutomatic(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(AutomaticPrefix, StringComparison.Ordinal);
    }

    /// <summary>Throws unless a store may have a backup of this name: one of one's own or an automatic one. A name becomes a part of a path.</summary>
    internal static void ThrowIfNotStorable(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ThrowUnless(IsAutomatic(name) ? IsValid($"automatic-{name[AutomaticPrefix.Length..]}") : IsValid(name), name);
    }

    internal static string Automatic(string cache, DateTimeOffset moment) => $"{AutomaticPrefix}{cache}-{Text(moment)}";

    internal static string Final(string cache, DateTimeOffset moment) => $"final-{cache}-{Text(moment)}{moment.ToUniversalTime().ToString("-ss", CultureInfo.InvariantCulture)}";

    /// <summary>The moment in the name of an automatic backup; null for another name.</summary>
    internal static DateTimeOffset? MomentOf(string name, string cache)
    {
        string prefix = $"{AutomaticPrefix}{cache}-";
        return name.StartsWith(prefix, StringComparison.Ordinal) &&
            DateTimeOffset.TryParseExact(name[prefix.Length..], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset moment)
                ? moment
                : null;
    }

    internal static void ThrowIfInvalid(string name) => ThrowUnless(IsValid(name), name);

    private static void ThrowUnless(bool isAllowed, string name)
    {
        if (!isAllowed)
        {
            throw new ArgumentException($"'{name}' is no name for a backup: it must be {Rule}.", nameof(name));
        }
    }

    private static string Text(DateTimeOffset moment) => moment.ToUniversalTime().ToString(TimeFormat, CultureInfo.InvariantCulture);
}
