using System.Buffers;
using System.Text;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Tests.House;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class ValueEncoderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(100_000)]
    public void A_string_of_any_length_is_encoded_whole(int characters)
    {
        foreach (char character in "aé€")
        {
            string text = new(character, characters);

            Assert.Equal(Encoding.UTF8.GetBytes(text), Encode(text));
        }
    }

    [Fact]
    public void No_scratch_at_all_is_enough()
    {
        using var encoder = new ValueEncoder(default);

        Assert.Equal("-42"u8, encoder.Encode(-42, NoSerializer.Instance));
    }

    [Fact]
    public void Bytes_pass_without_a_copy()
    {
        byte[] bytes = [1, 2, 3];
        using var encoder = new ValueEncoder(default);

        ReadOnlySpan<byte> encoded = encoder.Encode(bytes, NoSerializer.Instance);

        Assert.True(encoded.Overlaps(bytes));
    }

    [Fact]
    public void Null_has_no_plain_form()
    {
        Assert.Throws<ArgumentNullException>(() => Encode<string?>(null));
        Assert.Throws<ArgumentNullException>(() => Encode<byte[]?>(null));
        Assert.Throws<ArgumentNullException>(() => Encode<int?>(null));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused_and_not_replaced()
    {
        var refused = Assert.Throws<ArgumentException>(() => Encode("ab\uD83D"));

        Assert.Contains("at index 2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_set_of_flags_with_a_very_long_name_is_encoded_whole()
    {
        LongNames all = LongNames.AVeryLongNameThatTakesAHundredCharactersOrSoToSpellOutInFullBecauseSomebodyLikedLongNamesVeryMuchOne
            | LongNames.AVeryLongNameThatTakesAHundredCharactersOrSoToSpellOutInFullBecauseSomebodyLikedLongNamesVeryMuchTwo
            | LongNames.AVeryLongNameThatTakesAHundredCharactersOrSoToSpellOutInFullBecauseSomebodyLikedLongNamesVeryMuchFour;

        byte[] encoded = Encode(all);

        Assert.Equal(all.ToString(), Encoding.UTF8.GetString(encoded));
        Assert.Equal(all, ValueCodec.DecodePlain<LongNames>(encoded, default));
    }

    [Fact]
    public void Plain_values_are_encoded_and_read_without_allocating()
    {
        AllocatesNothing("a string of some length", read: false);
        AllocatesNothing(new string('x', 10_000), read: false);
        AllocatesNothing(new byte[100], read: false);
        AllocatesNothing(new ReadOnlyMemory<byte>(new byte[100]), read: false);
        AllocatesNothing(long.MinValue);
        AllocatesNothing((byte)7);
        AllocatesNothing(Int128.MaxValue);
        AllocatesNothing(Math.PI);
        AllocatesNothing(double.NaN);
        AllocatesNothing(0.1f);
        AllocatesNothing(123.4500m);
        AllocatesNothing(true);
        AllocatesNothing(Guid.NewGuid());
        AllocatesNothing(DateTime.UnixEpoch);
        AllocatesNothing(DateTimeOffset.UnixEpoch);
        AllocatesNothing(new DateOnly(2024, 2, 29));
        AllocatesNothing(new TimeOnly(12, 30));
        AllocatesNothing(TimeSpan.FromDays(1.5));
        AllocatesNothing(DayOfWeek.Friday);
        AllocatesNothing<int?>(5);
        AllocatesNothing<DayOfWeek?>(DayOfWeek.Friday);
    }

    [Fact]
    public void A_thread_that_has_serialized_once_needs_no_new_buffer()
    {
        var serializer = new BlockSerializer(1000);
        Encode(new object(), serializer);

        Assert.Equal(0, Allocations.Least(() =>
        {
            using var encoder = new ValueEncoder(default);
            encoder.Encode(this, serializer);
        }));
    }

    [Fact]
    public void A_serializer_that_encodes_another_value_gets_a_buffer_of_its_own()
    {
        byte[] encoded = Encode(new object(), new NestingSerializer());

        Assert.Equal("outer"u8.ToArray(), encoded);
    }

    [Fact]
    public void A_serializer_may_write_512_MB_and_not_a_byte_more()
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        buffer.GetSpan(CacheLimits.MaxValueBytes);
        buffer.Advance(CacheLimits.MaxValueBytes);

        Assert.Throws<ValueTooLargeException>(() => buffer.GetSpan(1));
        Assert.Throws<ValueTooLargeException>(() => buffer.GetMemory(int.MaxValue));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    public void A_buffer_refuses_to_advance_beyond_its_span(int count)
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        buffer.GetSpan(10);

        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(count));
    }

    [Fact]
    public void What_was_written_before_the_buffer_grew_is_kept()
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        byte[] expected = new byte[300_000];
        Random.Shared.NextBytes(expected);

        foreach (byte[] piece in expected.Chunk(777))
        {
            buffer.Write(piece);
        }

        Assert.True(buffer.Written.SequenceEqual(expected));
    }

    private static byte[] Encode<T>(T value, ICacheSerializer? serializer = null)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return encoder.Encode(value, serializer ?? NoSerializer.Instance).ToArray();
    }

    private static void AllocatesNothing<T>(T value, bool read = true)
    {
        byte[] stored = Encode(value);
        Assert.Equal(0, Allocations.Least(() =>
        {
            using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
            encoder.Encode(value, NoSerializer.Instance);
            if (read)
            {
                ValueCodec.DecodePlain<T>(stored, "k"u8);
            }
        }));
    }

    [Flags]
    private enum LongNames
    {
        AVeryLongNameThatTakesAHundredCharactersOrSoToSpellOutInFullBecauseSomebodyLikedLongNamesVeryMuchOne = 1,
        AVeryLongNameThatTakesAHundredCharactersOrSoToSpellOutInFullBecauseSomebodyLikedLongNamesVeryMuchTwo = 2,
        AVeryLongNameThatTakesAHundredCharactersOrSoToSpellOutInFullBecauseSomebodyLikedLongNamesVeryMuchFour = 4,
    }

    private sealed class BlockSerializer(int bytes) : ICacheSerializer
    {
        public void Serialize<T>(T value, IBufferWriter<byte> destination)
        {
            destination.GetSpan(bytes);
            destination.Advance(bytes);
        }

        public T? Deserialize<T>(ReadOnlyMemory<byte> source) => default;
    }

    private sealed class NestingSerializer : ICacheSerializer
    {
        public void Serialize<T>(T value, IBufferWriter<byte> destination)
        {
            destination.Write("out"u8);
            Encode(new object(), new BlockSerializer(100));
            destination.Write("er"u8);
        }

        public T? Deserialize<T>(ReadOnlyMemory<byte> source) => default;
    }
}
