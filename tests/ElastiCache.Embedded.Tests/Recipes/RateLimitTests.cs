using ElastiCache.Embedded.Tests.Api;
using ElastiCache.Embedded.Tests.Persistence;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Recipes;

public sealed class RateLimitTests : CacheFixture
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_fixed_window_grants_its_permits_and_begins_anew_when_it_is_over()
    {
        FixedWindowLimit limit = Cache.RateLimits.FixedWindow(3, Minute);

        Assert.Equal(new RateLimitDecision(true, 2, TimeSpan.Zero), limit.TryAcquire("ada"));
        Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(new RateLimitDecision(true, 0, TimeSpan.Zero), limit.TryAcquire("ada", 2));
        Assert.Equal(new RateLimitDecision(false, 0, TimeSpan.FromSeconds(40)), limit.TryAcquire("ada"));
        Assert.True(limit.TryAcquire("bob").IsAllowed);

        Time.Advance(TimeSpan.FromSeconds(40));

        Assert.Equal(new RateLimitDecision(true, 2, TimeSpan.Zero), limit.TryAcquire("ada"));
    }

    [Fact]
    public void What_is_refused_uses_up_nothing()
    {
        FixedWindowLimit limit = Cache.RateLimits.FixedWindow(5, Minute);
        limit.TryAcquire("ada", 3);

        Assert.Equal((false, 2), (limit.TryAcquire("ada", 3).IsAllowed, limit.TryAcquire("ada", 3).Remaining));
        Assert.True(limit.TryAcquire("ada", 2).IsAllowed);
    }

    [Fact]
    public void A_sliding_window_does_not_grant_twice_around_a_boundary()
    {
        SlidingWindowLimit limit = Cache.RateLimits.SlidingWindow(10, Minute);
        Time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(limit.TryAcquire("ada", 10).IsAllowed);

        Time.Advance(TimeSpan.FromSeconds(2));
        RateLimitDecision refused = limit.TryAcquire("ada");

        Assert.False(refused.IsAllowed);
        Assert.InRange(refused.RetryAfter, TimeSpan.FromSeconds(58), TimeSpan.FromSeconds(66));
        Time.Advance(refused.RetryAfter - TimeSpan.FromMilliseconds(1));
        Assert.False(limit.TryAcquire("ada").IsAllowed);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(limit.TryAcquire("ada", 10).IsAllowed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(60)]
    public void A_sliding_window_keeps_its_promise_wherever_one_lays_the_window(int segments)
    {
        const int Seed = 99;
        const int Permits = 20;
        var random = new Random(Seed + segments);
        TimeSpan window = TimeSpan.FromSeconds(10);
        SlidingWindowLimit limit = Cache.RateLimits.SlidingWindow(Permits, window, segments);
        List<(DateTimeOffset At, int Permits)> granted = [];
        int waited = 0;
        for (int i = 0; i < 4_000; i++)
        {
            int permits = random.Next(1, 4);
            DateTimeOffset now = Time.GetUtcNow();
            RateLimitDecision decision = limit.TryAcquire("ada", permits);
            int recent = granted.Where(grant => grant.At > now - window).Sum(grant => grant.Permits);
            if (decision.IsAllowed)
            {
                granted.Add((now, permits));
                Assert.True(recent + permits <= Permits, $"seed {Seed}: {recent} and {permits} within {window}");
            }
            else if (random.Next(4) == 0)
            {
                // As long as it says, and not a millisecond less.
                Time.Advance(decision.RetryAfter - TimeSpan.FromMilliseconds(1));
                Assert.False(limit.TryAcquire("ada", permits).IsAllowed);
                Time.Advance(TimeSpan.FromMilliseconds(1));
                Assert.True(limit.TryAcquire("ada", permits).IsAllowed, $"seed {Seed}, step {i}");
                granted.Add((Time.GetUtcNow(), permits));
                waited++;
            }

            Time.Advance(TimeSpan.FromMilliseconds(random.Next(0, 1_500)));
        }

        Assert.True(waited > 10);
    }

    [Fact]
    public void A_token_bucket_lets_a_burst_pass_and_then_its_rate()
    {
        TokenBucketLimit limit = Cache.RateLimits.TokenBucket(burst: 5, permits: 2, period: TimeSpan.FromSeconds(1));

        Assert.Equal(new RateLimitDecision(true, 0, TimeSpan.Zero), limit.TryAcquire("ada", 5));
        Assert.Equal(new RateLimitDecision(false, 0, TimeSpan.FromMilliseconds(500)), limit.TryAcquire("ada"));
        Assert.Equal(new RateLimitDecision(false, 0, TimeSpan.FromMilliseconds(1500)), limit.TryAcquire("ada", 3));
        Time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(limit.TryAcquire("ada").IsAllowed);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(limit.TryAcquire("ada").IsAllowed);
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(new RateLimitDecision(true, 4, TimeSpan.Zero), limit.TryAcquire("ada"));
    }

    [Fact]
    public void A_token_bucket_never_grants_more_than_burst_and_rate_allow()
    {
        const int Seed = 41;
        var random = new Random(Seed);
        TokenBucketLimit limit = Cache.RateLimits.TokenBucket(burst: 7, permits: 4, period: TimeSpan.FromSeconds(1));
        int thousandths = 7_000;
        for (int i = 0; i < 5_000; i++)
        {
            int permits = random.Next(1, 8);
            RateLimitDecision decision = limit.TryAcquire("ada", permits);
            Assert.True(decision.IsAllowed == (1_000 * permits <= thousandths), $"seed {Seed}, step {i}: {permits} of {thousandths} thousandths");
            thousandths -= decision.IsAllowed ? 1_000 * permits : 0;
            Assert.Equal(thousandths / 1_000, decision.Remaining);
            int milliseconds = random.Next(0, 1_000);
            Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
            thousandths = Math.Min(7_000, thousandths + (4 * milliseconds));
        }
    }

    [Fact]
    public void To_ask_for_no_permits_is_to_look()
    {
        foreach (RateLimit limit in AllKinds(permits: 2))
        {
            string key = limit.GetType().Name;

            Assert.Equal((true, 2), (limit.TryAcquire(key, 0).IsAllowed, limit.TryAcquire(key, 0).Remaining));
            Assert.False(Keys.Exists(key));
            limit.TryAcquire(key, 2);
            Assert.Equal((false, 0), (limit.TryAcquire(key, 0).IsAllowed, limit.TryAcquire(key, 0).Remaining));
            Assert.True(limit.TryAcquire(key, 0).RetryAfter > TimeSpan.Zero);
        }
    }

    [Fact]
    public void State_that_means_nothing_any_more_is_gone()
    {
        foreach (RateLimit limit in AllKinds(permits: 2))
        {
            limit.TryAcquire(limit.GetType().Name);
        }

        Assert.Equal(3, Keys.Count);
        Time.Advance(Minute * 1.2);
        Assert.False(Keys.Exists("FixedWindowLimit") || Keys.Exists("SlidingWindowLimit") || Keys.Exists("TokenBucketLimit"));
    }

    [Fact]
    public void What_another_wrote_is_refused_and_left_alone()
    {
        foreach (RateLimit limit in AllKinds(permits: 2))
        {
            foreach (string value in (string[])["text", "1 2 3 4 5 6 7 8 9 10 11 12 13 14", "-1", "", new string('1', 5_000)])
            {
                Strings.Set("k", value);
                if (value.Length == 0)
                {
                    continue;
                }

                var exception = Assert.Throws<FormatException>(() => limit.TryAcquire("k"));
                Assert.StartsWith("Key 'k' can't be limited.", exception.Message, StringComparison.Ordinal);
                Assert.Equal(value, Strings.GetString("k"));
            }
        }
    }

    [Fact]
    public void A_state_of_huge_numbers_does_no_harm()
    {
        string huge = long.MaxValue.ToString(System.Globalization.CultureInfo.InvariantCulture);
        (RateLimit Limit, int Numbers)[] kinds = [(AllKinds(2)[0], 2), (AllKinds(2)[1], 12), (AllKinds(2)[2], 1)];
        foreach ((RateLimit limit, int numbers) in kinds)
        {
            Strings.Set("k", string.Join(' ', Enumerable.Repeat(huge, numbers)));

            RateLimitDecision decision = limit.TryAcquire("k");

            Assert.False(decision.IsAllowed);
            Assert.InRange(decision.RetryAfter, TimeSpan.FromTicks(1), Minute * 1.2);
        }
    }

    [Fact]
    public void Arguments_out_of_range_are_refused()
    {
        RateLimits limits = Cache.RateLimits;

        Assert.Throws<ArgumentOutOfRangeException>(() => limits.FixedWindow(0, Minute));
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.FixedWindow(1, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.FixedWindow(1, TimeSpan.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.SlidingWindow(1, Minute, segments: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.SlidingWindow(1, Minute, segments: 61));
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.TokenBucket(0, 1, Minute));
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.TokenBucket(1, int.MaxValue, TimeSpan.FromTicks(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.TokenBucket(int.MaxValue, 1, TimeSpan.FromDays(3_000)));
        foreach (RateLimit limit in AllKinds(permits: 2))
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => limit.TryAcquire("k", 3));
            Assert.Throws<ArgumentOutOfRangeException>(() => limit.TryAcquire("k", -1));
            Assert.Throws<ArgumentOutOfRangeException>(() => limit.ForKey("k", -1));
        }
    }

    [Fact]
    public async Task Four_threads_get_exactly_the_permits_that_there_are()
    {
        foreach (RateLimit limit in AllKinds(permits: 1_000))
        {
            int granted = 0;

            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
                () =>
                {
                    for (int i = 0; i < 500; i++)
                    {
                        Interlocked.Add(ref granted, limit.TryAcquire("k").IsAllowed ? 1 : 0);
                    }
                },
                Token)));

            Assert.Equal(1_000, granted);
            Keys.Delete("k");
        }
    }

    [Fact]
    public void A_durable_cache_remembers_what_was_used()
    {
        var disk = new SimulatedDisk();
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        using (EmbeddedCache cache = OpenOn(disk, time, DurabilityMode.Always))
        {
            cache.RateLimits.FixedWindow(3, Minute).TryAcquire("k", 2);
        }

        using EmbeddedCache reopened = OpenOn(disk, time, DurabilityMode.Always);

        Assert.Equal(1, reopened.RateLimits.FixedWindow(3, Minute).TryAcquire("k", 0).Remaining);
    }

    private RateLimit[] AllKinds(int permits) =>
    [
        Cache.RateLimits.FixedWindow(permits, Minute), Cache.RateLimits.SlidingWindow(permits, Minute), Cache.RateLimits.TokenBucket(permits, permits, Minute),
    ];
}
