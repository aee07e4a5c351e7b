using System.Globalization;
using System.Numerics;
using System.Text;
using CsCheck;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

public class NumberTests
{
    private const int Iterations = 3000;

    [Fact]
    public void An_integer_comes_back_from_its_text() =>
        Gen.OneOf(Gen.Long, Gen.Long[-1000, 1000], Gen.OneOf(long.MinValue, long.MaxValue, long.MinValue + 1)).Sample(number =>
        {
            Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
            int length = DecimalNumber.Format(number, text);

            Assert.True(DecimalNumber.TryParse(text[..length], out long again));
            Assert.Equal(number, again);
            Assert.Equal(length, DecimalNumber.TextBytes(number));
        }, iter: Iterations);

    [Fact]
    public void A_short_decimal_is_read_as_the_nearest_number_there_is() =>
        Gen.Select(Gen.OneOf(Gen.Long[0, 99_999], Gen.Long[0, 99_999_999_999_999_999]), Gen.Int[-1, 18], Gen.Bool).Sample((digits, decimals, isNegative) =>
        {
            string text = digits.ToString(CultureInfo.InvariantCulture);
            text = (isNegative ? "-" : "") + (decimals < 0 || decimals > text.Length ? text : text[..^decimals] + "." + text[^decimals..]);

            bool isRead = DoubleText.TryParse(Encoding.ASCII.GetBytes(text), out double number);

            Assert.True(isRead || text is "." or "-.");
            Assert.True(!isRead || BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)) == BitConverter.DoubleToInt64Bits(number), text);
        }, iter: Iterations);

    [Fact]
    public void A_text_is_an_integer_only_if_formatting_would_give_that_text() =>
        Gen.Char["0123456789-+ "].Array[0, 22].Select(text => new string(text)).Sample(text =>
        {
            bool expected = BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger number)
                && number >= long.MinValue && number <= long.MaxValue && number.ToString(CultureInfo.InvariantCulture) == text;

            Assert.Equal(expected, DecimalNumber.IsCanonical(Encoding.UTF8.GetBytes(text)));
        }, iter: Iterations);

    [Theory]
    [InlineData("9223372036854775807", true)]
    [InlineData("9223372036854775808", false)]
    [InlineData("-9223372036854775808", true)]
    [InlineData("-9223372036854775809", false)]
    [InlineData("18446744073709551616", false)]
    [InlineData("0", true)]
    [InlineData("-0", false)]
    [InlineData("-", false)]
    [InlineData("", false)]
    [InlineData("01", false)]
    [InlineData("+1", false)]
    [InlineData("1 ", false)]
    public void The_edges_of_int64_are_numbers_and_nothing_beyond(string text, bool isNumber) =>
        Assert.Equal(isNumber, DecimalNumber.IsCanonical(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("3.0e3", "200", "3200")]
    [InlineData("10.50", "0.1", "10.6")]
    [InlineData("5.0e3", "2.0e2", "5200")]
    [InlineData("0.1", "0.2", "0.3")]
    [InlineData("10.6", "-5", "5.6")]
    [InlineData("1", "-1", "0")]
    [InlineData("-0", "0", "0")]
    [InlineData("1e18", "0.5", "1000000000000000000.5")]
    [InlineData("1e19", "0.25", "10000000000000000000")]
    [InlineData("0x10", "0", "16")]
    [InlineData("0.99999999999999999", "0.00000000000000001", "1")]
    [InlineData("-1e-17", "0", "-0.00000000000000001")]
    [InlineData("1e30", "0", "1000000000000000000024696061952")]
    public void Adding_decimals_gives_the_decimals_that_people_expect(string left, string right, string sum) =>
        Assert.Equal(sum, Add(left, right));

    // Each lies half-way between two numbers of 64 bits but for a rest far below, in bits that are not kept but remembered.
    public static TheoryData<string, string, string> AlmostTies => new()
    {
        { "18446744073709551617.0000000000000000000000000000000000000000000000001", "0", "18446744073709551618" },
        { "0x8000000000000000800000000000000000000001p-96", "0", "9223372036854775809" },
        { "0x8000000000000000800000000000000000000000p-96", "0", "9223372036854775808" },
        { "0xC000000000000000", "-0x8000000000000001p-64", "13835058055282163711" },
        { "0xC000000000000000", "0x8000000000000001p-64", "13835058055282163713" },
        { "0xC000000000000000", "0x8000000000000000p-64", "13835058055282163712" },
    };

    [Theory]
    [MemberData(nameof(AlmostTies))]
    public void Almost_a_tie_is_none(string left, string right, string sum) => Assert.Equal(sum, Add(left, right));

    [Theory]
    [InlineData("")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1e")]
    [InlineData("e1")]
    [InlineData(".")]
    [InlineData("nan")]
    [InlineData("0x")]
    [InlineData("0x.p1")]
    [InlineData("1e5000")]
    [InlineData("1e-5000")]
    [InlineData("1,5")]
    [InlineData("1\0")]
    [InlineData("--1")]
    public void What_is_no_number_for_Redis_is_refused(string text) => Assert.False(LongDoubleText.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void A_sum_that_is_infinite_is_refused()
    {
        Assert.Null(Add("inf", "1"));
        Assert.Null(Add("inf", "-infinity"));
        Assert.Null(Add("1.18e4932", "1.18e4932"));
        Assert.NotNull(Add("1.18e4932", "-1.18e4932"));
    }

    [Fact]
    public void A_text_of_5120_bytes_is_refused_and_one_byte_less_is_read()
    {
        Assert.True(LongDoubleText.TryParse([.. Enumerable.Repeat((byte)'0', 5118), (byte)'7'], out LongDouble number));
        Assert.Equal("7", Text(number));
        Assert.False(LongDoubleText.TryParse([.. Enumerable.Repeat((byte)'0', 5119), (byte)'7'], out _));
    }

    [Fact]
    public void The_greatest_number_fits_the_room_that_is_promised()
    {
        Assert.True(LongDoubleText.TryParse("-1.18973149535723176502e4932"u8, out LongDouble greatest));
        Assert.True(LongDoubleText.TryParse("-9223372036854775807.9999999"u8, out LongDouble longest));

        Assert.Equal(4934, Text(greatest).Length);
        Assert.Equal("-9223372036854775808", Text(longest));
    }

    [Fact]
    public void Short_and_long_decimals_are_read_alike() =>
        Gen.Select(Gen.ULong, Gen.Int[-40, 40]).Sample((digits, power) =>
        {
            // Zeros after the point change nothing but the path: more than 19 digits go through big integers.
            string plain = string.Create(CultureInfo.InvariantCulture, $"{digits}e{power}");
            string padded = string.Create(CultureInfo.InvariantCulture, $"{digits}.0000000000000000000e{power}");

            Assert.True(LongDoubleText.TryParse(Encoding.UTF8.GetBytes(plain), out LongDouble one));
            Assert.True(LongDoubleText.TryParse(Encoding.UTF8.GetBytes(padded), out LongDouble other));
            Assert.Equal((one.Significand, one.Exponent), (other.Significand, other.Exponent));
        }, iter: Iterations);

    [Fact]
    public void Integers_are_added_exactly_up_to_64_bits() =>
        Gen.Select(Gen.Long, Gen.Long).Sample((left, right) =>
        {
            Assert.True(LongDouble.TryAdd(LongDouble.FromInt64(left), LongDouble.FromInt64(right), out LongDouble sum));
            Assert.Equal(((Int128)left + right).ToString(CultureInfo.InvariantCulture), Text(sum));
        }, iter: Iterations);

    [Theory]
    [InlineData(0.1, "0.10000000000000001")]
    [InlineData(3.0, "3")]
    [InlineData(-0.0, "-0")]
    [InlineData(1e17, "1e+17")]
    [InlineData(1e16, "10000000000000000")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1.0000000000000001e-05")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e+308")]
    [InlineData(-2.2250738585072014e-308, "-2.2250738585072014e-308")]
    [InlineData(double.PositiveInfinity, "inf")]
    [InlineData(double.NegativeInfinity, "-inf")]
    public void A_double_is_written_with_17_significant_digits(double number, string text)
    {
        Span<byte> buffer = stackalloc byte[DoubleText.MaxTextBytes];

        int length = DoubleText.Format(number, buffer);

        Assert.Equal(text, Encoding.UTF8.GetString(buffer[..length]));
    }

    [Fact]
    public void Every_double_comes_back_from_its_text() =>
        Gen.Double.Where(double.IsFinite).Sample(number =>
        {
            Span<byte> buffer = stackalloc byte[DoubleText.MaxTextBytes];
            int length = DoubleText.Format(number, buffer);

            Assert.Equal(BitConverter.DoubleToInt64Bits(number), BitConverter.DoubleToInt64Bits(double.Parse(buffer[..length], CultureInfo.InvariantCulture)));
        }, iter: Iterations);

    private static string? Add(string left, string right)
    {
        Assert.True(LongDoubleText.TryParse(Encoding.UTF8.GetBytes(left), out LongDouble first), left);
        Assert.True(LongDoubleText.TryParse(Encoding.UTF8.GetBytes(right), out LongDouble second), right);
        return LongDouble.TryAdd(first, second, out LongDouble sum) ? Text(sum) : null;
    }

    private static string Text(LongDouble number)
    {
        Span<byte> buffer = stackalloc byte[LongDoubleText.MaxFormattedBytes];
        return Encoding.UTF8.GetString(buffer[..LongDoubleText.Format(number, buffer)]);
    }
}
