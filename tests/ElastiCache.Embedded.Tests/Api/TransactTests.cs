using ElastiCache.Embedded.Tests.Persistence;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class TransactTests
{
    [Fact]
    public void Work_reads_and_writes_its_keys_as_one_step()
    {
        using var cache = new EmbeddedCache();
        cache.Strings.Set("ada", 150L);
        cache.Strings.Set("bob", 0L);

        bool first = cache.Transact(["ada", "bob"], Pay);
        bool second = cache.Transact(["ada", "bob"], Pay);

        Assert.True(first);
        Assert.False(second);
        Assert.Equal((50L, 100L), (cache.Strings.Get<long>("ada"), cache.Strings.Get<long>("bob")));

        static bool Pay(CacheDatabase accounts)
        {
            if (accounts.Strings.Get<long>("ada") < 100)
            {
                return false;
            }

            accounts.Strings.Increment("ada", -100);
            accounts.Strings.Increment("bob", 100);
            return true;
        }
    }

    [Fact]
    public async Task Money_is_neither_made_nor_lost_between_concurrent_transactions()
    {
        const int Accounts = 4;
        const int Transfers = 20_000;
        using var cache = new EmbeddedCache();
        string[] names = [.. Enumerable.Range(0, Accounts).Select(i => $"account:{i}")];
        foreach (string name in names)
        {
            cache.Strings.Set(name, 1000L);
        }

        await Task.WhenAll(Enumerable.Range(1, 4).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            for (int i = 0; i < Transfers; i++)
            {
                string from = names[random.Next(Accounts)], to = names[random.Next(Accounts)];
                cache.Transact([from, to], accounts =>
                {
                    accounts.Strings.Set(from, accounts.Strings.Get<long>(from) - 1);
                    accounts.Strings.Set(to, accounts.Strings.Get<long>(to) + 1);
                });
            }
        })));

        Assert.Equal(1000L * Accounts, names.Sum(name => cache.Strings.Get<long>(name)));
    }

    [Fact]
    public void A_key_that_was_not_named_can_not_be_written()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 64 });
        string other = Enumerable.Range(0, 1000).Select(i => $"other:{i}").First(key => !SameShard(cache, "named", key));

        Assert.Throws<InvalidOperationException>(() => cache.Transact(["named"], database => database.Strings.Set(other, "x")));

        Assert.False(cache.Keys.Exists(other));
        cache.Strings.Set(other, "y");
        Assert.Equal("y", cache.Strings.GetString(other));
    }

    [Fact]
    public void A_transaction_inside_another_is_refused()
    {
        using var cache = new EmbeddedCache();

        Assert.Throws<InvalidOperationException>(() => cache.Transact(["a"], _ => cache.Transact(["b"], _ => { })));

        Assert.Equal(1, cache.Transact(["a"], _ => 1));
    }

    [Fact]
    public void A_power_cut_at_any_call_keeps_a_transaction_whole_or_not_at_all()
    {
        for (int calls = 0; calls < 60; calls++)
        {
            var disk = new SimulatedDisk();
            long acknowledged = RunUntilPowerCut(disk, calls);
            disk.Crash(new Random(calls));

            using EmbeddedCache again = EmbeddedCache.Open(new EmbeddedCacheOptions(), disk);

            (long a, long b) = (again.Strings.Get<long>("a"), again.Strings.Get<long>("b"));
            Assert.True(a == b && a >= acknowledged, $"power cut after {calls} calls: a = {a}, b = {b}, acknowledged {acknowledged}");
        }
    }

    private static long RunUntilPowerCut(SimulatedDisk disk, int calls)
    {
        long acknowledged = 0;
        disk.FailAfter(calls, DiskFault.PowerCut);
        try
        {
            using EmbeddedCache cache = EmbeddedCache.Open(new EmbeddedCacheOptions { Durability = DurabilityMode.Always }, disk);
            for (int i = 0; i < 20; i++)
            {
                cache.Transact(["a", "b"], database =>
                {
                    database.Strings.Increment("a");
                    database.Strings.Increment("b");
                });
                acknowledged++;
            }
        }
        catch (IOException)
        {
            // The cut.
        }

        return acknowledged;
    }

    private static bool SameShard(EmbeddedCache cache, string a, string b) => ShardOf(cache, a) == ShardOf(cache, b);

    private static int ShardOf(EmbeddedCache cache, string key)
    {
        ElastiCache.Embedded.Keyspace.KeyProbe.Create(System.Text.Encoding.ASCII.GetBytes(key), out var probe);
        return cache.Store.ShardIndexOf(probe.Hash);
    }
}
