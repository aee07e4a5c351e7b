using System.Buffers.Text;
using System.Globalization;

namespace ElastiCache.Embedded.Values;

/// <summary>How Redis 7.0 writes a <c>double</c>, scores above all: <c>%.17g</c>.</summary>
/// <remarks>
/// 17 significant digits bring every double back, but are not the shortest that do: 0.1 is written
/// <c>0.10000000000000001</c>. Zeros at the end are dropped; below 1e-4 and from 1e17 on there is an exponent of at least two digits.
/// <code>
///   3  ->  3      2.5  ->  2.5      1e17  ->  1e+17      0.00001  ->  1.0000000000000001e-05      -0.0  ->  -0
/// </code>
/// </remarks>
internal static class DoubleText
{
    /// <summary>Room for the longest text: <c>-1.2345678901234567e-308</c>.</summary>
    public const int MaxTextBytes = 24;

    private const int SignificantDigits = 17;

    // "-d.dddddddddddddddde+ddd"
    private const int ScientificBytes = 24;

    // Integers below this are exact, and %.17g writes them without a point or an exponent.
    private const double ExactIntegers = 1L << 53;

    // So many digits are always less.
    private const int ExactDigits = 15;

    private static ReadOnlySpan<double> PowersOf10 => [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16];

    /// <summary>Writes the number into at least <see cref="MaxTextBytes"/> bytes; an infinity is <c>inf</c> or <c>-inf</c>.</summary>
    /// <returns>The bytes written.</returns>
    public static int Format(double number, Span<byte> destination)
    {
        if (!double.IsFinite(number))
        {
            return Copy(double.IsNaN(number) ? "nan"u8 : number > 0 ? "inf"u8 : "-inf"u8, destination);
        }

        if (Math.Abs(number) < ExactIntegers && number == (long)number && !(number == 0 && double.IsNegative(number)))
        {
            return Utf8Formatter.TryFormat((long)number, destination, out int written) ? written : throw TooShort(destination);
        }

        Span<byte> scientific = stackalloc byte[ScientificBytes];
        number.TryFormat(scientific, out int length, "e16", CultureInfo.InvariantCulture);
        return Rearrange(scientific[..length], destination);
    }

    /// <summary>Reads a number as Redis reads scores and timeouts: C's <c>strtod</c> over the whole text, hexadecimal and infinities included.</summary>
    /// <returns>False for spaces, NaN, a number too great to hold or so small that it would become 0: where Redis answers "not a valid float".</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out double number)
    {
        if (TryParseShort(text, out number))
        {
            return true;
        }

        number = 0;
        ReadOnlySpan<byte> rest = text is [(byte)'-' or (byte)'+', ..] ? text[1..] : text;
        if (rest is [(byte)'0', (byte)'x' or (byte)'X', ..] or [(byte)'i' or (byte)'I', ..])
        {
            if (!LongDoubleText.TryParse(text, out LongDouble wide))
            {
                return false;
            }

            double magnitude = wide.IsFinite ? Math.ScaleB(wide.Significand, wide.Exponent) : double.PositiveInfinity;
            number = wide.IsNegative ? -magnitude : magnitude;
            return true;
        }

        if (rest is not [(>= (byte)'0' and <= (byte)'9') or (byte)'.', ..] ||
            !double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number))
        {
            return false;
        }

        return double.IsFinite(number) && (number != 0 || !rest.ContainsAnyInRange((byte)'1', (byte)'9') || IsZeroMantissa(rest));
    }

    /// <summary>Reads an end of a range by score, which Redis takes from <c>strtod</c> without asking whether it fits: nothing is 0, spaces may stand in front, too great is infinite.</summary>
    public static bool TryParseBound(ReadOnlySpan<byte> text, out double number)
    {
        number = 0;
        ReadOnlySpan<byte> trimmed = text.TrimStart(" \t\n\v\f\r"u8);
        if (text.IsEmpty || TryParse(trimmed, out number))
        {
            return true;
        }

        ReadOnlySpan<byte> rest = trimmed is [(byte)'-' or (byte)'+', ..] ? trimmed[1..] : trimmed;
        return rest is [(>= (byte)'0' and <= (byte)'9') or (byte)'.', ..] &&
            double.TryParse(trimmed, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number);
    }

    // 12.5 and its like: at most fifteen digits with a point among them, not zero. Both 125 and 10 are exact, so their quotient is the nearest number there is (Clinger 1990).
    private static bool TryParseShort(ReadOnlySpan<byte> text, out double number)
    {
        bool isNegative = text is [(byte)'-', ..];
        long digits = 0;
        int decimals = -1;
        number = 0;
        if (text.Length is 0 or > ExactDigits + 1)
        {
            return false;
        }

        foreach (byte next in isNegative ? text[1..] : text)
        {
            if (next is >= (byte)'0' and <= (byte)'9')
            {
                digits = (digits * 10) + (next - '0');
                decimals += decimals < 0 ? 0 : 1;
            }
            else if (next != '.' || decimals >= 0)
            {
                return false;
            }
            else
            {
                decimals = 0;
            }
        }

        double magnitude = digits / PowersOf10[Math.Max(0, decimals)];
        number = isNegative ? -magnitude : magnitude;
        return digits is > 0 and < (long)ExactIntegers;
    }

    // 0e5 is zero, 1e-400 is not.
    private static bool IsZeroMantissa(ReadOnlySpan<byte> text)
    {
        int exponent = text.IndexOfAny((byte)'e', (byte)'E');
        return !(exponent < 0 ? text : text[..exponent]).ContainsAnyInRange((byte)'1', (byte)'9');
    }

    /// <summary>Brings "-d.dddddddddddddddde+ddd" into the form of <c>%g</c>.</summary>
    private static int Rearrange(ReadOnlySpan<byte> scientific, Span<byte> destination)
    {
        Span<byte> text = stackalloc byte[MaxTextBytes];
        int written = 0;
        if (scientific[0] == '-')
        {
            text[written++] = (byte)'-';
            scientific = scientific[1..];
        }

        Span<byte> digits = stackalloc byte[SignificantDigits];
        digits[0] = scientific[0];
        scientific.Slice(2, SignificantDigits - 1).CopyTo(digits[1..]);
        digits = digits[..Math.Max(1, digits.TrimEnd((byte)'0').Length)];

        ReadOnlySpan<byte> exponentText = scientific[(SignificantDigits + 2)..];
        int exponent = int.Parse(exponentText, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent is < -4 or >= SignificantDigits)
        {
            text[written++] = digits[0];
            written += WithPoint(digits[1..], text[written..]);
            text[written++] = (byte)'e';
            text[written++] = exponent < 0 ? (byte)'-' : (byte)'+';
            Math.Abs(exponent).TryFormat(text[written..], out int exponentDigits, "D2", CultureInfo.InvariantCulture);
            written += exponentDigits;
        }
        else if (exponent < 0)
        {
            written += Copy("0.000"u8[..(1 - exponent)], text[written..]);
            written += Copy(digits, text[written..]);
        }
        else
        {
            int beforePoint = Math.Min(digits.Length, exponent + 1);
            written += Copy(digits[..beforePoint], text[written..]);
            for (; beforePoint <= exponent; beforePoint++)
            {
                text[written++] = (byte)'0';
            }

            written += WithPoint(digits[Math.Min(digits.Length, beforePoint)..], text[written..]);
        }

        return Copy(text[..written], destination);
    }

    private static int WithPoint(ReadOnlySpan<byte> decimals, Span<byte> destination)
    {
        if (decimals.IsEmpty)
        {
            return 0;
        }

        destination[0] = (byte)'.';
        return 1 + Copy(decimals, destination[1..]);
    }

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> destination) =>
        text.TryCopyTo(destination) ? text.Length : throw TooShort(destination);

    private static ArgumentException TooShort(Span<byte> destination) =>
        new($"A number of up to {MaxTextBytes} bytes does not fit {destination.Length}.", nameof(destination));
}
