using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Unicode;

namespace ElastiCache.Embedded.Values;

/// <summary>How Redis reads and writes the numbers of INCRBYFLOAT.</summary>
/// <remarks>
/// Reading is C's <c>strtold</c> over the whole text: an optional sign, then
/// <code>
///   12  1.5  .5  5.  1e3  1.5E-3          decimal
///   0x10  0x1.8p3                         hexadecimal; the exponent is a decimal power of two
///   inf  infinity                         in any case
/// </code>
/// Spaces, NaN, a number too great to hold, a number so small that it would become 0, and texts of 5,120 bytes or more are refused.
/// <para>Writing is <c>%.17Lf</c> without the zeros at the end: never an exponent, at most 17 decimals, exact digits. A great number
/// is long: 1e4000 has 4,001 digits, of which the first 19 or 20 are what the user wrote.</para>
/// <para>Nearly all numbers in a cache have at most 19 digits and a small exponent; for those 128-bit integers suffice. The others go through
/// <see cref="BigInteger"/>: exact as well, a thousand times slower, and bounded by the length of the text.</para>
/// </remarks>
internal static class LongDoubleText
{
    /// <summary>The longest text that is read; a byte less than Redis's buffer, which ends with a 0.</summary>
    public const int MaxParsedBytes = (5 * 1024) - 1;

    /// <summary>Room for the longest text that is written: a sign, 4,933 digits, a point and 17 decimals.</summary>
    public const int MaxFormattedBytes = 1 + 4933 + 1 + Decimals;

    private const int Decimals = 17;
    private const ulong DecimalScale = 100_000_000_000_000_000;     // 10^17

    // Digits that surely fit 64 bits, and powers of ten that do: 10^19 is the greatest.
    private const int ShortDigits = 19;
    private const int ShortPower = 19;

    // With 10^-k as the divisor the quotient needs 66 bits: 128 − 62 of 10^18 leaves them.
    private const int ShortNegativePower = 18;

    // Far outside the range, far inside an int: exponents saturate here while they are read.
    private const int HugeExponent = 1_000_000;

    // A number is too great from 10^4933 on, and surely becomes 0 below 10^-4952.
    private const int MaxDecimalMagnitude = 4933;
    private const int MinDecimalMagnitude = -4952;

    /// <summary>Reads a number as Redis does.</summary>
    /// <returns>False where Redis answers "value is not a valid float".</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out LongDouble number)
    {
        number = default;
        if (text.Length > MaxParsedBytes)
        {
            return false;
        }

        bool isNegative = text is [(byte)'-', ..];
        ReadOnlySpan<byte> rest = isNegative || text is [(byte)'+', ..] ? text[1..] : text;
        if (Ascii.EqualsIgnoreCase(rest, "inf"u8) || Ascii.EqualsIgnoreCase(rest, "infinity"u8))
        {
            number = LongDouble.Infinity(isNegative);
            return true;
        }

        return rest is [(byte)'0', (byte)'x' or (byte)'X', ..]
            ? TryParseHexadecimal(rest[2..], isNegative, out number)
            : TryParseDecimal(rest, isNegative, out number);
    }

    /// <summary>Writes a finite number as Redis does, into at least <see cref="MaxFormattedBytes"/> bytes.</summary>
    /// <returns>The bytes written.</returns>
    /// <exception cref="NotFiniteNumberException">The number is an infinity, which Redis never stores.</exception>
    public static int Format(LongDouble number, Span<byte> destination)
    {
        if (!number.IsFinite)
        {
            throw new NotFiniteNumberException("An infinity can't be stored as a number.");
        }

        ulong decimals = 0;
        ulong small = 0;
        UInt128 large = 0;
        if (number.Exponent < 0)
        {
            small = SplitFraction(number.Significand, -number.Exponent, out decimals);
        }
        else if (number.Exponent <= 64)
        {
            large = (UInt128)number.Significand << number.Exponent;
        }

        // What was too small for 17 decimals is written as 0, never as -0.
        bool isZero = number.Exponent <= 64 && decimals == 0 && small == 0 && large == 0;
        int written = 0;
        if (number.IsNegative && !isZero)
        {
            destination[written++] = (byte)'-';
        }

        written += number.Exponent > 64
            ? FormatGiant(number, destination[written..])
            : FormatInteger(small + large, destination[written..]);
        return written + FormatDecimals(decimals, destination[written..]);
    }

    private static bool TryParseDecimal(ReadOnlySpan<byte> text, bool isNegative, out LongDouble number)
    {
        number = default;
        ulong shortDigits = 0;
        int significant = 0, digits = 0, afterPoint = 0;
        bool seenPoint = false;
        int at = 0;
        for (; at < text.Length; at++)
        {
            uint digit = (uint)text[at] - '0';
            if (digit <= 9)
            {
                digits++;
                afterPoint += seenPoint ? 1 : 0;
                if (significant > 0 || digit != 0)
                {
                    // Wrong from the twentieth digit on, and then not used.
                    shortDigits = unchecked((shortDigits * 10) + digit);
                    significant++;
                }
            }
            else if (text[at] == '.' && !seenPoint)
            {
                seenPoint = true;
            }
            else
            {
                break;
            }
        }

        if (digits == 0 || !TryParseExponent(text[at..], (byte)'e', out int power))
        {
            return false;
        }

        if (significant == 0)
        {
            number = LongDouble.Zero(isNegative);
            return true;
        }

        power -= afterPoint;
        number = significant <= ShortDigits && power is <= ShortPower and >= -ShortNegativePower
            ? FromShortDecimal(isNegative, shortDigits, power)
            : FromLongDecimal(isNegative, text[..at], significant, power);
        return number.IsFinite && !number.IsZero;
    }

    private static LongDouble FromShortDecimal(bool isNegative, ulong digits, int power)
    {
        if (power >= 0)
        {
            return LongDouble.Round(isNegative, (UInt128)digits * PowerOfTen(power), 0, isSticky: false);
        }

        int shift = 64 + BitOperations.LeadingZeroCount(digits);
        (UInt128 quotient, UInt128 remainder) = UInt128.DivRem((UInt128)digits << shift, PowerOfTen(-power));
        return LongDouble.Round(isNegative, quotient, -shift, isSticky: remainder != 0);
    }

    private static LongDouble FromLongDecimal(bool isNegative, ReadOnlySpan<byte> text, int significant, int power)
    {
        // The number lies between 10^(magnitude − 1) and 10^magnitude.
        int magnitude = significant + power;
        if (magnitude > MaxDecimalMagnitude)
        {
            return LongDouble.Infinity(isNegative);
        }

        if (magnitude < MinDecimalMagnitude)
        {
            return LongDouble.Zero(isNegative);
        }

        Span<char> digits = stackalloc char[text.Length];
        int count = 0;
        foreach (byte digit in text)
        {
            if (digit != '.')
            {
                digits[count++] = (char)digit;
            }
        }

        BigInteger integer = BigInteger.Parse(digits[..count], NumberStyles.None, CultureInfo.InvariantCulture);
        if (power >= 0)
        {
            return LongDouble.Round(isNegative, integer * BigInteger.Pow(10, power), 0, isSticky: false);
        }

        BigInteger divisor = BigInteger.Pow(10, -power);
        int shift = (int)Math.Max(0, 128 + (long)divisor.GetBitLength() - (long)integer.GetBitLength());
        BigInteger quotient = BigInteger.DivRem(integer << shift, divisor, out BigInteger remainder);
        return LongDouble.Round(isNegative, quotient, -shift, isSticky: !remainder.IsZero);
    }

    private static bool TryParseHexadecimal(ReadOnlySpan<byte> text, bool isNegative, out LongDouble number)
    {
        number = default;
        UInt128 significand = 0;
        int digits = 0, exponent = 0;
        bool seenPoint = false, isSticky = false;
        int at = 0;
        for (; at < text.Length; at++)
        {
            int digit = HexDigit(text[at]);
            if (digit >= 0)
            {
                digits++;
                exponent -= seenPoint ? 4 : 0;
                if (significand >> 120 == 0)
                {
                    significand = (significand << 4) | (uint)digit;
                }
                else
                {
                    isSticky |= digit != 0;
                    exponent += 4;
                }
            }
            else if (text[at] == '.' && !seenPoint)
            {
                seenPoint = true;
            }
            else
            {
                break;
            }
        }

        if (digits == 0 || !TryParseExponent(text[at..], (byte)'p', out int power))
        {
            return false;
        }

        number = LongDouble.Round(isNegative, significand, exponent + power, isSticky);
        return number.IsFinite && (!number.IsZero || significand == 0);
    }

    /// <summary>Reads what follows the digits: nothing, or <c>e-12</c>, to the end of the text.</summary>
    private static bool TryParseExponent(ReadOnlySpan<byte> text, byte letter, out int exponent)
    {
        exponent = 0;
        if (text.IsEmpty)
        {
            return true;
        }

        if ((text[0] | 0x20) != letter)
        {
            return false;
        }

        bool isNegative = text.Length > 1 && text[1] == '-';
        ReadOnlySpan<byte> digits = text[(isNegative || (text.Length > 1 && text[1] == '+') ? 2 : 1)..];
        foreach (byte character in digits)
        {
            uint digit = (uint)character - '0';
            if (digit > 9)
            {
                return false;
            }

            exponent = Math.Min(HugeExponent, (exponent * 10) + (int)digit);
        }

        exponent = isNegative ? -exponent : exponent;
        return !digits.IsEmpty;
    }

    private static int HexDigit(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => character - '0',
        >= (byte)'a' and <= (byte)'f' => character - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => character - 'A' + 10,
        _ => -1,
    };

    private static ulong PowerOfTen(int power)
    {
        ulong result = 1;
        for (; power > 0; power--)
        {
            result *= 10;
        }

        return result;
    }

    /// <summary>Splits significand / 2^<paramref name="fractionBits"/> into an integer and 17 decimals, the last one rounded, ties to even.</summary>
    private static ulong SplitFraction(ulong significand, int fractionBits, out ulong decimals)
    {
        ulong integer = fractionBits < 64 ? significand >> fractionBits : 0;
        ulong fraction = fractionBits < 64 ? significand & ((1UL << fractionBits) - 1) : significand;

        // Below 2^121, so from 2^-122 on everything rounds to 0.
        UInt128 scaled = (UInt128)fraction * DecimalScale;
        if (fractionBits > 122)
        {
            decimals = 0;
            return integer;
        }

        UInt128 whole = scaled >> fractionBits;
        UInt128 rest = scaled - (whole << fractionBits);
        UInt128 half = UInt128.One << (fractionBits - 1);
        if (rest > half || (rest == half && (whole & 1) != 0))
        {
            whole++;
        }

        decimals = (ulong)whole;
        if (decimals == DecimalScale)
        {
            decimals = 0;
            integer++;
        }

        return integer;
    }

    private static int FormatInteger(UInt128 integer, Span<byte> destination)
    {
        bool fits = integer <= ulong.MaxValue
            ? ((ulong)integer).TryFormat(destination, out int written, default, CultureInfo.InvariantCulture)
            : integer.TryFormat(destination, out written, default, CultureInfo.InvariantCulture);
        return fits ? written : throw TooShort(destination);
    }

    private static int FormatGiant(LongDouble number, Span<byte> destination)
    {
        string digits = ((BigInteger)number.Significand << number.Exponent).ToString(CultureInfo.InvariantCulture);
        return Utf8.FromUtf16(digits, destination, out _, out int written) == OperationStatus.Done ? written : throw TooShort(destination);
    }

    private static int FormatDecimals(ulong decimals, Span<byte> destination)
    {
        if (decimals == 0)
        {
            return 0;
        }

        destination[0] = (byte)'.';
        Span<byte> digits = destination.Slice(1, Decimals);
        if (!decimals.TryFormat(digits, out _, "D17", CultureInfo.InvariantCulture))
        {
            throw TooShort(destination);
        }

        return 1 + digits.TrimEnd((byte)'0').Length;
    }

    private static ArgumentException TooShort(Span<byte> destination) =>
        new($"A number of up to {MaxFormattedBytes} bytes does not fit {destination.Length}.", nameof(destination));
}
