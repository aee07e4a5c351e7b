using ElastiCache.Embedded.Tests.House;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class CacheSortedSetTests : IDisposable
{
    private readonly EmbeddedCache _cache = new();

    public void Dispose() => _cache.Dispose();

    [Fact]
    public void A_leaderboard_knows_ranks_and_ranges()
    {
        CacheSortedSet<string> board = _cache.SortedSet<string>("board");
        board.Add("ada", 4200);
        board.Add("bob", 3100);
        board.Add("cyd", 5300);
        board.Increment("bob", 2000);

        Assert.Equal([("cyd", 5300d), ("bob", 5100d)], board.RangeByRank(0, 1, descending: true));
        Assert.Equal(1, board.Rank("bob", descending: true));
        Assert.Equal(5100, board.Score("bob"));
        Assert.Null(board.Rank("nobody"));
        Assert.Equal(2, board.CountByScore(5000, 6000));
        Assert.Equal([("ada", 4200d)], board.PopLowest());
        Assert.False(board.AddOrRaise("cyd", 1));
        Assert.True(board.AddOrRaise("cyd", 9000));
    }

    [Fact]
    public void A_large_set_keeps_its_order_through_changes()
    {
        const int Seed = 12;
        var random = new Random(Seed);
        var model = new Dictionary<int, double>();
        CacheSortedSet<int> set = _cache.SortedSet<int>("z");
        for (int i = 0; i < 30_000; i++)
        {
            int member = random.Next(5000);
            if (random.Next(4) == 0)
            {
                Assert.True(model.Remove(member) == set.Remove(member), $"seed {Seed}");
            }
            else
            {
                double score = random.Next(1000);
                Assert.Equal(model.TryAdd(member, score), set.Add(member, score));
                model[member] = score;
            }
        }

        var expected = model.OrderBy(pair => pair.Value).ThenBy(pair => pair.Key.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparer.Ordinal)
            .Select(pair => (pair.Key, pair.Value)).ToArray();
        Assert.Equal(expected, set.Enumerate());
        Assert.Equal(expected.Reverse(), set.Enumerate(descending: true));
        Assert.Equal(expected.Where(pair => pair.Value is >= 100 and <= 200), set.RangeByScore(100, 200));
        Assert.Equal(expected.Count(pair => pair.Value < 500), set.RemoveByScore(double.NegativeInfinity, 499.5));
    }

    [Fact]
    public void A_score_that_is_no_number_is_refused()
    {
        CacheSortedSet<string> set = _cache.SortedSet<string>("z");

        Assert.Throws<ArgumentException>(() => set.Add("a", double.NaN));
        set.Add("a", double.PositiveInfinity);
        Assert.Throws<OverflowException>(() => set.Increment("a", double.NegativeInfinity));

        Assert.Equal(double.PositiveInfinity, set.Score("a"));
    }

    [Fact]
    public void Operations_on_single_members_of_a_large_set_allocate_nothing()
    {
        CacheSortedSet<long> set = _cache.SortedSet<long>("z");
        for (long i = 0; i < 2000; i++)
        {
            set.Add(i, i);
        }

        long next = 0;
        Assert.Equal(0, Allocations.Least(() =>
        {
            long member = next++ % 2000;
            set.Add(member, -next);
            set.Rank(member);
            set.Score(member);
        }));
    }

    [Fact]
    public void Places_are_found_around_a_point()
    {
        CacheGeo<string> places = _cache.Geo<string>("sicily");
        places.Add("Palermo", new GeoPosition(13.361389, 38.115556));
        places.Add("Catania", new GeoPosition(15.087269, 37.502669));

        Assert.Equal(166274.1516, places.Distance("Palermo", "Catania")!.Value, 4);
        Assert.Equal(["Catania", "Palermo"], places.Search(new GeoPosition(15, 37), 200, GeoUnit.Kilometers).Select(found => found.Member));
        Assert.Equal(["Catania"], places.SearchBox(new GeoPosition(15, 37), 200, 200, GeoUnit.Kilometers).Select(found => found.Member));
        Assert.Null(places.Position("Rome"));
    }
}
