using System.Text;
using ElastiCache.Embedded.Tests.Commands;

namespace ElastiCache.Embedded.Tests.Api;

/// <summary>Whoever subscribes to removals is told of each, with its reason, and of nothing else.</summary>
public sealed class RemovalsTests : CacheFixture
{
    [Fact]
    public async Task A_key_that_expires_is_told_of_by_the_sweeper_and_by_a_reader_that_comes_before_it()
    {
        await using RemovalSubscription subscription = Cache.Removals.Subscribe(cancellationToken: Token);
        Strings.Set("swept", "1", TimeSpan.FromSeconds(5));
        Strings.Set("read", "1", TimeSpan.FromSeconds(60));

        Time.Advance(TimeSpan.FromSeconds(7));
        Cache.Sweeper.IsPaused = true;
        Time.Advance(TimeSpan.FromSeconds(60));
        Assert.Null(Strings.GetString("read"));

        Assert.Equal(["Expired swept", "Expired read"], await DrainAsync(subscription));
    }

    [Fact]
    public async Task A_key_that_gives_way_at_the_budget_is_told_of_as_evicted_each_once()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = Time, Shards = 2, MaxMemory = 2 << 20 });
        await using RemovalSubscription subscription = cache.Removals.Subscribe(options: new SubscribeOptions { MaxMessages = 1_000_000 }, cancellationToken: Token);
        for (int i = 0; i < 20_000; i++)
        {
            cache.Strings.Set($"key:{i}", new byte[500]);
        }

        List<string> told = await DrainAsync(subscription);

        Assert.Equal(cache.GetStatistics().Evicted, told.Count);
        Assert.True(told.Count > 10_000);
        Assert.All(told, line => Assert.StartsWith("Evicted key:", line, StringComparison.Ordinal));
        Assert.Equal(told.Count, told.Distinct().Count());
        Assert.All(told.Take(100), line => Assert.False(cache.Keys.Exists(line["Evicted ".Length..])));
    }

    [Theory]
    [InlineData("SET k new", "Replaced k")]
    [InlineData("SET k new XX GET", "Replaced k")]
    [InlineData("SETEX k 100 new", "Replaced k")]
    [InlineData("GETSET k new", "Replaced k")]
    [InlineData("MSET k 1 other 2", "Replaced k")]
    [InlineData("SET k new NX", "")]
    [InlineData("SET other new", "")]
    [InlineData("APPEND k more", "")]
    [InlineData("SETRANGE k 1 x", "")]
    [InlineData("SETBIT k 1 1", "")]
    [InlineData("EXPIRE k 100", "")]
    [InlineData("DEL k", "Removed k")]
    [InlineData("DEL nothing k", "Removed k")]
    [InlineData("UNLINK k", "Removed k")]
    [InlineData("GETDEL k", "Removed k")]
    [InlineData("EXPIRE k -1", "Removed k")]
    [InlineData("RENAME k other", "Removed k")]
    [InlineData("RENAME list k", "Replaced k,Removed list")]
    [InlineData("COPY list k REPLACE", "Replaced k")]
    [InlineData("MOVE k 1", "Removed k")]
    [InlineData("LPOP list", "Removed list")]
    [InlineData("LPUSH list more", "")]
    [InlineData("SREM set member", "Removed set")]
    [InlineData("SMOVE set other member", "Removed set")]
    [InlineData("HDEL hash field", "Removed hash")]
    [InlineData("HSET hash field new", "")]
    [InlineData("ZREM zset member", "Removed zset")]
    [InlineData("ZADD zset 2 member", "")]
    [InlineData("XADD stream * f v", "")]
    [InlineData("SUNIONSTORE k set", "Replaced k")]
    [InlineData("SINTERSTORE k set nothing", "Removed k")]
    [InlineData("ZUNIONSTORE k 1 zset", "Replaced k")]
    [InlineData("SORT list ALPHA STORE k", "Replaced k")]
    [InlineData("SORT nothing STORE k", "Removed k")]
    [InlineData("BITOP NOT k number", "Replaced k")]
    [InlineData("BITOP NOT k nothing", "Removed k")]
    [InlineData("INCR number", "")]
    [InlineData("PFADD visitors b", "")]
    [InlineData("FLUSHDB", "Flushed ")]
    [InlineData("FLUSHALL", "Flushed ")]
    [InlineData("SWAPDB 0 1", "")]
    public async Task Each_command_tells_of_what_it_removes_and_what_it_overwrites(string command, string expected)
    {
        using var session = new CommandSession(Cache);
        foreach (string line in (string[])["SET k value", "RPUSH list element", "SADD set member", "HSET hash field value", "ZADD zset 1 member", "SET number 1", "XADD stream * f v", "PFADD visitors a"])
        {
            Run(session, line);
        }

        await using RemovalSubscription subscription = Cache.Removals.Subscribe(cancellationToken: Token);

        Run(session, command);

        Assert.Equal(expected, string.Join(',', await DrainAsync(subscription)));
    }

    [Fact]
    public async Task A_restored_key_replaces_what_was_there()
    {
        Strings.Set("k", "value");
        byte[] payload = Keys.Dump("k")!;
        await using RemovalSubscription subscription = Cache.Removals.Subscribe(cancellationToken: Token);

        Keys.Restore("k", payload, replace: true);

        Assert.Equal(["Replaced k"], await DrainAsync(subscription));
    }

    [Fact]
    public async Task A_write_that_is_refused_for_want_of_room_tells_of_nothing()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = Time, Shards = 1, MaxMemory = 1 << 20, EvictionPolicy = EvictionPolicy.NoEviction });
        cache.Strings.Set("k", "value");
        await using RemovalSubscription subscription = cache.Removals.Subscribe(cancellationToken: Token);

        Assert.Throws<CacheFullException>(() => cache.Strings.Set("k", new byte[2 << 20], TimeSpan.FromMinutes(1)));

        Assert.Empty(await DrainAsync(subscription));
    }

    [Fact]
    public async Task The_database_is_told_and_so_are_the_bytes_of_a_key_that_is_no_text()
    {
        await using RemovalSubscription subscription = Cache.Removals.Subscribe(cancellationToken: Token);
        byte[] key = [0, 255, 1];
        Cache.Database(3).Strings.Set(key, "value");

        Cache.Database(3).Keys.Delete((CacheKey)key);

        await using IAsyncEnumerator<KeyRemoval> events = subscription.GetAsyncEnumerator(Token);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal((RemovalReasons.Removed, 3), (events.Current.Reason, events.Current.Database));
        Assert.Equal(key, events.Current.KeyBytes.ToArray());
        Assert.Equal("\0\uFFFD\u0001", events.Current.Key);
    }

    [Fact]
    public async Task Only_the_reasons_that_were_asked_for_are_told()
    {
        await using RemovalSubscription replaced = Cache.Removals.Subscribe(RemovalReasons.Replaced, cancellationToken: Token);
        await using RemovalSubscription both = Cache.Removals.Subscribe(RemovalReasons.Replaced | RemovalReasons.Removed, cancellationToken: Token);
        Strings.Set("k", "1");
        Strings.Set("k", "2");
        Keys.Delete("k");

        Assert.Equal(["Replaced k"], await DrainAsync(replaced));
        Assert.Equal(["Replaced k", "Removed k"], await DrainAsync(both));
    }

    [Fact]
    public async Task A_reader_that_is_too_slow_loses_the_oldest_and_the_statistics_say_how_many_even_when_it_has_gone()
    {
        RemovalSubscription subscription = Cache.Removals.Subscribe(options: new SubscribeOptions { MaxMessages = 3, WhenFull = SlowSubscriberPolicy.DropOldest }, cancellationToken: Token);
        for (int i = 0; i < 10; i++)
        {
            Strings.Set("k", i);
            Keys.Delete("k");
        }

        Assert.Equal((7, 7), (subscription.DroppedEvents, Cache.GetStatistics().DroppedRemovals));
        Assert.Equal(3, (await DrainAsync(subscription)).Count);

        await subscription.DisposeAsync();
        Assert.Equal(7, Cache.GetStatistics().DroppedRemovals);
    }

    [Fact]
    public async Task By_default_the_oldest_events_make_room_and_no_subscription_ends()
    {
        await using RemovalSubscription subscription = Cache.Removals.Subscribe(cancellationToken: Token);
        for (int i = 0; i < 65_536 + 5; i++)
        {
            Strings.Set($"k{i}", 1);
            Keys.Delete($"k{i}");
        }

        List<string> told = await DrainAsync(subscription);

        Assert.Equal((65_536, 5), (told.Count, subscription.DroppedEvents));
        Assert.Equal("Removed k5", told[0]);
    }

    [Fact]
    public void While_nobody_listens_the_store_knows_of_no_listener()
    {
        Assert.Null(Cache.Store.Removals);
        RemovalSubscription first = Cache.Removals.Subscribe(cancellationToken: Token);
        RemovalSubscription second = Cache.Removals.Subscribe(cancellationToken: Token);
        Assert.NotNull(Cache.Store.Removals);

        first.Dispose();
        first.Dispose();
        Assert.NotNull(Cache.Store.Removals);
        second.Dispose();

        Assert.Null(Cache.Store.Removals);
    }

    [Fact]
    public async Task A_callback_gets_the_events_in_order_with_no_lock_held_and_outlives_its_own_exceptions()
    {
        var told = new List<string>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using RemovalSubscription subscription = Cache.Removals.Subscribe(
            removal =>
            {
                told.Add(removal.Key);
                Strings.Set($"note:{removal.Key}", 1);      // takes shards' locks
                if (told.Count == 100)
                {
                    all.SetResult();
                }

                throw new InvalidOperationException("a bug of the callback's");
            },
            RemovalReasons.Removed);

        for (int i = 0; i < 100; i++)
        {
            Strings.Set($"k{i}", 1);
            Keys.Delete($"k{i}");
        }

        await all.Task.WaitAsync(Token);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"k{i}"), told);
    }

    [Fact]
    public async Task A_reader_comes_to_the_end_when_the_cache_closes_and_gets_what_was_queued_first()
    {
        RemovalSubscription subscription = Cache.Removals.Subscribe(cancellationToken: Token);
        Strings.Set("k", 1);
        Keys.Delete("k");

        Cache.Dispose();

        var told = new List<string>();
        await foreach (KeyRemoval removal in subscription)
        {
            told.Add(removal.Key);
        }

        Assert.Equal(["k"], told);
        Assert.Throws<ObjectDisposedException>(() => Cache.Removals.Subscribe(cancellationToken: Token));
    }

    [Fact]
    public async Task Cancelling_ends_it_with_an_exception_and_takes_the_listener_out()
    {
        using var source = new CancellationTokenSource();
        RemovalSubscription subscription = Cache.Removals.Subscribe(cancellationToken: source.Token);
        await using IAsyncEnumerator<KeyRemoval> events = subscription.GetAsyncEnumerator(Token);
        ValueTask<bool> next = events.MoveNextAsync();

        await source.CancelAsync();

        await Assert.ThrowsAsync<OperationCanceledException>(() => next.AsTask());
        Assert.Null(Cache.Store.Removals);
    }

    [Fact]
    public void A_reason_that_does_not_exist_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Cache.Removals.Subscribe(RemovalReasons.None, cancellationToken: Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => Cache.Removals.Subscribe((RemovalReasons)64, cancellationToken: Token));
        Assert.Throws<ArgumentNullException>(() => Cache.Removals.Subscribe(null!));
    }

    [Fact]
    public void Subscribing_and_leaving_while_others_write_loses_nothing_of_what_comes_between()
    {
        const int seed = 17;
        bool stop = false;
        using var writer = new Keyspace.Background(() =>
        {
            for (int i = 0; !Volatile.Read(ref stop); i++)
            {
                Strings.Set($"noise:{i & 63}", i);
                Keys.Delete($"noise:{(i + seed) & 63}");
            }
        });

        for (int round = 0; round < 300; round++)
        {
            using RemovalSubscription subscription = Cache.Removals.Subscribe(RemovalReasons.Removed, cancellationToken: Token);
            Strings.Set("mine", round);
            Keys.Delete("mine");
            Assert.True(Queued(subscription, "mine"), $"round {round}, seed {seed}");
        }

        Volatile.Write(ref stop, true);
    }

    private static bool Queued(RemovalSubscription subscription, string key)
    {
        IAsyncEnumerator<KeyRemoval> events = subscription.GetAsyncEnumerator(Token);
        for (ValueTask<bool> next = events.MoveNextAsync(); next.IsCompletedSuccessfully; next = events.MoveNextAsync())
        {
            if (events.Current.Key == key)
            {
                return true;
            }
        }

        return false;
    }

    private static void Run(CommandSession session, string line)
    {
        string reply = Encoding.UTF8.GetString(session.Run(Array.ConvertAll(line.Split(' '), Encoding.UTF8.GetBytes)));
        Assert.False(reply.StartsWith('-'), $"{line}: {reply}");
    }

    private static async Task<List<string>> DrainAsync(RemovalSubscription subscription)
    {
        var told = new List<string>();
        IAsyncEnumerator<KeyRemoval> events = subscription.GetAsyncEnumerator(Token);
        for (Task<bool> next = events.MoveNextAsync().AsTask(); next.IsCompleted && await next; next = events.MoveNextAsync().AsTask())
        {
            told.Add($"{events.Current.Reason} {events.Current.Key}");
        }

        return told;
    }
}
