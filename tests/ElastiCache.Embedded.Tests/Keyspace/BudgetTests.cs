using System.Globalization;
using ElastiCache.Embedded.Tests.House;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>A byte budget is a budget, whatever sizes come and go.</summary>
[Collection(AloneCollection.Name)]
public sealed class BudgetTests
{
    private const long Budget = 64L << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void A_billion_bytes_of_drifting_sizes_through_64_MB_stay_within_64_MB(int shards)
    {
        using var fixture = new StoreFixture(shards, Budget);
        var random = new Random(shards);
        byte[] value = new byte[150_000];
        long written = 0;
        int key = 0;
        foreach (int size in (int[])[100, 1_000, 10_000, 100_000, 0, 100, 100_000, 100])
        {
            for (long inPhase = 0; inPhase < 125_000_000;)
            {
                int length = size != 0 ? random.Next(size / 2, size + (size / 2)) : random.Next(1 << random.Next(4, 18)) % value.Length;
                fixture.Set($"key:{key++ % 500_000}", value.AsSpan(0, length));
                inPhase += length;
                written += length;
                long used = fixture.Store.Arena.UsedBytes;
                Assert.True(used <= Budget, $"{used} bytes in use after {written}, size {size}");
            }

            fixture.VerifyAccounts($"size {size}");
            Assert.True(fixture.Store.Arena.UsedBytes > Budget * 9 / 10, $"only {fixture.Store.Arena.UsedBytes} of the budget are used at size {size}");
        }

        Assert.True(written >= 1_000_000_000);
    }

    [Fact]
    public void The_process_grows_by_the_budget_and_not_by_more_than_a_tenth_above_it()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Resident memory is read from /proc/self/status.");
        }

        var random = new Random(1);
        byte[] value = new byte[150_000];
        byte[][] names = [.. Enumerable.Range(0, 400_000).Select(i => System.Text.Encoding.ASCII.GetBytes($"key:{i}"))];
        using (var warm = new StoreFixture(8, Budget))
        {
            warm.Set(names[0], value.AsSpan(0, 1_000));
        }

        long before = ResidentBytes();
        using var fixture = new StoreFixture(8, Budget);
        foreach (int size in (int[])[100, 1_000, 10_000, 100_000, 100, 10_000])
        {
            for (long written = 0; written < 80_000_000;)
            {
                int length = random.Next(size / 2, size + (size / 2));
                fixture.Set(names[random.Next(names.Length)], value.AsSpan(0, length));
                written += length;
            }

            long grown = ResidentBytes() - before;
            Assert.True(grown < Budget * 11 / 10, $"the process has grown by {grown} bytes at size {size}");
        }

        for (int i = 0; i < names.Length; i++)
        {
            fixture.Delete(names[i]);
        }

        fixture.Store.Sweep();      // what the policy still keeps of them goes in slices
        Assert.Equal(fixture.FixedBytes, fixture.Store.Arena.UsedBytes);
        long left = ResidentBytes() - before;
        Assert.True(left < Budget / 8, $"{left} bytes are still resident after everything was deleted");
    }

    [Fact]
    public void Without_eviction_a_write_that_does_not_fit_is_refused_and_changes_nothing()
    {
        using var fixture = new StoreFixture(shards: 2, budget: 4 << 20, evicts: false);
        Fill(fixture);
        var refused = Assert.Throws<CacheFullException>(() => fixture.Set("the next", new byte[900]));
        Assert.Equal(("the next", 4L << 20), (refused.Key, refused.LimitBytes));
        long used = fixture.Store.Arena.UsedBytes;
        long count = fixture.Store.Count(0);

        Assert.Throws<CacheFullException>(() => fixture.Set("key:7", new byte[50_000]));
        Assert.Throws<CacheFullException>(() => fixture.Edit("key:7", 40_000, "x"u8));
        Assert.Throws<CacheFullException>(() => fixture.Set("large", new byte[5 << 20]));

        Assert.InRange(fixture.Store.Arena.UsedBytes, 0, used);
        Assert.Equal((count, 0L), (fixture.Store.Count(0), fixture.Evicted));
        Assert.Equal(new byte[900], fixture.Get("key:7"));
        fixture.VerifyAccounts();
        Assert.True(fixture.Delete("key:7"));
        fixture.Set("key:7", new byte[900]);
    }

    [Fact]
    public void Without_eviction_deleting_makes_room_for_values_of_another_size()
    {
        using var fixture = new StoreFixture(budget: 4 << 20, evicts: false);
        int count = Fill(fixture);
        for (int i = 0; i < count + 100; i++)
        {
            if (i % 8 != 0)
            {
                fixture.Delete($"key:{i}");
            }
        }

        // An eighth of the entries is left, spread over all slabs: they must be moved together.
        for (int i = 0; i < 20; i++)
        {
            fixture.Set($"large:{i}", new byte[100_000]);
        }

        fixture.VerifyAccounts();
    }

    [Fact]
    public void A_value_larger_than_the_budget_is_refused_whatever_the_policy_and_nothing_is_evicted()
    {
        using var fixture = new StoreFixture(shards: 4, budget: 8 << 20);
        for (int i = 0; i < 1_000; i++)
        {
            fixture.Set($"key:{i}", new byte[1_000]);
        }

        var refused = Assert.Throws<CacheFullException>(() => fixture.Set("too large", new byte[9 << 20]));

        Assert.Equal("too large", refused.Key);
        Assert.Equal(0, fixture.Evicted);
        Assert.Equal(1_000, fixture.Store.Count(0));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void A_value_of_more_than_half_of_the_budget_can_be_overwritten(int shards)
    {
        using var fixture = new StoreFixture(shards, budget: 8 << 20);
        for (int round = 0; round < 5; round++)
        {
            byte[] value = new byte[(5 << 20) + (round * 1_000)];
            value.AsSpan().Fill((byte)round);
            fixture.Set("large", value);
            Assert.Equal(value, fixture.Get("large"));
            Assert.InRange(fixture.Store.Arena.UsedBytes, 5 << 20, 8 << 20);
            for (int i = 0; i < 2_000; i++)
            {
                fixture.Set($"key:{i}", new byte[100]);
            }
        }

        fixture.VerifyAccounts();
    }

    [Fact]
    public void A_shard_without_entries_gets_room_from_the_one_shard_that_has_them_all()
    {
        // 64 shards; all memory is in one key of one of them. Drawing shards at random missed it every seventh time.
        using var fixture = new StoreFixture(shards: 64, budget: 8 << 20);
        for (int round = 0; round < 200; round++)
        {
            fixture.Set($"large:{round}", new byte[5 << 20]);
            Assert.NotNull(fixture.Get($"large:{round}"));
        }

        fixture.VerifyAccounts();
        Assert.True(fixture.Store.Arena.UsedBytes <= 8 << 20);
    }

    [Fact]
    public void Overwriting_the_only_entry_of_a_database_evicts_those_of_others()
    {
        for (int round = 0; round < 50; round++)
        {
            using var fixture = new StoreFixture(budget: 1 << 20);
            int others = 2 + (round % 12);
            for (int i = 0; i < others; i++)
            {
                fixture.Set($"{round}:{i}", new byte[800_000 / others], database: round % 15);
            }

            fixture.Set($"{round}", new byte[100], database: 15);
            fixture.Set($"{round}", new byte[700_000], database: 15);

            Assert.NotNull(fixture.Get($"{round}", database: 15));
            Assert.True(fixture.Store.Arena.UsedBytes <= 1 << 20);
        }
    }

    // Entries of 900 bytes until none fits.
    private static int Fill(StoreFixture fixture)
    {
        for (int i = 0, refused = 0; ; i++)
        {
            try
            {
                fixture.Set($"key:{i}", new byte[900]);
            }
            catch (CacheFullException)
            {
                if (++refused == 100)
                {
                    return i - refused;
                }
            }
        }
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(6, line.Length - 6 - 3), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) * 1024;
    }
}
