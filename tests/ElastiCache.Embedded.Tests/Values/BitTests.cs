using CsCheck;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

/// <summary>Bits of values against a string of '0' and '1', which is slow and obviously right.</summary>
public class BitTests
{
    private const int Iterations = 3000;

    private static readonly Gen<byte[]> Bytes = Gen.OneOf(
        Gen.Byte.Array[0, 100],
        Gen.OneOf<byte>(0x00, 0xFF).Array[0, 100],
        Gen.Select(Gen.OneOf<byte>(0x00, 0xFF), Gen.Int[0, 80], Gen.Byte.Array[0, 3], (fill, count, tail) => (byte[])[.. Enumerable.Repeat(fill, count), .. tail]));

    private static readonly Gen<long> Index = Gen.OneOf(Gen.Long[-130, 130], Gen.Long[-1000, 1000], Gen.OneOf(long.MinValue, long.MaxValue, 0, -1));

    [Fact]
    public void Counting_agrees_with_counting_ones_in_the_bit_string() =>
        Bytes.Sample(value => Assert.Equal(BitString(value).Count(bit => bit == '1'), BitCount.Of(value)), iter: Iterations);

    [Fact]
    public void Counting_a_bit_range_agrees_with_the_bit_string() =>
        Gen.Select(Bytes, Gen.Int[0, 900], Gen.Int[0, 900]).Sample((value, start, end) =>
        {
            string bits = BitString(value);
            int last = Math.Min(end, bits.Length - 1);

            long expected = start > last ? 0 : bits[start..(last + 1)].Count(bit => bit == '1');

            Assert.Equal(expected, BitCount.Of(value, start, end, BitRangeUnit.Bit));
        }, iter: Iterations);

    [Fact]
    public void A_negative_index_counts_from_the_end() =>
        Gen.Select(Bytes, Gen.Int[0, 120], Gen.Int[0, 120], Gen.Bool).Where((value, start, end, _) => start < value.Length && end < value.Length)
            .Sample((value, start, end, inBits) =>
            {
                BitRangeUnit unit = inBits ? BitRangeUnit.Bit : BitRangeUnit.Byte;
                long length = inBits ? 8L * value.Length : value.Length;

                Assert.Equal(BitCount.Of(value, start, end, unit), BitCount.Of(value, start - length, end - length, unit));
                Assert.Equal(BitPosition.Of(value, true, start, end, unit), BitPosition.Of(value, true, start - length, end - length, unit));
            }, iter: Iterations);

    [Fact]
    public void Two_negative_indexes_before_the_value_select_its_first_unit_for_BITPOS_but_nothing_in_the_wrong_order_for_BITCOUNT()
    {
        byte[] value = [0x80, 0xFF, 0xFF];

        Assert.Equal(0, BitCount.Of(value, -5, -7, BitRangeUnit.Byte));
        Assert.Equal(1, BitCount.Of(value, -7, -5, BitRangeUnit.Byte));
        Assert.Equal(0, BitPosition.Of(value, true, -5, -7, BitRangeUnit.Byte));
    }

    [Fact]
    public void A_range_lies_within_the_value_whatever_the_indexes_are() =>
        Gen.Select(Index, Index, Gen.Long[0, 200]).Sample((start, end, length) =>
        {
            bool any = RangeIndex.TryResolve(start, end, length, out long offset, out long count);

            Assert.Equal(any, count > 0);
            Assert.True(!any || (offset >= 0 && offset + count <= length), $"offset {offset}, count {count}");
        }, iter: Iterations);

    [Fact]
    public void Positions_agree_with_searching_the_bit_string() =>
        Gen.Select(Bytes, Gen.Bool, Gen.Int[0, 900], Gen.Int[0, 900]).Sample((value, bit, start, end) =>
        {
            string bits = BitString(value);
            int last = Math.Min(end, bits.Length - 1);

            long expected = start > last ? -1 : bits.IndexOf(bit ? '1' : '0', start, last - start + 1);

            Assert.Equal(expected, BitPosition.Of(value, bit, start, end, BitRangeUnit.Bit));
        }, iter: Iterations);

    [Fact]
    public void The_first_clear_bit_of_ones_lies_past_the_end_unless_an_end_was_named()
    {
        byte[] value = [0xFF, 0xFF];

        Assert.Equal(16, BitPosition.Of(value, bit: false));
        Assert.Equal(16, BitPosition.Of(value, bit: false, start: 1));
        Assert.Equal(-1, BitPosition.Of(value, bit: false, start: 0, end: -1, BitRangeUnit.Byte));
        Assert.Equal(-1, BitPosition.Of([], bit: false));
        Assert.Equal(0, BitPosition.OfMissingKey(bit: false));
    }

    [Fact]
    public void Setting_a_bit_changes_that_bit_alone_and_answers_the_one_before() =>
        Gen.Select(Bytes, Gen.Int[0, 799], Gen.Bool).Where((value, offset, _) => offset < 8 * value.Length).Sample((value, offset, bit) =>
        {
            char[] expected = BitString(value).ToCharArray();
            bool before = expected[offset] == '1';
            expected[offset] = bit ? '1' : '0';

            Assert.Equal(before, BitOrder.SetBit(value, offset, bit));
            Assert.Equal(new string(expected), BitString(value));
            Assert.Equal(bit, BitOrder.GetBit(value, offset));
        }, iter: Iterations);

    [Fact]
    public void A_bit_past_the_end_is_0() => Assert.False(BitOrder.GetBit([0xFF], uint.MaxValue));

    [Fact]
    public void Combining_agrees_with_combining_byte_by_byte() =>
        Gen.Select(Bytes.Array[1, 4], Gen.Enum<BitOperator>()).Sample((sources, with) =>
        {
            byte[] expected = new byte[sources.Max(source => source.Length)];
            for (int i = 0; i < expected.Length; i++)
            {
                expected[i] = sources.Select(source => i < source.Length ? source[i] : (byte)0).Aggregate((left, right) => with switch
                {
                    BitOperator.And => (byte)(left & right),
                    BitOperator.Or => (byte)(left | right),
                    _ => (byte)(left ^ right),
                });
            }

            byte[] result = [.. Enumerable.Repeat((byte)0xAA, expected.Length)];
            BitOperation.Begin(result, sources[0]);
            foreach (byte[] source in sources[1..])
            {
                BitOperation.Combine(with, result, source);
            }

            Assert.Equal(expected, result);
        }, iter: Iterations);

    [Fact]
    public void Not_turns_every_bit_around() =>
        Bytes.Sample(value =>
        {
            byte[] result = [.. value];

            BitOperation.Not(result);

            Assert.Equal(value.Select(item => (byte)~item), result);
        }, iter: Iterations);

    [Fact]
    public void A_field_reads_and_writes_its_own_bits_alone() =>
        Gen.Select(Gen.Byte.Array[0, 20], Gen.Int[0, 170], Gen.Int[1, 64], Gen.Long).Sample((value, offset, bits, number) =>
        {
            string before = BitString(value).PadRight(400, '0');
            string field = before.Substring(offset, bits);

            Assert.Equal(Convert.ToUInt64(field, 2), (ulong)BitField.Read(value, isSigned: false, bits, offset));
            Assert.Equal(Convert.ToInt64(field.PadLeft(64, field[0]), 2), BitField.Read(value, isSigned: true, bits, offset));
            if (offset + bits > 8 * value.Length)
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => BitField.Write(value, bits, offset, number));
                return;
            }

            BitField.Write(value, bits, offset, number);

            string written = Convert.ToString(number, 2).PadLeft(64, '0')[^bits..];
            Assert.Equal((before[..offset] + written + before[(offset + bits)..])[..(8 * value.Length)], BitString(value));
        }, iter: Iterations);

    [Theory]
    [InlineData(true, 0, 0)]
    [InlineData(true, 65, 0)]
    [InlineData(false, 64, 0)]
    [InlineData(true, 8, -1)]
    [InlineData(true, 8, 1L << 32)]
    public void A_field_that_Redis_refuses_is_refused(bool isSigned, int bits, long offset) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BitFieldOperation.Get(isSigned, bits, offset));

    [Fact]
    public void A_value_has_to_hold_the_highest_field_written_and_none_that_is_only_read()
    {
        Assert.Equal(0, BitField.BytesToHold([BitFieldOperation.Get(true, 8, 100)]));
        Assert.Equal(2, BitField.BytesToHold([BitFieldOperation.Get(true, 8, 100), BitFieldOperation.Set(true, 8, 1, 7), BitFieldOperation.Set(true, 8, 0, 7)]));
        Assert.Equal((1L << 29) + 8, BitField.BytesToHold([BitFieldOperation.IncrementBy(true, 64, uint.MaxValue, 1)]));
    }

    private static string BitString(byte[] value) => string.Concat(value.Select(item => Convert.ToString(item, 2).PadLeft(8, '0')));
}
