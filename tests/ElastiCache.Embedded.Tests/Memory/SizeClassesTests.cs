using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Tests.Memory;

public sealed class SizeClassesTests
{
    [Fact]
    public void Every_size_gets_the_smallest_class_that_holds_it()
    {
        for (int bytes = 1; bytes <= SizeClasses.LargestBlock; bytes++)
        {
            int sizeClass = SizeClasses.Of(bytes);

            Assert.InRange(sizeClass, 0, SizeClasses.Count - 1);
            Assert.True(SizeClasses.BlockBytes(sizeClass) >= bytes, $"{bytes} bytes");
            Assert.True(sizeClass == 0 || SizeClasses.BlockBytes(sizeClass - 1) < bytes, $"{bytes} bytes");
        }
    }

    [Fact]
    public void A_block_wastes_seven_bytes_or_a_sixteenth_at_most()
    {
        for (int bytes = SizeClasses.SmallestBlock; bytes <= SizeClasses.LargestBlock; bytes++)
        {
            int waste = SizeClasses.BlockBytes(SizeClasses.Of(bytes)) - bytes;

            Assert.True(waste <= 7 || waste < bytes / 16.0, $"{bytes} bytes waste {waste}");
        }
    }

    [Fact]
    public void Blocks_grow_from_16_bytes_to_16_KB_in_multiples_of_8()
    {
        Assert.Equal(16, SizeClasses.BlockBytes(0));
        Assert.Equal(SizeClasses.LargestBlock, SizeClasses.BlockBytes(SizeClasses.Count - 1));
        for (int i = 1; i < SizeClasses.Count; i++)
        {
            Assert.True(SizeClasses.BlockBytes(i) > SizeClasses.BlockBytes(i - 1));
            Assert.Equal(0, SizeClasses.BlockBytes(i) % 8);
        }
    }

    [Fact]
    public void A_slab_holds_four_blocks_or_more_and_its_tail_stays_small()
    {
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            int slab = SizeClasses.SlabUnits(i) * Arena.UnitBytes;
            int block = SizeClasses.BlockBytes(i);

            Assert.True(slab / block >= 4, $"{block}-byte blocks");
            Assert.True(slab / 8 < ushort.MaxValue, "offsets of freed blocks are 16 bits");
            Assert.True(slab % block <= slab / 5, $"{block}-byte blocks waste {slab % block} of {slab}");
        }
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(16, 16)]
    [InlineData(17, 24)]
    [InlineData(257, 272)]
    [InlineData(16_384, 16_384)]
    [InlineData(16_385, 20_480)]
    [InlineData(20_000, 20_480)]
    [InlineData(20_480, 20_480)]
    [InlineData(20_481, 24_576)]
    [InlineData(512L * 1024 * 1024 + 1, 512L * 1024 * 1024 + 4096)]
    public void What_a_block_takes_is_its_class_or_whole_units(long bytes, long taken) =>
        Assert.Equal(taken, SizeClasses.RoundedBytes(bytes));
}
