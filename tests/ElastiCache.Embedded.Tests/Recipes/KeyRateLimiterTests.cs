using System.Threading.RateLimiting;
using ElastiCache.Embedded.Tests.Api;

namespace ElastiCache.Embedded.Tests.Recipes;

public sealed class KeyRateLimiterTests : CacheFixture
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_limiter_grants_what_its_rule_grants_and_says_when_to_come_again()
    {
        using RateLimiter limiter = Cache.RateLimits.FixedWindow(2, Second).ForKey("k");
        using RateLimitLease granted = limiter.AttemptAcquire(2);
        using RateLimitLease refused = limiter.AttemptAcquire();

        Assert.True(granted.IsAcquired);
        Assert.False(refused.IsAcquired);
        Assert.True(refused.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan retryAfter));
        Assert.Equal(Second, retryAfter);
        Assert.False(granted.TryGetMetadata(MetadataName.RetryAfter, out _));
        Assert.False(limiter.AttemptAcquire(0).IsAcquired);
    }

    [Fact]
    public void Limiters_of_one_key_share_its_permits()
    {
        RateLimit limit = Cache.RateLimits.FixedWindow(2, Second);
        using RateLimiter one = limit.ForKey("k");
        using RateLimiter other = limit.ForKey("k");

        Assert.True(one.AttemptAcquire().IsAcquired);
        Assert.True(other.AttemptAcquire().IsAcquired);
        Assert.False(one.AttemptAcquire().IsAcquired);
    }

    [Fact]
    public async Task Nobody_waits_without_a_queue()
    {
        using RateLimiter limiter = Cache.RateLimits.FixedWindow(1, Second).ForKey("k");
        await limiter.AcquireAsync(1, Token);

        ValueTask<RateLimitLease> refused = limiter.AcquireAsync(1, Token);

        Assert.True(refused.IsCompletedSuccessfully);
        Assert.False((await refused).IsAcquired);
    }

    [Fact]
    public async Task Those_who_wait_get_their_permits_in_the_order_of_arrival()
    {
        using RateLimiter limiter = Cache.RateLimits.TokenBucket(1, 1, Second).ForKey("k", queueLimit: 3);
        await limiter.AcquireAsync(1, Token);
        Task<RateLimitLease>[] waiting = [.. Enumerable.Range(0, 3).Select(_ => limiter.AcquireAsync(1, Token).AsTask())];

        Assert.False((await limiter.AcquireAsync(1, Token)).IsAcquired);
        Assert.False(limiter.AttemptAcquire().IsAcquired);
        Assert.Equal(3, limiter.GetStatistics()!.CurrentQueuedCount);
        Assert.Null(limiter.IdleDuration);
        for (int i = 0; i < 3; i++)
        {
            Time.Advance(Second);
            Assert.True((await waiting[i]).IsAcquired);
            Assert.All(waiting[(i + 1)..], wait => Assert.False(wait.IsCompleted));
        }

        Assert.Equal(0, limiter.GetStatistics()!.CurrentQueuedCount);
    }

    [Fact]
    public async Task One_who_gives_up_waiting_makes_room_for_the_next()
    {
        using var stop = new CancellationTokenSource();
        using RateLimiter limiter = Cache.RateLimits.FixedWindow(1, Second).ForKey("k", queueLimit: 1);
        await limiter.AcquireAsync(1, Token);
        Task<RateLimitLease> first = limiter.AcquireAsync(1, stop.Token).AsTask();

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Task<RateLimitLease> second = limiter.AcquireAsync(1, Token).AsTask();
        Time.Advance(Second);

        Assert.True((await second).IsAcquired);
    }

    [Fact]
    public void Statistics_and_idle_time_are_those_of_the_limiter()
    {
        using RateLimiter limiter = Cache.RateLimits.FixedWindow(2, Second).ForKey("k");
        limiter.AttemptAcquire(2);
        limiter.AttemptAcquire();
        Time.Advance(TimeSpan.FromMilliseconds(300));

        RateLimiterStatistics statistics = limiter.GetStatistics()!;

        Assert.Equal((0, 0, 1, 1), (statistics.CurrentAvailablePermits, statistics.CurrentQueuedCount, statistics.TotalSuccessfulLeases, statistics.TotalFailedLeases));
        Assert.Equal(TimeSpan.FromMilliseconds(300), limiter.IdleDuration);
    }

    [Fact]
    public void A_disposed_limiter_grants_nothing_more()
    {
        RateLimiter limiter = Cache.RateLimits.FixedWindow(2, Second).ForKey("k");
        limiter.Dispose();

        Assert.Throws<ObjectDisposedException>(() => limiter.AttemptAcquire());
    }

    [Fact]
    public void It_serves_as_a_partition_of_a_partitioned_limiter()
    {
        RateLimit limit = Cache.RateLimits.SlidingWindow(1, Second);
        using PartitionedRateLimiter<string> users = PartitionedRateLimiter.Create<string, string>(
            user => RateLimitPartition.Get(user, name => limit.ForKey("limit:" + name)));

        Assert.True(users.AttemptAcquire("ada").IsAcquired);
        Assert.False(users.AttemptAcquire("ada").IsAcquired);
        Assert.True(users.AttemptAcquire("bob").IsAcquired);
    }
}
