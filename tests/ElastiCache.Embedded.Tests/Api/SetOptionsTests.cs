
namespace ElastiCache.Embedded.Tests.Api;

public sealed class SetOptionsTests
{
    private const long Now = 1_700_000_000_000;

    [Fact]
    public void The_default_never_expires() =>
        Assert.Equal(long.MaxValue, default(SetOptions).DeadlineUnixMs(Now));

    [Theory]
    [InlineData(1L, Now + 1)]                                   // one tick is rounded up: 0 ms would be no life at all
    [InlineData(TimeSpan.TicksPerMillisecond, Now + 1)]
    [InlineData(TimeSpan.TicksPerMillisecond + 1, Now + 2)]
    [InlineData(TimeSpan.TicksPerHour, Now + 3_600_000)]
    [InlineData(long.MaxValue, Now + 922_337_203_685_478)]      // the longest TimeSpan
    public void An_expiry_counts_from_now_in_whole_milliseconds(long ticks, long deadline) =>
        Assert.Equal(deadline, new SetOptions { Expiry = TimeSpan.FromTicks(ticks) }.DeadlineUnixMs(Now));

    [Theory]
    [InlineData(1_700_000_000_000)]
    [InlineData(1)]
    [InlineData(253_402_300_799_999)]                           // the last millisecond of the year 9999
    public void A_moment_is_taken_as_it_is_even_in_the_past(long unixMs) =>
        Assert.Equal(unixMs, new SetOptions { ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(unixMs) }.DeadlineUnixMs(Now));

    [Fact]
    public void A_moment_is_rounded_up_and_its_offset_counts()
    {
        var moment = new DateTimeOffset(2024, 2, 29, 12, 0, 0, TimeSpan.FromHours(2)).AddTicks(1);

        Assert.Equal(new DateTimeOffset(2024, 2, 29, 10, 0, 0, 1, TimeSpan.Zero).ToUnixTimeMilliseconds(),
            new SetOptions { ExpiresAt = moment }.DeadlineUnixMs(Now));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void An_expiry_that_is_not_positive_is_refused(long ticks)
    {
        var refused = Assert.Throws<ArgumentOutOfRangeException>(() => new SetOptions { Expiry = TimeSpan.FromTicks(ticks) }.DeadlineUnixMs(Now));

        Assert.Equal("expiry", refused.ParamName);
    }

    [Fact]
    public void A_moment_before_1970_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SetOptions { ExpiresAt = DateTimeOffset.UnixEpoch }.DeadlineUnixMs(Now));

    [Fact]
    public void Two_ways_to_expire_are_refused()
    {
        DateTimeOffset moment = DateTimeOffset.FromUnixTimeMilliseconds(Now + 1);
        TimeSpan life = TimeSpan.FromSeconds(1);

        Assert.Throws<ArgumentException>(() => new SetOptions { Expiry = life, ExpiresAt = moment }.DeadlineUnixMs(Now));
        Assert.Throws<ArgumentException>(() => new SetOptions { Expiry = life, KeepExpiry = true }.DeadlineUnixMs(Now));
        Assert.Throws<ArgumentException>(() => new SetOptions { ExpiresAt = moment, KeepExpiry = true }.DeadlineUnixMs(Now));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void An_unknown_condition_is_refused(int condition) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SetOptions { Condition = (SetCondition)condition }.DeadlineUnixMs(Now));
}
