using System.Buffers.Text;

namespace ElastiCache.Embedded.Values;

/// <summary>64-bit integers as the decimal text that Redis stores and accepts.</summary>
/// <remarks>
/// Only the text that formatting would have produced is a number: no spaces, no plus, no leading zeros, no <c>-0</c>.
/// So a value that parses can be kept as eight bytes and comes back as the very same text: it is what OBJECT ENCODING calls
/// <c>int</c>, and what INCR accepts.
/// </remarks>
internal static class DecimalNumber
{
    /// <summary>The longest text: <c>-9223372036854775808</c>.</summary>
    public const int MaxTextBytes = 20;

    // 19 digits never overflow an unsigned 64-bit sum, and no long has more.
    private const int MaxDigits = 19;

    /// <summary>Reads the number, if the text is exactly what <see cref="Format"/> writes for it.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        bool negative = text is [(byte)'-', ..];
        ReadOnlySpan<byte> digits = negative ? text[1..] : text;
        if (digits.IsEmpty || digits.Length > MaxDigits)
        {
            return false;
        }

        if (digits[0] == '0')
        {
            return digits.Length == 1 && !negative;
        }

        ulong sum = 0;
        foreach (byte digit in digits)
        {
            uint units = (uint)digit - '0';
            if (units > 9)
            {
                return false;
            }

            sum = (sum * 10) + units;
        }

        if (sum > long.MaxValue + (negative ? 1UL : 0))
        {
            return false;
        }

        number = negative ? (long)(0 - sum) : (long)sum;
        return true;
    }

    /// <summary>Whether the text is an integer in the only form that <see cref="TryParse"/> accepts: Redis's encoding <c>int</c>.</summary>
    public static bool IsCanonical(ReadOnlySpan<byte> text) => TryParse(text, out _);

    /// <summary>Writes the number into at least <see cref="MaxTextBytes"/> bytes.</summary>
    /// <returns>The bytes written.</returns>
    public static int Format(long number, Span<byte> destination)
    {
        if (!Utf8Formatter.TryFormat(number, destination, out int written))
        {
            throw new ArgumentException($"An integer of up to {MaxTextBytes} bytes does not fit {destination.Length}.", nameof(destination));
        }

        return written;
    }

    /// <summary>Bytes that <see cref="Format"/> writes for the number.</summary>
    public static int TextBytes(long number)
    {
        Span<byte> text = stackalloc byte[MaxTextBytes];
        return Format(number, text);
    }
}
