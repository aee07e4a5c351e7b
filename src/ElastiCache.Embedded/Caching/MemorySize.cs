using System.Globalization;

namespace ElastiCache.Embedded.Caching;

/// <summary>A number of bytes as Redis's configuration spells it: <c>1048576</c>, <c>64mb</c>, <c>1G</c>.</summary>
/// <remarks>
/// <code>
///   b    1           k   1000        kb   1024
///                    m   1000²       mb   1024²
///                    g   1000³       gb   1024³
/// </code>
/// Upper case is the same; there are no fractions and no spaces.
/// </remarks>
internal static class MemorySize
{
    public static bool TryParse(ReadOnlySpan<char> text, out long bytes)
    {
        int digits = text.IndexOfAnyExceptInRange('0', '9');
        ReadOnlySpan<char> unit = digits < 0 ? default : text[digits..];
        ReadOnlySpan<char> number = digits < 0 ? text : text[..digits];

        bytes = 0;
        long factor = Factor(unit);
        if (factor == 0 || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long count) || count > long.MaxValue / factor)
        {
            return false;
        }

        bytes = count * factor;
        return true;
    }

    /// <summary>Reads a number of bytes, or a share of something in whole percent from 1 to 100: <c>50%</c>.</summary>
    /// <param name="text">What is written.</param>
    /// <param name="bytes">The bytes; 0 if it is a share.</param>
    /// <param name="percent">The share; 0 if it is bytes.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out long bytes, out int percent)
    {
        percent = 0;
        if (!text.EndsWith("%"))
        {
            return TryParse(text, out bytes);
        }

        bytes = 0;
        return int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out percent) && percent is >= 1 and <= 100;
    }

    private static long Factor(ReadOnlySpan<char> unit)
    {
        Span<char> lower = stackalloc char[2];
        return unit.ToLowerInvariant(lower) < 0 ? 0 : lower[..unit.Length] switch
        {
            "" or "b" => 1,
            "k" => 1000,
            "kb" => 1 << 10,
            "m" => 1_000_000,
            "mb" => 1 << 20,
            "g" => 1_000_000_000,
            "gb" => 1 << 30,
            _ => 0,
        };
    }
}
