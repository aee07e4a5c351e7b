using System.Text;
using CsCheck;
using ElastiCache.Embedded.Api.Serialization;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class PlainFormTests
{
    public enum Weekday : byte
    {
        Monday = 1,
        Friday = 5,
        Dé = 9,
    }

    [Flags]
    public enum Rights : long
    {
        None = 0,
        Read = 1,
        Write = 2,
        Everything = long.MinValue,
    }

    [Fact]
    public void Plain_forms_are_what_a_Redis_client_reads()
    {
        Stored("héllo 😀", "héllo 😀");
        Stored("", "");
        Stored(-42, "-42");
        Stored(long.MinValue, "-9223372036854775808");
        Stored(ulong.MaxValue, "18446744073709551615");
        Stored(Int128.MinValue, "-170141183460469231731687303715884105728");
        Stored((sbyte)-128, "-128");
        Stored(1.50m, "1.50");
        Stored(decimal.MaxValue, "79228162514264337593543950335");
        Stored(true, "1");
        Stored(false, "0");
        Stored(new Guid("0f8fad5b-d9cb-469f-a165-70867728950e"), "0f8fad5b-d9cb-469f-a165-70867728950e");
        Stored(new DateTime(2024, 2, 29, 12, 30, 0, DateTimeKind.Utc), "2024-02-29T12:30:00.0000000Z");
        Stored(new DateTime(2024, 2, 29, 12, 30, 0, DateTimeKind.Unspecified), "2024-02-29T12:30:00.0000000");
        Stored(new DateTimeOffset(2024, 2, 29, 12, 30, 0, TimeSpan.FromMinutes(-90)), "2024-02-29T12:30:00.0000000-01:30");
        Stored(new DateOnly(2024, 2, 29), "2024-02-29");
        Stored(new TimeOnly(12, 30, 0), "12:30:00.0000000");
        Stored(new TimeSpan(1, 2, 3, 4, 500), "1.02:03:04.5000000");
        Stored(TimeSpan.FromSeconds(-1), "-00:00:01");
        Stored(Weekday.Friday, "Friday");
        Stored(Weekday.Dé, "Dé");
        Stored((Weekday)17, "17");
        Stored(Rights.Read | Rights.Write, "Read, Write");
        Stored((Rights)long.MaxValue, "9223372036854775807");
        Stored<int?>(7, "7");
        Stored<Weekday?>(Weekday.Monday, "Monday");
        Stored<DateOnly?>(new DateOnly(1, 1, 1), "0001-01-01");
    }

    [Fact]
    public void Floating_point_numbers_are_spelled_as_Redis_spells_them()
    {
        Stored(0.1, "0.1");
        Stored(-1.5, "-1.5");
        Stored(0.0, "0");
        Stored(-0.0, "-0");
        Stored(3.0, "3");
        Stored(1e15, "1000000000000000");
        Stored(4503599627370495.0, "4503599627370495");       // 2^52 - 1
        Stored(1e300, "1e+300");
        Stored(5e-324, "5e-324");
        Stored(double.MaxValue, "1.7976931348623157e+308");
        Stored(double.PositiveInfinity, "inf");
        Stored(double.NegativeInfinity, "-inf");
        Stored(double.NaN, "nan");
        Stored(0.1f, "0.1");
        Stored(16777215f, "16777215");
        Stored(float.NegativeInfinity, "-inf");
        Stored((Half)0.5, "0.5");
    }

    [Fact]
    public void What_other_clients_write_is_understood()
    {
        Assert.Equal(7, Read<int>("+007"));
        Assert.Equal(1e20, Read<double>("1E20"));
        Assert.Equal(double.PositiveInfinity, Read<double>("+inf"));
        Assert.Equal(double.NegativeInfinity, Read<double>("-Infinity"));
        Assert.True(double.IsNaN(Read<double>("-nan")));
        Assert.Equal(0.3, Read<double>("0.3"));
        Assert.Equal(15m, Read<decimal>("1.5e1"));
        Assert.Equal(Weekday.Friday, Read<Weekday>("5"));
        Assert.Equal(new Guid("0f8fad5b-d9cb-469f-a165-70867728950e"), Read<Guid>("0F8FAD5B-D9CB-469F-A165-70867728950E"));
    }

    [Fact]
    public void Bytes_are_stored_as_they_are_and_read_into_memory_of_their_own()
    {
        byte[] bytes = [0, 255, 10, 13];

        Assert.Equal(bytes, Write(bytes));
        Assert.Equal(bytes, Write(new ReadOnlyMemory<byte>(bytes)));
        Assert.Equal(bytes, Write(bytes.AsMemory()));
        Assert.Equal(bytes, ValueCodec.DecodePlain<byte[]>(bytes, default));
        Assert.NotSame(bytes, ValueCodec.DecodePlain<byte[]>(bytes, default));
        Assert.Equal(bytes, ValueCodec.DecodePlain<ReadOnlyMemory<byte>>(bytes, default).ToArray());
    }

    [Fact]
    public void Every_plain_value_reads_back_as_it_was_written()
    {
        RoundTrips(Gen.SByte);
        RoundTrips(Gen.Byte);
        RoundTrips(Gen.Short);
        RoundTrips(Gen.UShort);
        RoundTrips(Gen.Int);
        RoundTrips(Gen.UInt);
        RoundTrips(Gen.Long);
        RoundTrips(Gen.ULong);
        RoundTrips(Gen.Select(Gen.ULong, Gen.ULong, (high, low) => new UInt128(high, low)));
        RoundTrips(Gen.Select(Gen.ULong, Gen.ULong, (high, low) => (Int128)new UInt128(high, low)));
        RoundTrips(Gen.Double);
        RoundTrips(Gen.Long.Select(BitConverter.Int64BitsToDouble));
        RoundTrips(Gen.Long.Select(number => (double)number));
        RoundTrips(Gen.Float);
        RoundTrips(Gen.Int.Select(BitConverter.Int32BitsToSingle));
        RoundTrips(Gen.Short.Select(BitConverter.Int16BitsToHalf));
        RoundTrips(Gen.Decimal);
        RoundTrips(Gen.Bool);
        RoundTrips(Gen.Guid);
        RoundTrips(Gen.DateTime);
        RoundTrips(Gen.DateTimeOffset);
        RoundTrips(Gen.DateOnly);
        RoundTrips(Gen.TimeOnly);
        RoundTrips(Gen.TimeSpan);
        RoundTrips(Gen.Byte.Select(number => (Weekday)number));
        RoundTrips(Gen.Long.Select(number => (Rights)number));
        RoundTrips(Gen.Long.Select(number => (long?)number));
        RoundTrips(Gen.String.Select(text => new string([.. text.Where(character => !char.IsSurrogate(character))])));
    }

    [Fact]
    public void A_date_keeps_its_kind_and_its_offset()
    {
        foreach (DateTimeKind kind in Enum.GetValues<DateTimeKind>())
        {
            Assert.Equal(kind, ReadBack(new DateTime(2024, 7, 1, 0, 0, 0, kind)).Kind);
        }

        var east = new DateTimeOffset(2024, 7, 1, 0, 0, 0, TimeSpan.FromHours(14));
        Assert.Equal(east.Offset, ReadBack(east).Offset);
        Assert.Equal(DateTime.MaxValue, ReadBack(DateTime.MaxValue));
        Assert.Equal(DateTimeOffset.MinValue, ReadBack(DateTimeOffset.MinValue));
        Assert.Equal(TimeSpan.MinValue, ReadBack(TimeSpan.MinValue));
        Assert.Equal(TimeSpan.MaxValue, ReadBack(TimeSpan.MaxValue));
    }

    [Fact]
    public void A_decimal_keeps_its_scale() =>
        Assert.Equal("1.500", ReadBack(1.500m).ToString(System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void Text_in_another_form_is_refused()
    {
        Refuses<int>("", " 1", "1 ", "1.0", "0x10", "1,000", "2147483648", "-2147483649", "abc", "1\0");
        Refuses<byte>("-1", "256");
        Refuses<long>("9223372036854775808", "1e3");
        Refuses<double>("", " 1", "1,5", "1e999", "in", "infinit", "NaN(1)", "∞", "0x1p3", "-", "e", "1\0");
        Refuses<float>("1e39", "one");
        Refuses<decimal>("", "79228162514264337593543950336", "nan", "1.5\0");
        Refuses<bool>("", "true", "2", "10");
        Refuses<Guid>("", "0f8fad5bd9cb469fa16570867728950e", "{0f8fad5b-d9cb-469f-a165-70867728950e}", "0f8fad5b-d9cb-469f-a165-70867728950e ");
        Refuses<DateTime>("", "2024-02-30T00:00:00.0000000Z", "29.02.2024", "2024-02-29T12:30:00.0000000Zx");
        Refuses<DateTimeOffset>("2024-02-29", "2024-02-29T12:30:00.0000000+99:00");
        Refuses<DateOnly>("", "2024-13-01", "2024-02-29\0", "2024-02-29T00:00", "２０２４-02-29", new string('1', 1000));
        Refuses<TimeOnly>("24:00:00.0000000", "12:30", "12:30:00.0000000\0");
        Refuses<TimeSpan>("", "1", "25:00:00", "1:2", "1:02:03:04", "01:02:03\0");
        Refuses<Weekday>("", "Tuesday", "friday", "256", "Friday\0", new string('x', 1000));
        Refuses<int?>("", "null");
    }

    [Fact]
    public void Stored_bytes_that_are_not_UTF8_are_no_string()
    {
        var refused = Assert.Throws<FormatException>(() => ValueCodec.DecodePlain<string>([0x61, 0xFF], "k"u8));

        Assert.Equal(
            "The value of key 'k' can't be read as System.String: it is not UTF-8 text. " +
            "Read it as the type that it was written with, or as byte[].", refused.Message);
    }

    [Fact]
    public void A_refusal_names_the_key_and_the_form_but_not_what_was_stored()
    {
        var refused = Assert.Throws<FormatException>(() => ValueCodec.DecodePlain<byte>("top secret"u8, "salary:ada"u8));

        Assert.Contains("salary:ada", refused.Message, StringComparison.Ordinal);
        Assert.Contains("a decimal integer from 0 to 255", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Objects_have_no_plain_form()
    {
        Assert.False(ValueCodec.IsPlain<object>());
        Assert.False(ValueCodec.IsPlain<int[]>());
        Assert.False(ValueCodec.IsPlain<KeyValuePair<int, int>?>());
        Assert.True(ValueCodec.IsPlain<Weekday?>());
    }

    private static void Stored<T>(T value, string text)
    {
        Assert.Equal(text, Encoding.UTF8.GetString(Write(value)));
        Assert.Equal(value, Read<T>(text));
    }

    private static void RoundTrips<T>(Gen<T> values) => values.Sample(value => EqualityComparer<T>.Default.Equals(value, ReadBack(value)));

    private static void Refuses<T>(params string[] texts) =>
        Assert.All(texts, text => Assert.Throws<FormatException>(() => Read<T>(text)));

    private static T ReadBack<T>(T value) => ValueCodec.DecodePlain<T>(Write(value), default);

    private static T Read<T>(string text) => ValueCodec.DecodePlain<T>(Encoding.UTF8.GetBytes(text), "k"u8);

    private static byte[] Write<T>(T value)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return encoder.Encode(value, NoSerializer.Instance).ToArray();
    }
}
