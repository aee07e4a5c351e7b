using ElastiCache.Embedded.Tests.Api;
using ElastiCache.Embedded.Tests.Persistence;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Recipes;

public sealed class LockTests : CacheFixture
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_lock_has_one_holder_until_it_is_given_back()
    {
        CacheLock? first = Cache.Locks.TryAcquire("lock", Minute);

        Assert.NotNull(first);
        Assert.True(first.IsHeld);
        Assert.Equal("lock", first.Key);
        Assert.Equal(Time.GetUtcNow() + Minute, first.ExpiresAt);
        Assert.Null(Cache.Locks.TryAcquire("lock", Minute));

        Assert.True(first.Release());

        Assert.False(first.IsHeld);
        Assert.False(first.Release());
        Assert.NotNull(Cache.Locks.TryAcquire("lock", Minute));
    }

    [Fact]
    public void Tokens_grow_from_holder_to_holder()
    {
        long last = 0;
        for (int i = 0; i < 5; i++)
        {
            using CacheLock? holder = Cache.Locks.TryAcquire("lock", Second);
            Assert.True(holder!.FencingToken > last);
            last = holder.FencingToken;
            if (i % 2 == 0)
            {
                Time.Advance(Minute);
            }
        }

        Assert.Equal("5", Strings.GetString("lock:fence"));
    }

    [Fact]
    public void A_lock_ends_at_its_time_and_its_old_holder_cannot_touch_it_any_more()
    {
        CacheLock late = Cache.Locks.TryAcquire("lock", Second)!;
        Time.Advance(Second);

        CacheLock present = Cache.Locks.TryAcquire("lock", Minute)!;

        Assert.False(late.IsHeld);
        Assert.False(late.Renew(Minute));
        Assert.False(late.Release());
        late.Dispose();
        Assert.True(present.IsHeld);
        Assert.Equal(Time.GetUtcNow() + Minute, present.ExpiresAt);
    }

    [Fact]
    public void A_lock_that_is_renewed_lasts_longer()
    {
        CacheLock holder = Cache.Locks.TryAcquire("lock", Second)!;
        Time.Advance(TimeSpan.FromMilliseconds(900));

        Assert.True(holder.Renew(Second));
        Time.Advance(TimeSpan.FromMilliseconds(900));

        Assert.True(holder.IsHeld);
        Assert.Equal(Time.GetUtcNow() + TimeSpan.FromMilliseconds(100), holder.ExpiresAt);
        Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.False(holder.IsHeld);
        Assert.False(holder.Renew(Second));
    }

    [Fact]
    public void A_lost_counter_does_not_let_an_old_holder_pass_for_a_new_one()
    {
        CacheLock old = Cache.Locks.TryAcquire("lock", Minute)!;
        Cache.FlushAll();
        CacheLock present = Cache.Locks.TryAcquire("lock", Minute)!;

        Assert.Equal(old.FencingToken, present.FencingToken);
        Assert.False(old.IsHeld);
        Assert.False(old.Release());
        Assert.True(present.IsHeld);
    }

    [Fact]
    public void A_key_that_somebody_else_has_taken_is_a_lock_that_is_held()
    {
        Strings.Set("lock", "a client's own value", new SetOptions { Condition = SetCondition.IfAbsent, Expiry = Second });
        Assert.Null(Cache.Locks.TryAcquire("lock", Minute));

        Cache.List<int>("lock2");
        Strings.Set("lock3:fence", "no number");

        Assert.Throws<FormatException>(() => Cache.Locks.TryAcquire("lock3", Minute));
        Assert.False(Keys.Exists("lock3"));
    }

    [Fact]
    public async Task Those_who_wait_are_served_in_the_order_in_which_they_came()
    {
        CacheLock holder = Cache.Locks.TryAcquire("lock", Minute)!;
        List<Task<CacheLock>> waiting = [.. Enumerable.Range(0, 5).Select(_ => Cache.Locks.AcquireAsync("lock", Minute, Token).AsTask())];
        Assert.All(waiting, wait => Assert.False(wait.IsCompleted));
        long last = holder.FencingToken;

        foreach (Task<CacheLock> wait in waiting)
        {
            holder.Release();
            holder = await wait;

            // Served before Release returned, and only this one.
            Assert.Equal(++last, holder.FencingToken);
            Assert.True(holder.IsHeld);
        }

        Assert.All(waiting, wait => Assert.True(wait.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task One_who_waits_gets_the_lock_of_a_holder_that_lets_it_expire()
    {
        Cache.Locks.TryAcquire("lock", Second);
        Task<CacheLock> wait = Cache.Locks.AcquireAsync("lock", Minute, Token).AsTask();

        for (int i = 0; i < 13; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        CacheLock holder = await wait;
        Assert.True(holder.IsHeld);
        Assert.Equal(2, holder.FencingToken);
    }

    [Fact]
    public async Task A_wait_ends_when_its_time_is_up_and_leaves_its_place_to_the_next()
    {
        CacheLock holder = Cache.Locks.TryAcquire("lock", Minute)!;
        Task<CacheLock?> impatient = Cache.Locks.TryAcquireAsync("lock", Minute, Second, Token).AsTask();
        Task<CacheLock?> patient = Cache.Locks.TryAcquireAsync("lock", Minute, Timeout.InfiniteTimeSpan, Token).AsTask();

        Time.Advance(Second);

        Assert.Null(await impatient);
        holder.Release();
        Assert.True((await patient)!.IsHeld);
    }

    [Fact]
    public async Task A_wait_of_no_time_answers_at_once()
    {
        await using CacheLock? first = await Cache.Locks.TryAcquireAsync("lock", Minute, TimeSpan.Zero, Token);

        Assert.NotNull(first);
        Assert.Null(await Cache.Locks.TryAcquireAsync("lock", Minute, TimeSpan.Zero, Token));
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_gets_nothing_and_takes_nothing()
    {
        using var stop = new CancellationTokenSource();
        CacheLock holder = Cache.Locks.TryAcquire("lock", Minute)!;
        Task<CacheLock> wait = Cache.Locks.AcquireAsync("lock", Minute, stop.Token).AsTask();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        holder.Release();
        Assert.False(Keys.Exists("lock"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Cache.Locks.AcquireAsync("lock", Minute, stop.Token).AsTask());
        Assert.False(Keys.Exists("lock"));
    }

    [Fact]
    public async Task Closing_the_cache_ends_waits_and_makes_disposing_a_lock_harmless()
    {
        var cache = new EmbeddedCache();
        CacheLock holder = cache.Locks.TryAcquire("lock", Minute)!;
        Task<CacheLock> wait = cache.Locks.AcquireAsync("lock", Minute, Token).AsTask();

        await cache.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => wait);
        await holder.DisposeAsync();
        holder.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cache.Locks.TryAcquire("lock", Minute));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task Times_out_of_range_are_refused(int seconds)
    {
        TimeSpan expiry = TimeSpan.FromSeconds(seconds);
        CacheLock holder = Cache.Locks.TryAcquire("held", Minute)!;

        Assert.Throws<ArgumentOutOfRangeException>(() => Cache.Locks.TryAcquire("lock", expiry));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Cache.Locks.AcquireAsync("lock", expiry, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Cache.Locks.TryAcquireAsync("lock", Minute, TimeSpan.FromSeconds(-2), Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => holder.Renew(expiry));
    }

    [Fact]
    public void A_lock_may_be_taken_inside_a_transaction_that_names_its_keys()
    {
        CacheLock? taken = Cache.Transact(["lock", "lock:fence"], database => database.Locks.TryAcquire("lock", Minute));

        Assert.True(taken!.IsHeld);
    }

    [Fact]
    public void Locks_and_tokens_survive_a_restart()
    {
        var disk = new SimulatedDisk();
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        using (EmbeddedCache cache = OpenOn(disk, time, DurabilityMode.Always))
        {
            cache.Locks.TryAcquire("a", Minute);
            cache.Locks.TryAcquire("b", Minute)!.Release();
        }

        using EmbeddedCache reopened = OpenOn(disk, time, DurabilityMode.Always);

        Assert.Null(reopened.Locks.TryAcquire("a", Minute));
        Assert.Equal(2, reopened.Locks.TryAcquire("b", Minute)!.FencingToken);
        time.Advance(Minute);
        Assert.Equal(2, reopened.Locks.TryAcquire("a", Minute)!.FencingToken);
    }

    [Fact]
    public async Task Many_tasks_that_fight_for_a_lock_never_hold_it_together()
    {
        const int Tasks = 8;
        const int Turns = 200;
        int inside = 0;
        long last = 0;
        int mistakes = 0;

        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(_ => Task.Run(
            async () =>
            {
                for (int turn = 0; turn < Turns; turn++)
                {
                    await using CacheLock holder = await Cache.Locks.AcquireAsync("lock", Minute, Token);
                    mistakes += Interlocked.Increment(ref inside) == 1 && holder.FencingToken > last ? 0 : 1;
                    last = holder.FencingToken;
                    if (turn % 16 == 0)
                    {
                        await Task.Yield();
                    }

                    Interlocked.Decrement(ref inside);
                }
            },
            Token)));

        Assert.Equal(0, mistakes);
        Assert.Equal(Tasks * Turns, last);
        Assert.False(Keys.Exists("lock"));
    }
}
