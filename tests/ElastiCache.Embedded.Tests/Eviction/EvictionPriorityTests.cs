using ElastiCache.Embedded.Tests.Crash;
using ElastiCache.Embedded.Tests.Persistence;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Eviction;

/// <summary>What priorities promise under each policy, and what they outlive.</summary>
public sealed class EvictionPriorityTests
{
    private const int Budget = 4 << 20;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<EvictionPolicy> Evicting() => [.. Enum.GetValues<EvictionPolicy>().Where(policy => policy != EvictionPolicy.NoEviction)];

    public static TheoryData<EvictionPolicy> Queued() =>
    [
        EvictionPolicy.AllKeysAdaptive, EvictionPolicy.AllKeysLru, EvictionPolicy.AllKeysLfu,
        EvictionPolicy.VolatileAdaptive, EvictionPolicy.VolatileLru, EvictionPolicy.VolatileLfu,
    ];

    [Theory]
    [MemberData(nameof(Evicting))]
    public void What_is_never_removed_stays_whatever_it_is_and_the_budget_holds(EvictionPolicy policy)
    {
        using EmbeddedCache cache = New(policy);
        for (int i = 0; i < 2_000; i++)
        {
            Set(cache, $"stays:{i}", 300, EvictionPriority.NeverRemove);
        }

        cache.Hash<string, int>("stays:small").Set("field", 1);
        for (int i = 0; i < 2_000; i++)
        {
            cache.Hash<string, int>("stays:large").Set($"field:{i}", i);
        }

        foreach (string hash in (string[])["stays:small", "stays:large"])
        {
            cache.Keys.Expire(hash, TimeSpan.FromHours(1));
            Assert.True(cache.Keys.SetPriority(hash, EvictionPriority.NeverRemove));
        }

        for (int i = 0; i < 30_000; i++)
        {
            Set(cache, $"goes:{i}", 300);
            Assert.True(cache.Store.Arena.UsedBytes <= Budget, $"{cache.Store.Arena.UsedBytes} bytes after {i} writes");
        }

        Assert.All(Enumerable.Range(0, 2_000), i => Assert.True(cache.Keys.Exists($"stays:{i}"), $"stays:{i}"));
        Assert.Equal((1, 2_000), (cache.Hash<string, int>("stays:small").Count(), cache.Hash<string, int>("stays:large").Count()));
        Assert.Equal(2_002, cache.GetStatistics().NeverRemoved);
        Assert.True(cache.GetStatistics().Evicted > 20_000);
    }

    [Theory]
    [MemberData(nameof(Evicting))]
    public void Where_all_is_never_removed_writes_are_refused_until_something_may_go(EvictionPolicy policy)
    {
        using EmbeddedCache cache = New(policy);
        int stored = 0;
        CacheFullException refusal = Assert.Throws<CacheFullException>(() =>
        {
            for (; stored < 50_000; stored++)
            {
                Set(cache, $"stays:{stored}", 300, EvictionPriority.NeverRemove);
            }
        });

        Assert.Contains("NeverRemove", refusal.Message, StringComparison.Ordinal);
        Assert.Equal((stored, 0L), (cache.Keys.Count, cache.GetStatistics().Evicted));
        Assert.Throws<CacheFullException>(() => Set(cache, "other", 20_000));
        Assert.All(Enumerable.Range(0, stored), i => Assert.True(cache.Keys.Exists($"stays:{i}"), $"stays:{i}"));

        for (int i = 0; i < stored; i += 2)
        {
            cache.Keys.SetPriority($"stays:{i}", EvictionPriority.Normal);
        }

        for (int i = 0; i < 10_000; i++)
        {
            Set(cache, $"more:{i}", 300);
        }

        Assert.All(Enumerable.Range(0, stored / 2), i => Assert.True(cache.Keys.Exists($"stays:{(2 * i) + 1}"), $"stays:{(2 * i) + 1}"));
        Assert.Equal(stored / 2, cache.GetStatistics().NeverRemoved);
    }

    [Theory]
    [MemberData(nameof(Queued))]
    public void Low_goes_before_normal_and_high_after_it(EvictionPolicy policy)
    {
        using EmbeddedCache cache = New(policy);
        for (int i = 0; i < 9_000; i++)
        {
            Set(cache, $"{(EvictionPriority)(i % 3)}:{i}", 400, (EvictionPriority)(i % 3));
        }

        (int normal, int low, int high) = Left(cache);
        Assert.Equal((3_000, 3_000), (normal, high));
        Assert.InRange(low, 1, 2_999);

        // They were used, and they are what is oldest: neither helps those of low priority, nor hurts the others.
        for (int i = 0; i < 9_000; i++)
        {
            cache.Strings.Length($"{EvictionPriority.Low}:{i}");
        }

        Fill("more:", 4_000);
        (normal, low, high) = Left(cache);
        Assert.Equal((0, 3_000), (low, high));

        Fill("most:", 60_000);
        (normal, low, high) = Left(cache);
        Assert.InRange(normal, 0, 300);
        Assert.Equal(3_000, high);

        // There is nothing else any more.
        for (int i = 0; i < 12_000; i++)
        {
            Set(cache, $"high:{i}", 400, EvictionPriority.High);
        }

        Assert.InRange(Left(cache).High, 0, 3_000);
        Assert.True(cache.Keys.Exists("high:11999"));

        // And what comes then goes first again.
        int before = HighLeft();
        Fill("last:", 6_000);
        Assert.InRange(HighLeft(), before - 300, before);

        int HighLeft() => Enumerable.Range(0, 12_000).Count(i => cache.Keys.Exists($"high:{i}"));

        void Fill(string prefix, int keys)
        {
            for (int i = 0; i < keys; i++)
            {
                Set(cache, $"{prefix}{i}", 400);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Queued))]
    public void A_priority_that_is_given_later_counts_at_once(EvictionPolicy policy)
    {
        using EmbeddedCache cache = New(policy);
        for (int i = 0; i < 8_000; i++)
        {
            Set(cache, $"key:{i}", 300);
        }

        for (int i = 0; i < 8_000; i++)
        {
            cache.Keys.SetPriority($"key:{i}", (EvictionPriority)(i / 2_000));
        }

        for (int i = 0; i < 30_000; i++)
        {
            Set(cache, $"more:{i}", 300);
        }

        int[] left = [.. Enumerable.Range(0, 4).Select(priority => Enumerable.Range(priority * 2_000, 2_000).Count(i => cache.Keys.Exists($"key:{i}")))];
        Assert.InRange(left[(int)EvictionPriority.Normal], 0, 200);
        Assert.Equal([0, 2_000, 2_000], left[1..]);
    }

    [Fact]
    public void What_is_dear_to_miss_stays_under_the_adaptive_policy_and_lru_does_not_look_at_it()
    {
        double adaptive = ShareOfDear(EvictionPolicy.AllKeysAdaptive, later: false);
        double later = ShareOfDear(EvictionPolicy.AllKeysAdaptive, later: true);
        double lru = ShareOfDear(EvictionPolicy.AllKeysLru, later: false);
        Assert.True(adaptive > 0.85 && later > 0.85 && lru < 0.6, $"dear: {adaptive:P0} under the adaptive policy, {later:P0} if said later, {lru:P0} under LRU");

        // One in two is dear; all are equally large, written once and never read.
        double ShareOfDear(EvictionPolicy policy, bool later)
        {
            using EmbeddedCache cache = New(policy);
            for (int i = 0; i < 20_000; i++)
            {
                int cost = i % 2 == 0 ? 20 : 1;
                cache.Strings.Set($"key:{i}", new byte[300], new SetOptions { EvictionCost = later ? 1 : cost });
                if (later)
                {
                    cache.Keys.SetEvictionCost($"key:{i}", cost);
                }
            }

            int[] left = [.. Enumerable.Range(0, 20_000).Where(i => cache.Keys.Exists($"key:{i}"))];
            return (double)left.Count(i => i % 2 == 0) / left.Length;
        }
    }

    [Fact]
    public void Another_value_brings_its_own_priority_and_a_change_of_the_value_keeps_it()
    {
        using var cache = new EmbeddedCache();
        var high = new SetOptions { Priority = EvictionPriority.High, Flags = 3 };
        cache.Strings.Set("text", "1", high);
        Assert.Equal(EvictionPriority.High, cache.Keys.Priority("text"));

        cache.Strings.Increment("text");
        cache.Strings.Append("text", "more"u8);
        cache.Strings.SetRange("text", 3_000, "x"u8);
        cache.Strings.SetRange("text", 0, "x"u8);
        cache.Bits.SetBit("text", 7, true);
        cache.Keys.Expire("text", TimeSpan.FromHours(1));
        cache.Keys.Persist("text");
        Assert.True(cache.Strings.TryGetVersioned("text", out Versioned<string> versioned));
        Assert.Equal((EvictionPriority.High, 3u), (cache.Keys.Priority("text"), versioned.Flags));

        cache.Keys.Copy("text", "copy");
        cache.Keys.Rename("text", "renamed");
        cache.Keys.Move("renamed", 2);
        Assert.Equal(EvictionPriority.High, cache.Keys.Priority("copy"));
        Assert.Equal(EvictionPriority.High, cache.Database(2).Keys.Priority("renamed"));

        cache.Strings.Set("copy", "another");
        Assert.Equal(EvictionPriority.Normal, cache.Keys.Priority("copy"));
        cache.Keys.SetEvictionCost("copy", 7);
        cache.Keys.SetPriority("copy", EvictionPriority.High);
        Assert.Equal((7, EvictionPriority.High), (cache.Keys.EvictionCost("copy"), cache.Keys.Priority("copy")));
        cache.Strings.Set("copy", "again", high with { Priority = EvictionPriority.Low });
        Assert.Equal((1, EvictionPriority.Low), (cache.Keys.EvictionCost("copy"), cache.Keys.Priority("copy")));
    }

    [Fact]
    public void A_collection_keeps_its_priority_while_it_grows_and_shrinks()
    {
        using var cache = new EmbeddedCache();
        cache.Hash<string, int>("h").Set("f", 1);
        cache.Set<int>("s").Add(1);
        cache.SortedSet<int>("z").Add(1, 1);
        cache.List<int>("l").PushRight(1);
        cache.Stream("x").Add("f", 1);
        string[] keys = ["h", "s", "z", "l", "x"];
        Assert.All(keys, key => Assert.True(cache.Keys.SetPriority(key, EvictionPriority.NeverRemove)));

        for (int i = 2; i < 3_000; i++)
        {
            cache.Hash<string, int>("h").Set($"{i}", i);
            cache.Set<int>("s").Add(i);
            cache.SortedSet<int>("z").Add(i, i);
            cache.List<int>("l").PushRight(i);
            cache.Stream("x").Add("f", i);
        }

        Assert.All(keys, key => Assert.Equal(EvictionPriority.NeverRemove, cache.Keys.Priority(key)));
        Assert.Equal(5, cache.GetStatistics().NeverRemoved);
        for (int i = 2; i < 3_000; i++)
        {
            cache.Set<int>("s").Remove(i);
        }

        Assert.Equal(EvictionPriority.NeverRemove, cache.Keys.Priority("s"));
        cache.Keys.Delete(keys);
        Assert.Equal(0, cache.GetStatistics().NeverRemoved);
    }

    [Fact]
    public void What_is_no_priority_or_cost_is_refused_and_an_absent_key_has_none()
    {
        using var cache = new EmbeddedCache();
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Strings.Set("key", "v", new SetOptions { Priority = (EvictionPriority)4 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Keys.SetPriority("key", (EvictionPriority)(-1)));
        foreach (int cost in (int[])[int.MinValue, -1, 0, 65_537, int.MaxValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => cache.Strings.Set("key", "v", new SetOptions { EvictionCost = cost }));
            Assert.Throws<ArgumentOutOfRangeException>(() => cache.Keys.SetEvictionCost("key", cost));
        }

        Assert.False(cache.Keys.SetPriority("key", EvictionPriority.High));
        Assert.False(cache.Keys.SetEvictionCost("key", 65_536));
        Assert.Null(cache.Keys.EvictionCost("key"));
        Assert.Null(cache.Keys.Priority("key"));
    }

    [Fact]
    public void What_is_never_removed_is_counted_whatever_happens_to_it()
    {
        const int Seed = 20261130;
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 4, TimeProvider = _time });
        var random = new Random(Seed);
        for (int step = 0; step < 20_000; step++)
        {
            int database = random.Next(3);
            CacheDatabase at = cache.Database(database);
            string key = $"key:{random.Next(40)}";
            var priority = (EvictionPriority)random.Next(4);
            switch (random.Next(14))
            {
                case 0 or 1 or 2:
                    at.Strings.Set(key, "v", new SetOptions { Priority = priority, Expiry = random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(1, 100)) : null });
                    break;
                case 3:
                    at.Keys.Delete(key);
                    break;
                case 4:
                    at.Keys.SetPriority(key, priority);
                    break;
                case 5:
                    at.Keys.Rename(key, $"key:{random.Next(40)}");
                    break;
                case 6:
                    at.Keys.Copy(key, $"key:{random.Next(40)}x", replace: true);
                    break;
                case 7:
                    at.Keys.Move(key, (database + 1) % 3);
                    break;
                case 8:
                    at.Keys.Expire(key, TimeSpan.FromSeconds(random.Next(-1, 100)));
                    break;
                case 9:
                    at.Keys.Persist(key);
                    break;
                case 10 when random.Next(40) == 0:
                    at.Keys.Flush();
                    break;
                case 11:
                    cache.SwapDatabases(database, random.Next(3));
                    break;
                case 12:
                    at.Strings.Append(key, "x"u8);
                    break;
                default:
                    _time.Advance(TimeSpan.FromSeconds(random.Next(3)));
                    break;
            }

            if (step % 20 == 0)
            {
                long counted = Enumerable.Range(0, 3).Sum(i => Enumerable.Range(0, 80).Count(j => cache.Database(i).Keys.Priority($"key:{j / 2}{(j % 2 == 0 ? "" : "x")}") == EvictionPriority.NeverRemove));
                Assert.True(counted == cache.GetStatistics().NeverRemoved, $"seed {Seed}, step {step}: {cache.GetStatistics().NeverRemoved} of {counted} are counted");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Priorities_outlive_the_process_by_the_log_and_by_its_rewrite(bool rewrites)
    {
        using var folder = new TemporaryFolder();
        await using (EmbeddedCache cache = await EmbeddedCache.OpenAsync(folder.Path, Token))
        {
            cache.Strings.Set("low", "1", new SetOptions { Priority = EvictionPriority.Low, Flags = 9, EvictionCost = 65_536 });
            cache.Strings.Set("raised", "1", new SetOptions { Flags = 9 });
            cache.Keys.SetPriority("raised", EvictionPriority.High);
            cache.Strings.Set("lowered", "1", new SetOptions { Priority = EvictionPriority.NeverRemove, Expiry = TimeSpan.FromDays(1) });
            cache.Keys.SetPriority("lowered", EvictionPriority.Normal);
            cache.Hash<string, int>("hash").Set("field", 1);
            cache.Keys.SetPriority("hash", EvictionPriority.NeverRemove);
            cache.Hash<string, int>("hash").Set("another", 2);
            if (rewrites)
            {
                await cache.RewriteLogAsync(Token);
            }
        }

        await using (EmbeddedCache again = await EmbeddedCache.OpenAsync(folder.Path, Token))
        {
            Assert.Equal((EvictionPriority.Low, 65_536), (again.Keys.Priority("low"), again.Keys.EvictionCost("low")));
            Assert.Equal(EvictionPriority.High, again.Keys.Priority("raised"));
            Assert.True(again.Strings.TryGetVersioned("raised", out Versioned<string> raised));
            Assert.Equal(9u, raised.Flags);
            Assert.Equal(EvictionPriority.Normal, again.Keys.Priority("lowered"));
            Assert.NotNull(again.Keys.TimeToLive("lowered"));
            Assert.Equal(EvictionPriority.NeverRemove, again.Keys.Priority("hash"));
            Assert.Equal(2, again.Hash<string, int>("hash").Count());
            Assert.Equal(1, again.GetStatistics().NeverRemoved);
        }

        using var redis = new RedisServer(folder.Path);
        Assert.Equal("1\n1\n1\n2", redis.Ask("eval", "return {redis.call('get', 'low'), redis.call('get', 'raised'), redis.call('get', 'lowered'), redis.call('hlen', 'hash')}", "0"));
    }

    private static (int Normal, int Low, int High) Left(EmbeddedCache cache)
    {
        int[] left = [.. Enumerable.Range(0, 3).Select(priority => Enumerable.Range(0, 9_000).Count(i => cache.Keys.Exists($"{(EvictionPriority)priority}:{i}")))];
        return (left[0], left[1], left[2]);
    }

    private static void Set(EmbeddedCache cache, string key, int bytes, EvictionPriority priority = EvictionPriority.Normal) =>
        cache.Strings.Set(key, new byte[bytes], new SetOptions { Expiry = TimeSpan.FromHours(1), Priority = priority });

    private EmbeddedCache New(EvictionPolicy policy) =>
        new(new EmbeddedCacheOptions { MaxMemory = Budget, EvictionPolicy = policy, Shards = 2, TimeProvider = _time });
}
