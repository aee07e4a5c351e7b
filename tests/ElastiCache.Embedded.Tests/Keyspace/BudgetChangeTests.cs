using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>The budget may change while the store is in use, and nobody waits long for it.</summary>
public sealed class BudgetChangeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task A_lowered_budget_is_worked_off_and_then_kept(int shards)
    {
        using var fixture = new StoreFixture(shards, budget: 64 << 20);
        Fill(fixture, 60 << 20);
        long before = fixture.Store.Count(0) + fixture.Evicted;

        Assert.True(fixture.Store.BudgetChange.TryBegin(16 << 20, evicts: true, out Task done));
        await done.WaitAsync(Token);

        Assert.InRange(fixture.Store.Arena.UsedBytes, 14 << 20, 16 << 20);
        Assert.Equal(before - fixture.Evicted, fixture.Store.Count(0));
        Assert.Equal((16 << 20) - fixture.Store.Budget.OutsideBytes, fixture.Store.Budget.LimitBytes);
        fixture.VerifyAccounts("lowered");

        Fill(fixture, 30 << 20);
        Assert.True(fixture.Store.Arena.UsedBytes <= 16 << 20);
    }

    [Fact]
    public void While_it_is_worked_off_a_write_evicts_about_as_much_as_it_adds_and_not_all_that_is_too_much()
    {
        using var fixture = new StoreFixture(shards: 2, budget: 64 << 20);
        Fill(fixture, 60 << 20);
        fixture.Store.ShardAt(0).Enter();       // the work gets no further than this
        try
        {
            Assert.True(fixture.Store.BudgetChange.TryBegin(8 << 20, evicts: true, out _));
            long before = fixture.Evicted;

            for (int i = 0, written = 0; written < 1_000; i++)
            {
                if (fixture.ShardIndexOf($"late:{i}") == 0)
                {
                    continue;       // its lock is taken
                }

                // Of a size that has no free blocks: each slab of them is a span from below the limit.
                fixture.Set($"late:{i}", new byte[3_000]);
                written++;
            }

            Assert.InRange(fixture.Evicted - before, 0, 30_000);
            Assert.True(fixture.Store.Arena.UsedBytes > 32 << 20, "all that was too much was evicted by the writes");
        }
        finally
        {
            fixture.Store.ShardAt(0).Exit();
        }
    }

    [Fact]
    public async Task A_raised_budget_counts_at_once_and_one_raised_again_ends_the_work()
    {
        using var fixture = new StoreFixture(shards: 2, budget: 16 << 20);
        Fill(fixture, 15 << 20);

        Assert.True(fixture.Store.BudgetChange.TryBegin(48 << 20, evicts: true, out Task raised));
        Assert.True(raised.IsCompleted);
        Fill(fixture, 40 << 20);
        Assert.True(fixture.Store.Arena.UsedBytes > 32 << 20);

        Assert.True(fixture.Store.BudgetChange.TryBegin(8 << 20, evicts: true, out Task lowering));
        Assert.True(fixture.Store.BudgetChange.TryBegin(0, evicts: true, out _));
        await lowering.WaitAsync(Token);

        Assert.Equal(long.MaxValue, fixture.Store.Budget.LimitBytes);
        Assert.False(fixture.Store.Budget.Evicts);
    }

    [Fact]
    public async Task What_counts_and_is_not_the_arenas_is_left_to_entries_no_longer_until_it_is_gone()
    {
        using var fixture = new StoreFixture(shards: 2, budget: 32 << 20);
        BudgetChange change = fixture.Store.BudgetChange;
        Fill(fixture, 40 << 20);
        Assert.True(fixture.Store.Arena.UsedBytes > 30 << 20);

        change.CountOutside(20 << 20);
        Assert.True(change.TryBegin(32 << 20, evicts: true, out Task done));
        await done.WaitAsync(Token);

        Assert.InRange(fixture.Store.Arena.UsedBytes + fixture.Store.Budget.OutsideBytes, 30 << 20, 32 << 20);
        Fill(fixture, 40 << 20);
        Assert.InRange(fixture.Store.Arena.UsedBytes + fixture.Store.Budget.OutsideBytes, 30 << 20, 32 << 20);

        change.CountOutside(-20 << 20);
        Fill(fixture, 40 << 20);
        Assert.InRange(fixture.Store.Arena.UsedBytes, 30 << 20, 32 << 20);
        fixture.VerifyAccounts("given back");
    }

    [Fact]
    public async Task Where_it_leaves_nothing_all_is_evicted_and_writes_are_refused()
    {
        using var fixture = new StoreFixture(shards: 2, budget: 16 << 20);
        Fill(fixture, 4 << 20);

        fixture.Store.BudgetChange.CountOutside(17 << 20);
        Assert.True(fixture.Store.BudgetChange.TryBegin(16 << 20, evicts: true, out Task done));
        await done.WaitAsync(Token);

        Assert.Equal(0, fixture.Store.Count(0));
        Assert.Throws<CacheFullException>(() => fixture.Set("k", "value"u8));
        fixture.Store.BudgetChange.CountOutside(-17 << 20);
        fixture.Set("k", "value"u8);
    }

    [Fact]
    public void It_is_known_before_there_is_a_budget_and_counts_against_one_that_comes()
    {
        using var fixture = new StoreFixture(shards: 2);
        fixture.Store.BudgetChange.CountOutside(10 << 20);
        Assert.Equal(long.MaxValue, fixture.Store.Budget.LimitBytes);

        Assert.True(fixture.Store.BudgetChange.TryBegin(16 << 20, evicts: true, out _));

        Assert.Equal(16 << 20, fixture.Store.Budget.TotalBytes);
        Assert.Equal(6 << 20, fixture.Store.Budget.LimitBytes);
    }

    [Fact]
    public void What_the_policy_has_learnt_counts_as_long_as_it_is_kept()
    {
        using var fixture = new StoreFixture(shards: 4, budget: 16 << 20);
        Assert.Equal(0, fixture.Store.Budget.OutsideBytes);

        Fill(fixture, 20 << 20);

        Assert.InRange(fixture.Store.Budget.OutsideBytes, 4 * 4096, 4 * 5000);
        fixture.Store.ChangeEvictors(EvictionPolicies.EvictorOf(EvictionPolicy.AllKeysLru));
        Assert.Equal(0, fixture.Store.Budget.OutsideBytes);
    }

    [Fact]
    public void Beyond_what_was_reserved_it_is_refused_and_stays_as_it_was()
    {
        using var fixture = new StoreFixture(shards: 2, budget: 16 << 20);

        Assert.False(fixture.Store.BudgetChange.TryBegin(1L << 40, evicts: true, out _));

        Assert.Equal(16 << 20, fixture.Store.Budget.TotalBytes);
    }

    [Fact]
    public async Task Without_eviction_nothing_gives_way_and_writes_are_refused_until_enough_is_deleted()
    {
        using var fixture = new StoreFixture(shards: 2, budget: 16 << 20, evicts: false);
        Fill(fixture, 8 << 20);
        long before = fixture.Store.Count(0);

        Assert.True(fixture.Store.BudgetChange.TryBegin(4 << 20, evicts: false, out Task done));
        await done.WaitAsync(Token);

        Assert.Equal(before, fixture.Store.Count(0));
        Assert.Throws<CacheFullException>(() => fixture.Set("one more", new byte[100_000]));
        foreach (byte[] key in fixture.Keys())
        {
            fixture.Delete((CacheKey)key);
        }

        fixture.Set("one more", new byte[100_000]);
    }

    [Fact]
    public async Task A_large_collection_that_gives_way_takes_no_others_with_it_while_it_is_being_freed()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1, MaxMemory = 64 << 20 });
        for (int i = 0; i < 20; i++)
        {
            CacheSet<string> set = cache.Set<string>($"set:{i}");
            for (int member = 0; member < 15_000; member++)
            {
                set.Add($"member:{member:D20}");
            }
        }

        long used = cache.GetStatistics().UsedBytes;
        long each = used / 20;
        await cache.SetMaxMemoryAsync(used - (3 * each), Token);

        // Three or four must go; without patience all would, because a large collection's memory comes back only slice by slice.
        Assert.InRange(cache.GetStatistics().Evicted, 3, 5);
    }

    [Fact]
    public async Task Reads_and_writes_go_on_while_it_is_worked_off_and_every_account_agrees_afterwards()
    {
        using var fixture = new StoreFixture(shards: 4, budget: 64 << 20);
        Fill(fixture, 60 << 20);
        bool stop = false;
        using (var writer = new Background(() =>
        {
            for (int i = 0; !Volatile.Read(ref stop); i++)
            {
                fixture.Set($"written:{i % 5_000}", new byte[i % 3_000]);
                fixture.Get($"written:{(i * 7) % 5_000}");
            }
        }))
        {
            for (int round = 0; round < 6; round++)
            {
                Assert.True(fixture.Store.BudgetChange.TryBegin((round % 2 == 0 ? 8 : 24) << 20, evicts: true, out Task done));
                await done.WaitAsync(Token);
            }

            Volatile.Write(ref stop, true);
        }

        fixture.VerifyAccounts("changed under load");
        Assert.True(fixture.Store.Arena.UsedBytes <= 24 << 20);
    }

    [Fact]
    public async Task Closing_the_store_ends_the_work()
    {
        var fixture = new StoreFixture(shards: 2, budget: 64 << 20);
        Fill(fixture, 60 << 20);
        Assert.True(fixture.Store.BudgetChange.TryBegin(4 << 20, evicts: true, out Task done));

        fixture.Dispose();

        await done.WaitAsync(Token);
    }

    [Fact]
    public void What_is_larger_than_the_budget_is_refused_and_evicts_nothing()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1, MaxMemory = 4 << 20 });
        for (int i = 0; i < 3_000; i++)
        {
            cache.Strings.Set($"key:{i}", new byte[1_000]);
        }

        CacheStatistics before = cache.GetStatistics();

        var refused = Assert.Throws<CacheFullException>(() => cache.Strings.Set("large", new byte[5 << 20]));
        Assert.Throws<CacheFullException>(() => cache.List<byte[]>("list").PushRight(new byte[5 << 20]));

        Assert.Contains("larger than the budget", refused.Message, StringComparison.Ordinal);
        Assert.Equal((before.Evicted, before.Entries), (cache.GetStatistics().Evicted, cache.GetStatistics().Entries));
    }

    [Fact]
    public async Task The_least_and_the_most_are_named_with_their_reasons()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 64, MaxMemory = 8 << 20 });

        var low = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => cache.SetMaxMemoryAsync(2_097_151, Token));
        var high = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => cache.SetMaxMemoryAsync(1L << 40, Token));

        Assert.Contains("at least 2097152 bytes (1 MiB, and 32 KiB for each shard, of which there are 64", low.Message, StringComparison.Ordinal);
        Assert.Contains("reserved when the cache was opened", high.Message, StringComparison.Ordinal);
        Assert.Equal(8 << 20, cache.GetStatistics().MaxBytes);
        await cache.SetMaxMemoryAsync(2_097_152, Token);
        await cache.SetMaxMemoryAsync(0, Token);
        Assert.Equal(0, cache.GetStatistics().MaxBytes);
    }

    private static void Fill(StoreFixture fixture, long bytes)
    {
        byte[] value = new byte[600];
        for (long i = 0, written = 0; written < bytes; i++)
        {
            int length = (int)(100 + (i * 37 % 500));
            fixture.Set($"key:{i}", value.AsSpan(0, length));
            written += length + 20;
        }
    }
}
