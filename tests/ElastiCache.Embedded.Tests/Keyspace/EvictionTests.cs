namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>What the first eviction policy promises: unread entries go first, and one write evicts a bounded number.</summary>
public sealed class EvictionTests
{
    [Fact]
    public void Entries_that_are_read_stay_and_those_that_are_not_go()
    {
        using var fixture = new StoreFixture(shards: 2, budget: 4 << 20);
        for (int i = 0; i < 2_000; i++)
        {
            fixture.Set($"read:{i}", new byte[200]);
        }

        for (int i = 0; i < 100_000; i++)
        {
            fixture.Set($"once:{i}", new byte[200]);
            fixture.Get($"read:{i % 2_000}");
        }

        int left = Enumerable.Range(0, 2_000).Count(i => fixture.Get($"read:{i}") != null);
        Assert.True(fixture.Evicted > 80_000);
        Assert.True(left > 1_900, $"{left} of 2,000 entries that are read all the time are left");
    }

    [Theory]
    [InlineData(0.8, 1.06)]
    [InlineData(1.1, 1.02)]
    public void A_skewed_workload_hits_more_often_than_under_random_eviction(double skew, double better)
    {
        const int keys = 40_000;
        const int capacity = 4_000;
        const int reads = 300_000;
        double[] sums = new double[keys];
        for (int i = 0; i < keys; i++)
        {
            sums[i] = (i == 0 ? 0 : sums[i - 1]) + Math.Pow(i + 1, -skew);
        }

        var random = new Random(11);
        int[] trace = [.. Enumerable.Range(0, reads).Select(_ => Math.Min(keys - 1, ~Array.BinarySearch(sums, random.NextDouble() * sums[^1])))];

        using var fixture = new StoreFixture(budget: 2 << 20);
        long capacityUsed = 0;
        int hits = 0;
        foreach (int key in trace)
        {
            if (fixture.Get($"key:{key}") != null)
            {
                hits++;
            }
            else
            {
                fixture.Set($"key:{key}", new byte[400]);
            }

            capacityUsed = Math.Max(capacityUsed, fixture.Store.Count(0));
        }

        Assert.InRange(capacityUsed, capacity, capacity * 2);
        int hitsOfRandom = HitsOfRandomEviction(trace, (int)capacityUsed);
        Assert.True(hits > hitsOfRandom * better, $"{hits} hits of {reads}; random eviction has {hitsOfRandom}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void One_write_evicts_a_bounded_number_of_entries_even_when_sizes_change(int shards)
    {
        using var fixture = new StoreFixture(shards, budget: 64 << 20);
        for (int i = 0; i < 600_000; i++)
        {
            fixture.Set($"key:{i}", new byte[50]);
        }

        long most = 0;
        foreach (int size in (int[])[60, 200, 1_000, 4_000, 15_000])
        {
            for (int i = 0; i < 3_000; i++)
            {
                long before = fixture.Evicted;
                fixture.Set($"other:{size}:{i}", new byte[size]);
                most = Math.Max(most, fixture.Evicted - before);
            }
        }

        Assert.True(most <= 2_000, $"one write evicted {most} entries");
    }

    [Fact]
    public void A_write_of_the_usual_size_evicts_about_one_entry()
    {
        using var fixture = new StoreFixture(shards: 4, budget: 8 << 20);
        for (int i = 0; i < 100_000; i++)
        {
            fixture.Set($"key:{i}", new byte[200]);
        }

        long before = fixture.Evicted;
        long most = 0;
        for (int i = 0; i < 20_000; i++)
        {
            long sofar = fixture.Evicted;
            fixture.Set($"more:{i}", new byte[200]);
            most = Math.Max(most, fixture.Evicted - sofar);
        }

        Assert.InRange(fixture.Evicted - before, 18_000, 22_000);
        Assert.InRange(most, 1, 16);
    }

    private static int HitsOfRandomEviction(int[] trace, int capacity)
    {
        var random = new Random(12);
        var places = new Dictionary<int, int>();
        var cached = new List<int>();
        int hits = 0;
        foreach (int key in trace)
        {
            if (places.ContainsKey(key))
            {
                hits++;
            }
            else if (cached.Count < capacity)
            {
                places[key] = cached.Count;
                cached.Add(key);
            }
            else
            {
                int victim = random.Next(capacity);
                places.Remove(cached[victim]);
                cached[victim] = key;
                places[key] = victim;
            }
        }

        return hits;
    }
}
