using CsCheck;
using ElastiCache.Embedded.Caching;
using Microsoft.Extensions.Caching.Distributed;

namespace ElastiCache.Embedded.Tests.Caching;

public sealed class EntryExpiryTests
{
    private const long Now = 1_700_000_000_000;
    private const long Never = long.MaxValue;

    private static readonly DateTimeOffset NowMoment = DateTimeOffset.FromUnixTimeMilliseconds(Now);

    [Fact]
    public void Without_limits_an_entry_stays() =>
        Assert.Equal(Never, EntryExpiry.From(new DistributedCacheEntryOptions(), Now).DeadlineUnixMs(Now));

    [Fact]
    public void An_absolute_moment_does_not_move()
    {
        EntryExpiry expiry = EntryExpiry.From(new() { AbsoluteExpiration = NowMoment.AddMinutes(1) }, Now);

        Assert.Equal(Now + 60_000, expiry.DeadlineUnixMs(Now));
        Assert.Equal(Now + 60_000, expiry.DeadlineUnixMs(Now + 59_000));
        Assert.False(expiry.IsSliding);
    }

    [Fact]
    public void A_relative_limit_counts_from_the_creation()
    {
        EntryExpiry expiry = EntryExpiry.From(new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1) }, Now);

        Assert.Equal(Now + 60_000, expiry.DeadlineUnixMs(Now + 5_000));
    }

    [Fact]
    public void A_sliding_limit_counts_from_the_last_read()
    {
        EntryExpiry expiry = EntryExpiry.From(new() { SlidingExpiration = TimeSpan.FromMinutes(1) }, Now);

        Assert.Equal(Now + 60_000, expiry.DeadlineUnixMs(Now));
        Assert.Equal(Now + 90_000, expiry.DeadlineUnixMs(Now + 30_000));
    }

    [Fact]
    public void Sliding_stops_at_the_absolute_limit()
    {
        EntryExpiry expiry = EntryExpiry.From(
            new() { SlidingExpiration = TimeSpan.FromMinutes(1), AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(5) }, Now);

        Assert.Equal(Now + 60_000, expiry.DeadlineUnixMs(Now));
        Assert.Equal(Now + 300_000, expiry.DeadlineUnixMs(Now + 299_000));
    }

    [Fact]
    public void Of_two_absolute_limits_the_earlier_counts()
    {
        var options = new DistributedCacheEntryOptions
        {
            AbsoluteExpiration = NowMoment.AddMinutes(2),
            AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1),
        };
        Assert.Equal(Now + 60_000, EntryExpiry.From(options, Now).DeadlineUnixMs(Now));

        options.AbsoluteExpiration = NowMoment.AddSeconds(30);
        Assert.Equal(Now + 30_000, EntryExpiry.From(options, Now).DeadlineUnixMs(Now));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-1_700_000_000_001)]
    public void A_moment_that_has_passed_is_refused_even_beside_a_relative_limit(long fromNowMs)
    {
        var options = new DistributedCacheEntryOptions
        {
            AbsoluteExpiration = NowMoment.AddMilliseconds(fromNowMs),
            AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1),
        };

        Assert.Throws<ArgumentOutOfRangeException>(() => EntryExpiry.From(options, Now));
    }

    [Fact]
    public void The_longest_spans_do_not_overflow()
    {
        EntryExpiry expiry = EntryExpiry.From(
            new() { AbsoluteExpirationRelativeToNow = TimeSpan.MaxValue, SlidingExpiration = TimeSpan.MaxValue }, Now);

        Assert.InRange(expiry.DeadlineUnixMs(Now), Now + 1, Never - 1);
    }

    [Fact]
    public void A_span_below_a_millisecond_is_one() =>
        Assert.Equal(Now + 1, EntryExpiry.From(new() { SlidingExpiration = TimeSpan.FromTicks(1) }, Now).DeadlineUnixMs(Now));

    [Fact]
    public void A_header_reads_back_as_it_was_written() =>
        Gen.Select(Gen.Long[1, long.MaxValue], Gen.Long[1, long.MaxValue]).Sample((absolute, sliding) =>
        {
            byte[] value = new byte[100];
            var written = new EntryExpiry(absolute, sliding);
            int length = EntryLayout.WriteHeader(value, written);

            return EntryLayout.TryReadHeader(value, out int headerBytes, out EntryExpiry read)
                && headerBytes == length
                && (written.IsSliding ? read == written : !read.IsSliding);
        });

    [Fact]
    public void An_entry_without_sliding_costs_one_byte() =>
        Assert.Equal(1, EntryLayout.WriteHeader(new byte[EntryLayout.MaxHeaderBytes], new EntryExpiry(Now, EntryExpiry.None)));

    [Fact]
    public void A_value_that_something_else_wrote_is_recognised()
    {
        byte[] sliding = new byte[EntryLayout.MaxHeaderBytes];
        EntryLayout.WriteHeader(sliding, new EntryExpiry(Now, 1000));
        byte[] noTime = [1, .. new byte[16]];

        Assert.False(IsEntry([]));
        Assert.False(IsEntry("hello"u8));
        Assert.False(IsEntry([2, 0, 0]));
        Assert.False(IsEntry(sliding.AsSpan(0, 16)));
        Assert.False(IsEntry(noTime));
        Assert.True(IsEntry(sliding));
        Assert.True(IsEntry([0]));

        static bool IsEntry(ReadOnlySpan<byte> value) => EntryLayout.TryReadHeader(value, out _, out _);
    }
}
