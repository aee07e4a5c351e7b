namespace ElastiCache.Embedded.Tests.Api;

public sealed class StringExchangeTests : CacheFixture
{
    public sealed record Session(int User);

    [Fact]
    public void GetAndSet_returns_the_value_before()
    {
        Assert.Null(Strings.GetAndSet("k", "first"));
        Assert.Equal("first", Strings.GetAndSet("k", "second"));
        Assert.Null(Strings.GetAndSet("object", new Session(1)));
        Assert.Equal(new Session(1), Strings.GetAndSet("object", new Session(2), TimeSpan.FromSeconds(1)));

        Assert.Equal("second", Strings.GetString("k"));
        Assert.Equal(TimeSpan.FromSeconds(1), Keys.TimeToLive("object"));
    }

    [Fact]
    public void GetAndSet_reads_also_when_its_condition_fails()
    {
        Strings.Set("k", 1);

        int? before = Strings.GetAndSet<int?>("k", 2, new SetOptions { Condition = SetCondition.IfAbsent }, out bool isStored);

        Assert.False(isStored);
        Assert.Equal(1, before);
        Assert.Equal(1, Strings.Get<int>("k"));
    }

    [Fact]
    public void GetAndDelete_leaves_nothing()
    {
        Strings.Set("k", 7);
        Strings.Set("object", new Session(7));

        Assert.Equal(7, Strings.GetAndDelete<int?>("k"));
        Assert.Null(Strings.GetAndDelete<int?>("k"));
        Assert.Equal(new Session(7), Strings.GetAndDelete<Session>("object"));

        Assert.Equal(0, Keys.Count);
    }

    [Fact]
    public void A_value_that_is_something_else_stays_as_it_was()
    {
        Strings.Set("k", "text");

        Assert.Throws<FormatException>(() => Strings.GetAndDelete<int>("k"));
        Assert.Throws<FormatException>(() => Strings.GetAndSet("k", 5));
        Assert.Throws<FormatException>(() => Strings.GetAndExpire<int>("k", TimeSpan.FromSeconds(1)));

        Assert.Equal("text", Strings.GetString("k"));
        Assert.Null(Keys.TimeToLive("k"));
    }

    [Fact]
    public void GetAndExpire_gives_a_deadline_and_GetAndPersist_takes_it_away()
    {
        Strings.Set("k", "v");

        Assert.Equal("v", Strings.GetAndExpire<string>("k", TimeSpan.FromSeconds(5)));
        Assert.Equal(TimeSpan.FromSeconds(5), Keys.TimeToLive("k"));
        Assert.Equal("v", Strings.GetAndExpireAt<string>("k", Time.GetUtcNow().AddSeconds(7)));
        Assert.Equal(TimeSpan.FromSeconds(7), Keys.TimeToLive("k"));
        Assert.Equal("v", Strings.GetAndPersist<string>("k"));
        Assert.Null(Keys.TimeToLive("k"));
        Assert.Equal("v", Strings.GetAndExpireAt<string>("k", Time.GetUtcNow().AddSeconds(-1)));

        Assert.False(Keys.Exists("k"));
        Assert.Null(Strings.GetAndExpire<string>("k", TimeSpan.FromSeconds(5)));
        Assert.Null(Strings.GetAndPersist<string>("k"));
    }

    [Fact]
    public void A_life_that_is_none_is_refused_and_changes_nothing()
    {
        Strings.Set("k", 1);

        Assert.Throws<ArgumentOutOfRangeException>(() => Strings.GetAndExpire<int>("k", TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => Strings.GetAndExpireAt<int>("k", DateTimeOffset.UnixEpoch));
        Assert.Throws<ArgumentOutOfRangeException>(() => Strings.GetAndSet("k", 2, TimeSpan.Zero));

        Assert.Equal(1, Strings.Get<int>("k"));
        Assert.Null(Keys.TimeToLive("k"));
    }
}
