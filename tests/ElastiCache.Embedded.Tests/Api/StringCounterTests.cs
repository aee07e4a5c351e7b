namespace ElastiCache.Embedded.Tests.Api;

public sealed class StringCounterTests : CacheFixture
{
    [Fact]
    public void Counting_begins_at_zero_and_is_stored_as_text()
    {
        Assert.Equal(1, Strings.Increment("hits"));
        Assert.Equal(6, Strings.Increment("hits", 5));
        Assert.Equal(5, Strings.Decrement("hits"));
        Assert.Equal(-5, Strings.Decrement("hits", 10));

        Assert.Equal("-5", Strings.GetString("hits"));
        Assert.Equal(-5, Strings.Get<int>("hits"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    [InlineData((long)int.MaxValue + 1)]
    [InlineData((long)int.MinValue - 1)]
    [InlineData(1L << 32)]
    [InlineData((1L << 32) + 1)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void Every_amount_can_be_added_to_nothing(long by)
    {
        Assert.Equal(by, Strings.Increment("k", by));

        Assert.Equal(by, Strings.Get<long>("k"));
    }

    [Fact]
    public void A_sum_that_does_not_fit_is_refused_and_the_number_stays()
    {
        Strings.Set("k", long.MaxValue);

        Assert.Contains("'k'", Assert.Throws<OverflowException>(() => Strings.Increment("k")).Message, StringComparison.Ordinal);
        Assert.Throws<OverflowException>(() => Strings.Decrement("k", -1));
        Assert.Throws<OverflowException>(() => Strings.Decrement("k", long.MinValue));

        Assert.Equal(long.MaxValue, Strings.Get<long>("k"));
    }

    [Fact]
    public void What_is_no_number_is_refused_with_its_key_and_without_itself()
    {
        Strings.Set("k", "secret");

        var refused = Assert.Throws<FormatException>(() => Strings.Increment("k"));
        Assert.Throws<FormatException>(() => Strings.Increment("k", 0.5));

        Assert.Contains("'k'", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
        Assert.Equal("secret", Strings.GetString("k"));
    }

    [Fact]
    public void Tenths_add_up_exactly()
    {
        Strings.Increment("k", 0.1);

        Assert.Equal(0.3, Strings.Increment("k", 0.2));
        Assert.Equal("0.3", Strings.GetString("k"));
        Assert.Equal(10.3, Strings.Increment("k", 1e1));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void A_sum_that_is_no_number_is_refused(double by)
    {
        Strings.Set("k", 1);

        Assert.ThrowsAny<Exception>(() => Strings.Increment("k", by));

        Assert.Equal(1, Strings.Get<int>("k"));
    }

    [Fact]
    public void A_counter_keeps_its_deadline()
    {
        Strings.Set("k", 1, TimeSpan.FromSeconds(10));

        Strings.Increment("k");
        Strings.Increment("k", 0.5);

        Assert.Equal(TimeSpan.FromSeconds(10), Keys.TimeToLive("k"));
    }

    [Fact]
    public void No_increment_of_several_threads_is_lost()
    {
        Parallel.For(0, 4, _ =>
        {
            for (int i = 0; i < 5_000; i++)
            {
                Strings.Increment("k");
            }
        });

        Assert.Equal(20_000, Strings.Get<int>("k"));
    }
}
