using System.Globalization;
using System.Numerics;
using System.Text;

namespace ElastiCache.Embedded.Api.Serialization;

/// <summary>Decimal digits with an optional minus, as INCR needs them. A plus and leading zeros are read too.</summary>
internal sealed class IntegerForm<T> : PlainForm<T>
    where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
{
    public override string Expected { get; } =
        string.Create(CultureInfo.InvariantCulture, $"a decimal integer from {T.MinValue} to {T.MaxValue}");

    public override bool TryWrite(T value, Span<byte> destination, out int written) =>
        value.TryFormat(destination, out written, default, CultureInfo.InvariantCulture);

    public override bool TryRead(ReadOnlySpan<byte> text, out T value) =>
        T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && !DecimalText.EndsInNul(text);
}

/// <summary>The shortest decimal that reads back as the same number, in Redis's spelling.</summary>
/// <remarks>
/// Whole numbers that the type holds exactly are written without an exponent, so that <c>INCR</c> accepts them; others switch to
/// <c>1e+20</c> where .NET does, with the small e of C's printf. .NET's own names for the infinities, which a C parser reads
/// but no Redis client writes, are not used.
/// </remarks>
internal sealed class FloatForm<T> : PlainForm<T>
    where T : struct, IBinaryFloatingPointIeee754<T>
{
    private const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    // 2^52, or what is exact in the smaller types: below it each whole number has a neighbour at a distance of at most 1.
    private static readonly T ExactWholeNumbers = T.ScaleB(T.One, T.One.GetSignificandBitLength() - 1);

    public override string Expected => "a decimal number, inf, -inf or nan";

    public override bool TryWrite(T value, Span<byte> destination, out int written)
    {
        if (!T.IsFinite(value))
        {
            ReadOnlySpan<byte> name = T.IsNaN(value) ? "nan"u8 : T.IsNegative(value) ? "-inf"u8 : "inf"u8;
            written = name.Length;
            return name.TryCopyTo(destination);
        }

        // Negative zero is a whole number that no integer can tell from zero.
        bool isInteger = T.IsInteger(value) && T.Abs(value) < ExactWholeNumbers && !(T.IsZero(value) && T.IsNegative(value));
        return isInteger
            ? long.CreateTruncating(value).TryFormat(destination, out written, default, CultureInfo.InvariantCulture)
            : value.TryFormat(destination, out written, "g", CultureInfo.InvariantCulture);
    }

    public override bool TryRead(ReadOnlySpan<byte> text, out T value)
    {
        // Letters first: .NET's parser knows other names for what is not finite.
        if (text.Length > 0 && IsLetter(text[^1]))
        {
            return TryReadName(text, out value);
        }

        // Redis refuses what overflows to infinity, and so do we: "1e999" was never written as a number.
        return T.TryParse(text, Style, CultureInfo.InvariantCulture, out value) && T.IsFinite(value) && !DecimalText.EndsInNul(text);
    }

    private static bool IsLetter(byte character) => char.IsAsciiLetter((char)character);

    private static bool TryReadName(ReadOnlySpan<byte> text, out T value)
    {
        bool isNegative = text[0] == '-';
        ReadOnlySpan<byte> name = isNegative || text[0] == '+' ? text[1..] : text;
        if (Ascii.EqualsIgnoreCase(name, "inf"u8) || Ascii.EqualsIgnoreCase(name, "infinity"u8))
        {
            value = isNegative ? T.NegativeInfinity : T.PositiveInfinity;
            return true;
        }

        value = T.NaN;
        return Ascii.EqualsIgnoreCase(name, "nan"u8);
    }
}

/// <summary>All digits, and the zeros behind the point that tell a decimal's scale.</summary>
internal sealed class DecimalForm : PlainForm<decimal>
{
    private const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    public override string Expected => "a decimal number of at most 28 digits";

    public override bool TryWrite(decimal value, Span<byte> destination, out int written) =>
        value.TryFormat(destination, out written, default, CultureInfo.InvariantCulture);

    public override bool TryRead(ReadOnlySpan<byte> text, out decimal value) =>
        decimal.TryParse(text, Style, CultureInfo.InvariantCulture, out value) && !DecimalText.EndsInNul(text);
}

internal static class DecimalText
{
    /// <summary>.NET's number parsers skip NUL characters at the end, as if the text came from C; Redis doesn't.</summary>
    public static bool EndsInNul(ReadOnlySpan<byte> text) => text is [.., 0];
}

/// <summary>1 for true and 0 for false.</summary>
internal sealed class BooleanForm : PlainForm<bool>
{
    public override string Expected => "1 or 0";

    public override bool TryWrite(bool value, Span<byte> destination, out int written)
    {
        written = 1;
        return (value ? "1"u8 : "0"u8).TryCopyTo(destination);
    }

    public override bool TryRead(ReadOnlySpan<byte> text, out bool value)
    {
        value = text is [(byte)'1'];
        return text is [(byte)'0' or (byte)'1'];
    }
}

/// <summary>An enum by name, several flags as <c>Read, Write</c>, a value without a name as its number. Names and numbers are read.</summary>
internal sealed class EnumForm<T> : PlainForm<T>
    where T : struct, Enum
{
    // Longer than any sane name; a set of flags beyond it is written through the growing loop of the encoder.
    private const int UsualCharacters = 256;

    public override string Expected { get; } = $"a name or number of {typeof(T)}";

    public override bool TryWrite(T value, Span<byte> destination, out int written)
    {
        Span<char> name = stackalloc char[UsualCharacters];
        if (!Enum.TryFormat(value, name, out int characters))
        {
            string longName = value.ToString();
            return Encoding.UTF8.TryGetBytes(longName, destination, out written);
        }

        return Encoding.UTF8.TryGetBytes(name[..characters], destination, out written);
    }

    public override bool TryRead(ReadOnlySpan<byte> text, out T value)
    {
        if (text.Length > UsualCharacters)
        {
            return Enum.TryParse(Encoding.UTF8.GetString(text), out value);
        }

        Span<char> name = stackalloc char[UsualCharacters];
        return Enum.TryParse(name[..Encoding.UTF8.GetChars(text, name)], out value);
    }
}
