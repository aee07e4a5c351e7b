using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Tests.Values;

public sealed class SortedSetBodyTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, 3_000, 30_000, 50)]
    [InlineData(2, 40_000, 200_000, 1_000_000)]
    [InlineData(3, 300, 60_000, 3)]
    public void Random_changes_keep_order_ranks_and_counts(int seed, int names, int steps, int scores)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var cache = new EmbeddedCache();
        Shard shard = cache.Store.ShardAt(0);
        shard.Enter();
        var body = new SortedSetBody(shard);
        var model = new SortedSet<(double Score, string Name)>(Comparer<(double Score, string Name)>.Create((a, b) =>
            a.Score != b.Score ? a.Score.CompareTo(b.Score) : string.CompareOrdinal(a.Name, b.Name)));
        var byName = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int step = 0; step < steps; step++)
        {
            string name = "m" + random.Next(names).ToString(CultureInfo.InvariantCulture);
            KeyProbe.Create(Encoding.ASCII.GetBytes(name), out KeyProbe probe);
            bool shrinks = step > steps / 2;
            if (random.Next(shrinks ? 3 : 5) == 0 || (shrinks && random.Next(2) == 0))
            {
                Assert.Equal(byName.Remove(name, out double old), body.Remove(probe));
                model.Remove((old, name));
            }
            else
            {
                double score = random.Next(10) == 0 ? step : random.Next(scores);
                if (byName.TryGetValue(name, out double old))
                {
                    model.Remove((old, name));
                }

                byName[name] = score;
                model.Add((score, name));
                body.Set(probe, score);
            }

            if (step % (steps / 20) == 0)
            {
                Check(body, [.. model]);
            }
        }

        Check(body, [.. model]);
        while (body.FreeSlice(1000))
        {
        }

        shard.Exit();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Members_that_come_in_order_and_go_in_order_leave_nothing_behind(bool ascending)
    {
        using var cache = new EmbeddedCache();
        Shard shard = cache.Store.ShardAt(0);
        shard.Enter();
        long before = shard.Allocator.AllocatedBytes;
        var body = new SortedSetBody(shard);
        for (int i = 0; i < 20_000; i++)
        {
            KeyProbe.Create(Encoding.ASCII.GetBytes($"m{i:D6}"), out KeyProbe probe);
            body.Set(probe, ascending ? i : -i);
        }

        Assert.Equal(20_000, body.Order.Count);
        for (int i = 0; i < 20_000; i++)
        {
            KeyProbe.Create(Encoding.ASCII.GetBytes($"m{i:D6}"), out KeyProbe probe);
            Assert.Equal(ascending ? 0 : body.Order.Count - 1, body.Order.RankOf(ascending ? i : -i, Encoding.ASCII.GetBytes($"m{i:D6}")));
            body.Remove(probe);
        }

        Assert.Equal(0, body.Order.NativeBytes);
        while (body.FreeSlice(1000))
        {
        }

        Assert.Equal(before, shard.Allocator.AllocatedBytes);
        shard.Exit();
    }

    private static void Check(SortedSetBody body, (double Score, string Name)[] expected)
    {
        Assert.Equal(expected.Length, body.Order.Count);
        if (expected.Length == 0)
        {
            return;
        }

        RankPlace place = body.Order.At(0);
        for (int i = 0; i < expected.Length; i++)
        {
            body.Order.Get(place, out double score, out uint record);
            string name = Encoding.ASCII.GetString(body.Members.At(record).Name);
            if (expected[i] != (score, name) || (i % 7 == 0 && body.Order.RankOf(score, body.Members.At(record).Name) != i) || (i % 11 == 0 && body.Order.At(i) != place))
            {
                Assert.Fail($"at rank {i}: expected {expected[i]}, found {(score, name)} with rank {body.Order.RankOf(score, body.Members.At(record).Name)}");
            }

            Assert.Equal(i + 1 < expected.Length, body.Order.Next(ref place));
        }

        foreach (int sample in new[] { 0, expected.Length / 3, expected.Length - 1 })
        {
            double score = expected[sample].Score;
            Assert.Equal(expected.Count(element => element.Score < score), body.Order.CountBelow(score, orEqual: false));
            Assert.Equal(expected.Count(element => element.Score <= score), body.Order.CountBelow(score, orEqual: true));
        }
    }
}
