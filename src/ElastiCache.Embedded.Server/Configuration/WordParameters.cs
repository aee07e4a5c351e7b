using System.Globalization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded.Server.Configuration;

/// <summary>The parameters that have a little language of their own.</summary>
internal static class WordParameters
{
    private const string EventLetters = "Ag$lshzxeKEtmdn";

    /// <summary>save: pairs of seconds and changes, or nothing.</summary>
    public static string? ReadSave(string value, string current, out string normalized)
    {
        string[] words = Split(value);
        normalized = string.Join(' ', words);
        if (words.Length % 2 != 0)
        {
            return "Invalid save parameters";
        }

        for (int i = 0; i < words.Length; i++)
        {
            if (!TryNumber(words[i], out long number) || number < (i % 2 == 0 ? 1 : 0))
            {
                return "Invalid save parameters";
            }
        }

        return null;
    }

    /// <summary>client-output-buffer-limit: groups of class, hard limit, soft limit, seconds; what isn't named stays.</summary>
    public static string? ReadOutputLimits(string value, string current, out string normalized)
    {
        normalized = current;
        string[] words = Split(value);
        if (words.Length == 0 || words.Length % 4 != 0)
        {
            return "Wrong number of arguments in buffer limit configuration.";
        }

        var groups = Split(current).Chunk(4).ToDictionary(group => group[0], group => $"{group[1]} {group[2]} {group[3]}", StringComparer.Ordinal);
        foreach (string[] group in words.Chunk(4))
        {
            string name = group[0].ToLowerInvariant() is "replica" ? "slave" : group[0].ToLowerInvariant();
            if (!groups.ContainsKey(name))
            {
                return "Invalid client class specified in buffer limit configuration.";
            }

            if (!MemoryText.TryParse(group[1], out long hard) || !MemoryText.TryParse(group[2], out long soft) || !TryNumber(group[3], out long seconds) || seconds < 0)
            {
                return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
            }

            groups[name] = string.Create(CultureInfo.InvariantCulture, $"{hard} {soft} {seconds}");
        }

        normalized = string.Join(' ', groups.Select(group => $"{group.Key} {group.Value}"));
        return null;
    }

    /// <summary>notify-keyspace-events: a letter for each class.</summary>
    public static string? ReadEvents(string value, string current, out string normalized)
    {
        normalized = value;
        if (!KeyEventFlags.TryParse(value, out KeyEventClass classes))
        {
            return $"Invalid event class character. Use '{EventLetters}'.";
        }

        normalized = KeyEventFlags.Format(classes);
        return null;
    }

    /// <summary>latency-tracking-info-percentiles: numbers from 0 to 100.</summary>
    public static string? ReadPercentiles(string value, string current, out string normalized)
    {
        string[] words = Split(value);
        normalized = value;
        for (int i = 0; i < words.Length; i++)
        {
            if (!double.TryParse(words[i], NumberStyles.Float, CultureInfo.InvariantCulture, out double percentile))
            {
                return "Invalid latency-tracking-info-percentiles parameters";
            }

            if (percentile is not (>= 0 and <= 100))
            {
                return "latency-tracking-info-percentiles parameters should sit between 0.0 and 100.0";
            }

            words[i] = percentile.ToString("G9", CultureInfo.InvariantCulture);
        }

        normalized = string.Join(' ', words);
        return null;
    }

    /// <summary>oom-score-adj-values: three numbers.</summary>
    public static string? ReadScores(string value, string current, out string normalized)
    {
        string[] words = Split(value);
        normalized = string.Join(' ', words);
        if (words.Length != 3)
        {
            return "wrong number of arguments";
        }

        return Array.TrueForAll(words, word => TryNumber(word, out long score) && score is >= -2000 and <= 2000)
            ? null
            : "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
    }

    /// <summary>shutdown-on-sigint and shutdown-on-sigterm: some of the words that SHUTDOWN takes.</summary>
    public static string? ReadShutdown(string value, string current, out string normalized)
    {
        string[] allowed = ["default", "save", "nosave", "now", "force"];
        string[] words = Split(value.ToLowerInvariant());
        normalized = string.Join(' ', words);
        return words.Length > 0 && Array.TrueForAll(words, word => Array.IndexOf(allowed, word) >= 0) && !(words.Contains("save") && words.Contains("nosave"))
            ? null
            : $"argument(s) must be one of the following: {string.Join(", ", allowed)}";
    }

    /// <summary>Any words, kept as they are.</summary>
    public static string? ReadAny(string value, string current, out string normalized)
    {
        normalized = string.Join(' ', Split(value));
        return null;
    }

    public static string[] Split(string value) => value.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
