namespace ElastiCache.Embedded.Tests.Api;

public sealed class CacheBitmapTests : CacheFixture
{
    [Fact]
    public void A_bitmap_is_the_string_under_its_key()
    {
        CacheBitmap monday = Cache.Bitmap("mon"), tuesday = Cache.Bitmap("tue"), both = Cache.Bitmap("both");

        Assert.False(monday.Set(5));
        Assert.True(monday.Set(5));
        monday.Set(70);
        tuesday.Set(70);
        tuesday.Set(71);

        Assert.True(Cache.Bits.GetBit("mon", 70));
        Assert.False(monday.Get(71));
        Assert.Equal((2, 1, 2), (monday.Count(), monday.Count(0, 7), monday.Count(5, 70, BitRangeUnit.Bit)));
        Assert.Equal((5, 0, 70), (monday.Position(true), monday.Position(false), monday.Position(true, 1, -1)));
        Assert.Equal(9, both.Combine(BitOperator.And, "mon", "tue"));
        Assert.Equal((1, 70), (both.Count(), both.Position(true)));
        Assert.Equal(9, both.Invert("both"));
        Assert.Equal(71, both.Count());
        Assert.True(monday.Set(5, bit: false));
        Assert.Equal([0], Cache.Bitmap("fields").Fields(BitFieldOperation.Set(isSigned: false, bits: 8, offset: 0, 200)));
        Assert.Equal([200], Cache.Bitmap("fields").Fields(BitFieldOperation.Get(isSigned: false, bits: 8, offset: 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => monday.Set(-1));
    }
}
