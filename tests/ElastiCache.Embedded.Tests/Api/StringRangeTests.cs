using System.Text;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class StringRangeTests : CacheFixture
{
    [Fact]
    public void Appending_makes_the_value_and_lengthens_it()
    {
        Assert.Equal(5, Strings.Append("k", "Hello"));
        Assert.Equal(11, Strings.Append("k", " World"u8));
        Assert.Equal(11, Strings.Append("k", ""));

        Assert.Equal("Hello World", Strings.GetString("k"));
    }

    [Fact]
    public void TryAppend_and_TryPrepend_leave_an_absent_key_absent()
    {
        Assert.False(Strings.TryAppend("k", "x"u8));
        Assert.False(Strings.TryPrepend("k", "x"u8));
        Assert.False(Keys.Exists("k"));
        Strings.Set("k", "b");

        Assert.True(Strings.TryAppend("k", "c"u8));
        Assert.True(Strings.TryPrepend("k", "a"u8));

        Assert.Equal("abc", Strings.GetString("k"));
    }

    [Theory]
    [InlineData(0, 3, "This")]
    [InlineData(-3, -1, "ing")]
    [InlineData(0, -1, "This is a string")]
    [InlineData(10, 100, "string")]
    [InlineData(5, 3, "")]
    [InlineData(0, 0, "T")]
    [InlineData(-1, -3, "")]
    [InlineData(16, 16, "")]
    [InlineData(0, int.MaxValue + 1L, "This is a string")]
    [InlineData(0, (1L << 32) - 1, "This is a string")]
    [InlineData(1L << 32, (1L << 32) + 1, "")]
    [InlineData(long.MinValue, long.MaxValue, "This is a string")]
    [InlineData(long.MaxValue, long.MaxValue, "")]
    [InlineData(long.MinValue, long.MinValue, "T")]
    public void A_range_includes_both_ends_and_counts_from_the_end_when_negative(long start, long end, string range)
    {
        Strings.Set("k", "This is a string");

        Assert.Equal(range, Encoding.UTF8.GetString(Strings.GetRange("k", start, end)));
    }

    [Fact]
    public void A_range_of_nothing_is_empty()
    {
        Assert.Empty(Strings.GetRange("absent", 0));
        Strings.Set("k", "abc");
        Assert.Equal("bc"u8.ToArray(), Strings.GetRange("k", 1));
    }

    [Fact]
    public void Overwriting_beyond_the_end_fills_the_gap_with_zeros()
    {
        Strings.Set("k", "Hello");

        Assert.Equal(8, Strings.SetRange("k", 6, "ab"u8));
        Assert.Equal(8, Strings.SetRange("k", 0, "J"u8));

        Assert.Equal("Jello\0ab", Strings.GetString("k"));
    }

    [Fact]
    public void Overwriting_with_nothing_creates_nothing()
    {
        Assert.Equal(0, Strings.SetRange("k", 5, default));

        Assert.False(Keys.Exists("k"));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void A_negative_offset_is_refused(long offset) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Strings.SetRange("k", offset, "x"u8));

    [Theory]
    [InlineData(CacheLimits.MaxValueBytes)]
    [InlineData((long)int.MaxValue + 1)]
    [InlineData((1L << 32) - 1)]
    [InlineData((1L << 32) + 1)]
    [InlineData(long.MaxValue)]
    public void A_value_over_512_MB_is_refused_and_the_old_one_stays(long offset)
    {
        Strings.Set("k", "old");

        var refused = Assert.Throws<ValueTooLargeException>(() => Strings.SetRange("k", offset, "x"u8));

        Assert.Equal("k", refused.Key);
        Assert.Equal("old", Strings.GetString("k"));
    }

    [Fact]
    public void Two_values_show_what_they_have_in_common()
    {
        Strings.Set("a", "ohmytext");
        Strings.Set("b", "mynewtext");

        Assert.Equal("mytext"u8.ToArray(), Strings.LongestCommonSubsequence("a", "b"));
        Assert.Equal(6, Strings.LongestCommonSubsequenceLength("a", "b"));
        Assert.Equal([new CommonStretch(4, 5, 4), new CommonStretch(2, 0, 2)], Strings.LongestCommonSubsequenceStretches("a", "b"));
        Assert.Equal([new CommonStretch(4, 5, 4)], Strings.LongestCommonSubsequenceStretches("a", "b", 3));
        Assert.Empty(Strings.LongestCommonSubsequence("a", "absent"));
    }
}
