namespace ElastiCache.Embedded.Tests.Api;

public sealed class BitsTests : CacheFixture
{
    private Bits Bits => Cache.Bits;

    [Fact]
    public void A_bit_is_what_it_was_set_to_and_all_others_are_0()
    {
        Assert.False(Bits.SetBit("k", 7, true));
        Assert.True(Bits.SetBit("k", 7, true));
        Assert.False(Bits.SetBit("k", 100, true));

        Assert.True(Bits.GetBit("k", 7));
        Assert.False(Bits.GetBit("k", 6));
        Assert.False(Bits.GetBit("k", 101));
        Assert.False(Bits.GetBit("k", uint.MaxValue));
        Assert.False(Bits.GetBit("absent", 0));
        Assert.Equal(13, Strings.Length("k"));
        Assert.True(Bits.SetBit("k", 7, false));
        Assert.Equal(1, Bits.Count("k"));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1L << 32)]
    [InlineData((1L << 32) + 1)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void An_offset_out_of_range_is_refused(long offset)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Bits.GetBit("k", offset));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bits.SetBit("k", offset, true));

        Assert.False(Keys.Exists("k"));
    }

    [Fact]
    public void Counting_takes_ranges_of_bytes_and_of_bits()
    {
        Strings.Set("k", "foobar");

        Assert.Equal(26, Bits.Count("k"));
        Assert.Equal(4, Bits.Count("k", 0, 0));
        Assert.Equal(6, Bits.Count("k", 1, 1));
        Assert.Equal(17, Bits.Count("k", 5, 30, BitRangeUnit.Bit));
        Assert.Equal(0, Bits.Count("absent"));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bits.Count("k", 0, 1, (BitRangeUnit)2));
    }

    [Fact]
    public void A_position_is_that_of_the_first_bit_of_its_kind()
    {
        Strings.Set("k", new byte[] { 0xFF, 0xF0, 0x00 });
        Strings.Set("ones", new byte[] { 0xFF });

        Assert.Equal(12, Bits.Position("k", false));
        Assert.Equal(8, Bits.Position("k", true, 1));
        Assert.Equal(-1, Bits.Position("k", true, 2, -1));
        Assert.Equal(7, Bits.Position("k", true, 7, 15, BitRangeUnit.Bit));
        Assert.Equal(8, Bits.Position("ones", false));
        Assert.Equal(-1, Bits.Position("ones", false, 0, -1));
        Assert.Equal(0, Bits.Position("absent", false));
        Assert.Equal(-1, Bits.Position("absent", true));
    }

    [Fact]
    public void Values_are_combined_bit_by_bit()
    {
        Strings.Set("a", new byte[] { 0b1100 });
        Strings.Set("b", new byte[] { 0b1010, 0xFF });

        Assert.Equal(2, Bits.Combine(BitOperator.And, "and", "a", "b"));
        Assert.Equal(2, Bits.Combine(BitOperator.Or, "or", "a", "b", "absent"));
        Assert.Equal(2, Bits.Combine(BitOperator.Xor, "xor", "a", "b"));
        Assert.Equal(1, Bits.Invert("not", "a"));
        Assert.Equal(1, Bits.Invert("a", "a"));
        Assert.Equal(0, Bits.Combine(BitOperator.Or, "b", "absent"));

        Assert.Equal([0b1000, 0], Strings.GetBytes("and"));
        Assert.Equal([0b1110, 0xFF], Strings.GetBytes("or"));
        Assert.Equal([0b0110, 0xFF], Strings.GetBytes("xor"));
        Assert.Equal([0b1111_0011], Strings.GetBytes("not"));
        Assert.Equal([0b1111_0011], Strings.GetBytes("a"));
        Assert.False(Keys.Exists("b"));
        Assert.Throws<ArgumentException>("sources", () => Bits.Combine(BitOperator.And, "and"));
        Assert.Throws<ArgumentOutOfRangeException>("with", () => Bits.Combine((BitOperator)3, "and", "a"));
    }

    [Fact]
    public void Fields_are_read_and_changed_in_order()
    {
        long?[] answers = Bits.Fields("k",
            BitFieldOperation.Set(isSigned: false, bits: 8, offset: 0, 255),
            BitFieldOperation.IncrementBy(isSigned: false, bits: 8, offset: 0, 1, BitFieldOverflow.Fail),
            BitFieldOperation.IncrementBy(isSigned: false, bits: 8, offset: 0, 1, BitFieldOverflow.Saturate),
            BitFieldOperation.IncrementBy(isSigned: false, bits: 8, offset: 0, 1),
            BitFieldOperation.Get(isSigned: false, bits: 8, offset: 0));

        Assert.Equal([0, null, 255, 0, 0], answers);
        Assert.Equal([0], Bits.Fields("absent", BitFieldOperation.Get(isSigned: true, bits: 64, offset: 0)));
        Assert.False(Keys.Exists("absent"));
        Assert.Throws<ArgumentException>("steps", () => Bits.Fields("k", default(BitFieldOperation)));
        Assert.Throws<ArgumentException>("answers", () => Bits.Fields("k", [BitFieldOperation.Get(true, 8, 0)], default(Span<long?>)));
    }
}
