using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Tests.Keyspace;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Eviction;

/// <summary>What each policy promises, on a whole cache.</summary>
public sealed class EvictionPolicyTests
{
    private const int Budget = 4 << 20;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public static TheoryData<EvictionPolicy> AllKeys() =>
        [EvictionPolicy.AllKeysLru, EvictionPolicy.AllKeysLfu, EvictionPolicy.AllKeysRandom, EvictionPolicy.AllKeysAdaptive];

    public static TheoryData<EvictionPolicy> Volatile() =>
        [EvictionPolicy.VolatileLru, EvictionPolicy.VolatileLfu, EvictionPolicy.VolatileRandom, EvictionPolicy.VolatileTtl, EvictionPolicy.VolatileAdaptive];

    public static TheoryData<EvictionPolicy, EvictionPolicy> Changes()
    {
        var pairs = new TheoryData<EvictionPolicy, EvictionPolicy>();
        foreach (EvictionPolicy from in Enum.GetValues<EvictionPolicy>())
        {
            foreach (EvictionPolicy to in Enum.GetValues<EvictionPolicy>().Where(to => to != EvictionPolicy.NoEviction && to != from))
            {
                pairs.Add(from, to);
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(AllKeys))]
    public void Without_deadlines_every_write_finds_room_and_the_budget_holds(EvictionPolicy policy)
    {
        using EmbeddedCache cache = New(policy);
        for (int i = 0; i < 50_000; i++)
        {
            cache.Strings.Set($"key:{i}", new byte[100 + (i % 400)]);
            Assert.True(cache.Store.Arena.UsedBytes <= Budget, $"{cache.Store.Arena.UsedBytes} bytes after {i} writes");
        }

        Assert.True(cache.Keys.Count > 4_000, $"{cache.Keys.Count} keys are left");
    }

    [Theory]
    [MemberData(nameof(Volatile))]
    public void Entries_without_a_deadline_stay_under_a_volatile_policy(EvictionPolicy policy)
    {
        using EmbeddedCache cache = New(policy);
        for (int i = 0; i < 3_000; i++)
        {
            cache.Strings.Set($"stays:{i}", new byte[300]);
        }

        for (int i = 0; i < 30_000; i++)
        {
            cache.Strings.Set($"goes:{i}", new byte[300], new SetOptions { Expiry = TimeSpan.FromHours(1) });
        }

        Assert.All(Enumerable.Range(0, 3_000), i => Assert.True(cache.Keys.Exists($"stays:{i}"), $"stays:{i}"));
        Assert.True(cache.GetStatistics().Evicted > 20_000);
    }

    [Theory]
    [MemberData(nameof(Volatile))]
    public void Where_nothing_has_a_deadline_a_volatile_policy_refuses_the_write(EvictionPolicy policy)
    {
        using EmbeddedCache cache = New(policy);

        Assert.Throws<CacheFullException>(() => Fill(cache, 50_000, 300));

        long before = cache.Keys.Count;
        Assert.Throws<CacheFullException>(() => cache.Strings.Set("large", new byte[20_000]));
        Assert.Equal(before, cache.Keys.Count);
    }

    [Theory]
    [MemberData(nameof(Volatile))]
    public void A_key_that_got_its_deadline_later_may_go_and_one_that_lost_it_stays(EvictionPolicy policy)
    {
        using EmbeddedCache cache = New(policy);
        for (int i = 0; i < 8_000; i++)
        {
            cache.Strings.Set($"key:{i}", new byte[300], new SetOptions { Expiry = i % 2 == 0 ? TimeSpan.FromHours(1) : null });
        }

        for (int i = 0; i < 8_000; i++)
        {
            _ = i % 2 == 0 ? cache.Keys.Persist($"key:{i}") : cache.Keys.Expire($"key:{i}", TimeSpan.FromHours(1));
        }

        for (int i = 0; i < 6_000; i++)
        {
            cache.Strings.Set($"more:{i}", new byte[300]);
        }

        Assert.All(Enumerable.Range(0, 4_000), i => Assert.True(cache.Keys.Exists($"key:{i * 2}"), $"key:{i * 2}"));
        Assert.InRange(Enumerable.Range(0, 4_000).Count(i => cache.Keys.Exists($"key:{(i * 2) + 1}")), 0, 2_200);
    }

    [Fact]
    public void VolatileTtl_evicts_what_expires_soonest()
    {
        using EmbeddedCache cache = New(EvictionPolicy.VolatileTtl);
        int[] minutes = [.. Enumerable.Range(1, 20_000)];
        new Random(7).Shuffle(minutes);
        foreach (int minute in minutes)
        {
            cache.Strings.Set($"key:{minute}", new byte[300], new SetOptions { Expiry = TimeSpan.FromMinutes(minute) });
        }

        int[] left = [.. minutes.Where(minute => cache.Keys.Exists($"key:{minute}")).Order()];
        int ideal = 20_000 - left.Length;
        Assert.True(left.Length > 5_000, $"{left.Length} are left");

        Assert.True(left.Count(minute => minute > ideal) > left.Length * 85 / 100, $"{left.Count(minute => minute > ideal)} of {left.Length} that are left are of the latest {left.Length}");
    }

    [Fact]
    public void Adaptive_policies_take_what_is_nearly_expired_first_however_much_it_is_used()
    {
        using EmbeddedCache cache = New(EvictionPolicy.AllKeysAdaptive);
        Fill(cache, 5_000, 20, "soon:", TimeSpan.FromMilliseconds(200));
        Fill(cache, 5_000, 20, "later:", TimeSpan.FromSeconds(5));
        cache.Keys.SetPriority("soon:7", EvictionPriority.High);
        for (int i = 0; cache.GetStatistics().Evicted < 500; i++)
        {
            Assert.True(cache.Keys.Exists($"soon:{i % 5_000}") || i >= 5_000);
            cache.Strings.Set($"large:{i}", new byte[300]);
        }

        long evicted = cache.GetStatistics().Evicted;
        Assert.InRange(evicted, 500, 4_900);
        Assert.Equal(evicted, Enumerable.Range(0, 5_000).Count(i => !cache.Keys.Exists($"soon:{i}")));
        Assert.True(cache.Keys.Exists("soon:7"));
    }

    [Fact]
    public void Large_entries_go_before_small_ones_under_the_adaptive_policy_and_not_under_lru()
    {
        double adaptive = ShareOfSmall(EvictionPolicy.AllKeysAdaptive);
        double lru = ShareOfSmall(EvictionPolicy.AllKeysLru);
        Assert.True(adaptive > 0.85 && lru < 0.6, $"small: {adaptive:P0} under the adaptive policy, {lru:P0} under LRU");

        // One in two is small; both kinds are written once and never read.
        double ShareOfSmall(EvictionPolicy policy)
        {
            using EmbeddedCache cache = New(policy);
            for (int i = 0; i < 20_000; i++)
            {
                cache.Strings.Set($"key:{i}", new byte[i % 2 == 0 ? 100 : 2_000]);
            }

            int[] left = [.. Enumerable.Range(0, 20_000).Where(i => cache.Keys.Exists($"key:{i}"))];
            return (double)left.Count(i => i % 2 == 0) / left.Length;
        }
    }

    [Theory]
    [InlineData(EvictionPolicy.AllKeysLfu)]
    [InlineData(EvictionPolicy.AllKeysAdaptive)]
    public void What_is_used_often_survives_a_scan_that_lru_loses_it_to(EvictionPolicy policy)
    {
        int left = LeftAfterScan(policy);
        int leftUnderLru = LeftAfterScan(EvictionPolicy.AllKeysLru);
        Assert.True(left > 450 && leftUnderLru < 250, $"of 500 are left: {left}, under LRU {leftUnderLru}");

        int LeftAfterScan(EvictionPolicy tested)
        {
            using EmbeddedCache cache = New(tested);
            for (int round = 0; round < 24; round++)
            {
                for (int i = 0; i < 500; i++)
                {
                    if (cache.Strings.Length($"often:{i}") == 0)
                    {
                        cache.Strings.Set($"often:{i}", new byte[300]);
                    }
                }

                Fill(cache, 1_500, 300, $"filler:{round}:");
            }

            // More than fits, read by nobody.
            Fill(cache, 15_000, 300, "scan:");
            return Enumerable.Range(0, 500).Count(i => cache.Keys.Exists($"often:{i}"));
        }
    }

    [Fact]
    public void The_default_policy_keeps_a_part_of_a_loop_that_is_larger_than_the_cache()
    {
        int adaptive = HitsOfLoop(EvictionPolicy.AllKeysAdaptive);
        int lru = HitsOfLoop(EvictionPolicy.AllKeysLru);

        Assert.InRange(lru, 0, 500);
        Assert.True(adaptive > 4_000, $"{adaptive} hits in a round of 16,000; LRU has {lru}");

        int HitsOfLoop(EvictionPolicy policy)
        {
            using EmbeddedCache cache = New(policy);
            int hits = 0;
            for (int round = 0; round < 12; round++)
            {
                hits = Enumerable.Range(0, 16_000).Count(i => IsHit(cache, $"key:{i}"));
            }

            return hits;
        }
    }

    [Fact]
    public void The_default_policy_follows_keys_that_are_popular_for_a_while()
    {
        int adaptive = HitsOfDrift(EvictionPolicy.AllKeysAdaptive);
        int lru = HitsOfDrift(EvictionPolicy.AllKeysLru);

        Assert.True(adaptive > lru * 0.85, $"{adaptive} hits; LRU, for which there is nothing better, has {lru}");

        int HitsOfDrift(EvictionPolicy policy)
        {
            using EmbeddedCache cache = New(policy);
            var random = new Random(11);
            return Enumerable.Range(0, 200_000).Count(i => IsHit(cache, $"key:{(i / 4) + random.Next(12_000)}"));
        }
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_policy_can_be_changed_while_the_cache_is_full(EvictionPolicy from, EvictionPolicy to)
    {
        using EmbeddedCache cache = New(from);
        try
        {
            Fill(cache, 12_000, 300, "before:", TimeSpan.FromHours(1));
        }
        catch (CacheFullException) when (from == EvictionPolicy.NoEviction)
        {
        }

        cache.EvictionPolicy = to;
        await cache.SetMaxMemoryAsync(Budget, TestContext.Current.CancellationToken);
        Fill(cache, 30_000, 300, "after:", TimeSpan.FromHours(2));

        int left = Enumerable.Range(0, 12_000).Count(i => cache.Keys.Exists($"before:{i}"));
        Assert.InRange(left, 0, 3_000);
        Assert.True(cache.Store.Arena.UsedBytes <= Budget, $"{cache.Store.Arena.UsedBytes} bytes of {Budget} are in use");
    }

    [Theory]
    [MemberData(nameof(AllKeys))]
    public void Keys_that_come_and_go_leave_nothing_behind(EvictionPolicy policy)
    {
        using var fixture = new StoreFixture(shards: 1, budget: Budget, policy: policy);
        for (int i = 0; i < 9_000; i++)
        {
            fixture.Set($"key:{i}", new byte[250]);
        }

        long most = 0;
        for (int i = 0; i < 100_000; i++)
        {
            fixture.Delete($"key:{i % 50}");
            fixture.Set($"key:{i % 50}", new byte[250]);
            most = Math.Max(most, fixture.Store.ShardAt(0).Room.EvictorBytes);
        }

        Assert.True(most < 16 * 9_000, $"the policy took {most} bytes for 9,000 entries");
        fixture.VerifyAccounts("churn");
        fixture.Flush();
        fixture.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal(0, fixture.Store.ShardAt(0).Room.EvictorBytes);
    }

    [Fact]
    public async Task Object_freq_tells_uses_under_an_lfu_policy_and_is_refused_under_others()
    {
        using EmbeddedCache cache = New(EvictionPolicy.AllKeysLfu);
        Fill(cache, 10_000, 300);
        for (int i = 0; i < 3; i++)
        {
            cache.Strings.Set("often", "x");
            cache.Keys.Delete("often");
        }

        cache.Strings.Set("often", "x");
        var objects = new ObjectOperations(cache.Store);

        Assert.InRange(FrequencyOf(objects, "often") ?? 0, 4, 6);
        Assert.Null(FrequencyOf(objects, "nobody"));
        cache.EvictionPolicy = EvictionPolicy.AllKeysLru;
        await cache.SetMaxMemoryAsync(Budget, TestContext.Current.CancellationToken);
        Assert.Throws<InvalidOperationException>(() => FrequencyOf(objects, "often"));
    }

    // Each shard that holds something takes three slabs, so that most writes must empty others; and those must not call on all the rest for what it cost them.
    [Theory]
    [MemberData(nameof(AllKeys))]
    public void A_budget_of_two_shards_for_sixty_four_refuses_and_comes_to_an_end(EvictionPolicy policy)
    {
        using var fixture = new StoreFixture(shards: 64, budget: (100 << 10) + (64 * 1024), policy: policy);
        int stored = 0;
        for (int i = 0; i < 300; i++)
        {
            try
            {
                fixture.Set($"key:{i}", [1], deadline: fixture.Now + 10_000_000);
                stored++;
            }
            catch (CacheFullException)
            {
            }
        }

        Assert.InRange(stored, 1, 300);
        fixture.VerifyAccounts("tiny");
    }

    [Fact]
    public void A_write_between_the_end_of_a_policy_and_that_of_its_budget_is_refused()
    {
        using var fixture = new StoreFixture(shards: 2, budget: Budget);
        for (int i = 0; i < 20_000; i++)
        {
            fixture.Set($"key:{i}", new byte[300]);
        }

        fixture.Store.ChangeEvictors(null);

        Assert.True(fixture.Store.Budget.Evicts);
        Assert.Throws<CacheFullException>(() =>
        {
            // What the policy kept is free now, so the first ones may fit.
            for (int i = 0; i < 1_000; i++)
            {
                fixture.Set($"large:{i}", new byte[20_000]);
            }
        });
    }

    [Fact]
    public void The_default_policy_takes_at_most_sixteen_bytes_an_entry()
    {
        using var fixture = new StoreFixture(shards: 4, budget: 32 << 20);
        for (int i = 0; i < 500_000; i++)
        {
            fixture.Set($"key:{i}", new byte[50]);
            fixture.Get($"key:{i / 2}");
        }

        long entries = fixture.Store.Count(0);
        long bytes = Enumerable.Range(0, 4).Sum(i => fixture.Store.ShardAt(i).Room.EvictorBytes);
        Assert.True(bytes <= 16 * entries, $"{(double)bytes / entries:0.0} bytes an entry");
    }

    [Fact]
    public void Databases_that_were_exchanged_are_evicted_from_as_before()
    {
        using var fixture = new StoreFixture(shards: 1, budget: Budget);
        for (int i = 0; i < 9_000; i++)
        {
            fixture.Set($"key:{i}", new byte[250], database: i % 3);
        }

        fixture.Swap(0, 2);
        for (int i = 0; i < 40_000; i++)
        {
            fixture.Set($"more:{i}", new byte[250], database: 5);
        }

        Assert.InRange(fixture.Store.Count(0) + fixture.Store.Count(1) + fixture.Store.Count(2), 0, 1_000);
        fixture.VerifyAccounts("swap");
    }

    private static long? FrequencyOf(ObjectOperations objects, string key)
    {
        KeyProbe.Create(System.Text.Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        return objects.Frequency(0, probe);
    }

    private static bool IsHit(EmbeddedCache cache, string key)
    {
        if (cache.Keys.Exists(key))
        {
            return true;
        }

        cache.Strings.Set(key, new byte[300]);
        return false;
    }

    private static void Fill(EmbeddedCache cache, int keys, int bytes, string prefix = "key:", TimeSpan? expiry = null)
    {
        for (int i = 0; i < keys; i++)
        {
            cache.Strings.Set($"{prefix}{i}", new byte[bytes], new SetOptions { Expiry = expiry });
        }
    }

    private EmbeddedCache New(EvictionPolicy policy) =>
        new(new EmbeddedCacheOptions { MaxMemory = Budget, EvictionPolicy = policy, Shards = 2, TimeProvider = _time });
}
