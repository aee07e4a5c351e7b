using ElastiCache.Embedded.Caching;

namespace ElastiCache.Embedded.Server.Configuration;

/// <summary>Numbers of bytes as Redis's configuration spells them, and as INFO shows them to people.</summary>
internal static class MemoryText
{
    /// <summary>Reads <c>1048576</c>, <c>64mb</c>, <c>1G</c>; nothing is 0, as in Redis.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        return text.Length == 0 || MemorySize.TryParse(text, out bytes);
    }

    /// <summary>As INFO's fields that end in <c>_human</c>: <c>919.02K</c>.</summary>
    public static string Human(long bytes)
    {
        double value = bytes;
        string[] units = ["B", "K", "M", "G", "T", "P"];
        int unit = 0;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return unit == 0 ? FormattableString.Invariant($"{bytes}B") : FormattableString.Invariant($"{value:F2}{units[unit]}");
    }
}
