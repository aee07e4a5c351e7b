namespace ElastiCache.Embedded.Tests.Api;

public sealed class KeyExpiryTests : CacheFixture
{
    [Fact]
    public void A_deadline_can_be_set_read_and_taken_away()
    {
        Strings.Set("k", 1);
        Assert.Null(Keys.TimeToLive("k"));
        Assert.Null(Keys.ExpiresAt("k"));

        Assert.True(Keys.Expire("k", TimeSpan.FromSeconds(10)));
        Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(TimeSpan.FromSeconds(6), Keys.TimeToLive("k"));
        Assert.Equal(Time.GetUtcNow().AddSeconds(6), Keys.ExpiresAt("k"));
        Assert.True(Keys.ExpireAt("k", Time.GetUtcNow().AddHours(1)));
        Assert.Equal(TimeSpan.FromHours(1), Keys.TimeToLive("k"));

        Assert.True(Keys.Persist("k"));
        Assert.False(Keys.Persist("k"));
        Assert.Null(Keys.TimeToLive("k"));
    }

    [Fact]
    public void An_absent_key_takes_no_deadline()
    {
        Assert.False(Keys.Expire("absent", TimeSpan.FromSeconds(1)));
        Assert.False(Keys.ExpireAt("absent", Time.GetUtcNow().AddDays(1)));
        Assert.False(Keys.Persist("absent"));
        Assert.Null(Keys.TimeToLive("absent"));
        Assert.Null(Keys.ExpiresAt("absent"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void A_life_that_is_over_deletes_the_key(long ticks)
    {
        Strings.Set("k", 1);

        Assert.True(Keys.Expire("k", TimeSpan.FromTicks(ticks)));

        Assert.False(Keys.Exists("k"));
    }

    [Fact]
    public void A_moment_that_has_passed_deletes_the_key_even_one_before_1970()
    {
        Strings.Set("k", 1);
        Assert.True(Keys.ExpireAt("k", Time.GetUtcNow()));
        Assert.False(Keys.Exists("k"));

        Strings.Set("k", 1);
        Assert.True(Keys.ExpireAt("k", DateTimeOffset.MinValue));
        Assert.False(Keys.Exists("k"));
    }

    [Fact]
    public void The_longest_life_and_the_last_moment_are_no_error()
    {
        Strings.Set("k", 1);

        Assert.True(Keys.Expire("k", TimeSpan.MaxValue));
        Assert.Equal(TimeSpan.MaxValue.TotalMilliseconds, Keys.TimeToLive("k")!.Value.TotalMilliseconds, 1.0);
        Assert.Equal(DateTimeOffset.MaxValue, Keys.ExpiresAt("k"));
        Assert.True(Keys.ExpireAt("k", DateTimeOffset.MaxValue));

        Assert.Equal(1, Strings.Get<int>("k"));
    }

    [Fact]
    public void Parts_of_a_millisecond_count_as_a_whole_one()
    {
        Strings.Set("k", 1);

        Keys.Expire("k", TimeSpan.FromTicks(1));

        Assert.Equal(TimeSpan.FromMilliseconds(1), Keys.TimeToLive("k"));
    }

    [Fact]
    public void Conditions_decide_whether_the_deadline_is_set()
    {
        TimeSpan ten = TimeSpan.FromSeconds(10), five = TimeSpan.FromSeconds(5);
        Strings.Set("k", 1);

        Assert.False(Keys.Expire("k", ten, ExpireCondition.IfAny));
        Assert.False(Keys.Expire("k", ten, ExpireCondition.IfLater));
        Assert.True(Keys.Expire("k", ten, ExpireCondition.IfNone));
        Assert.False(Keys.Expire("k", five, ExpireCondition.IfNone));
        Assert.False(Keys.Expire("k", five, ExpireCondition.IfLater));
        Assert.True(Keys.Expire("k", five, ExpireCondition.IfSooner | ExpireCondition.IfAny));
        Assert.Throws<ArgumentException>(() => Keys.Expire("k", ten, ExpireCondition.IfLater | ExpireCondition.IfSooner));

        Assert.Equal(five, Keys.TimeToLive("k"));
    }
}
