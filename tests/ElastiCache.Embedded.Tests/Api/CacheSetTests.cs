namespace ElastiCache.Embedded.Tests.Api;

public sealed class CacheSetTests : CacheFixture
{
    [Fact]
    public void Members_are_added_found_and_removed()
    {
        CacheSet<string> set = Cache.Set<string>("s");

        Assert.True(set.Add("a"));
        Assert.False(set.Add("a"));
        Assert.Equal(2, set.AddMany("a", "b", "c"));
        Assert.Equal(0, set.AddMany());
        Assert.True(set.Contains("b"));
        Assert.False(set.Contains("x"));
        Assert.Equal([true, false, true], set.ContainsMany("a", "x", "c"));
        Assert.Equal(3, set.Count());
        Assert.Equal(["a", "b", "c"], set.ToArray().Order());
        Assert.True(set.Remove("a"));
        Assert.False(set.Remove("a"));
        Assert.Equal(2, set.RemoveMany("b", "c", "x"));
        Assert.False(Keys.Exists("s"));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(300)]
    [InlineData(3_000)]
    public void All_members_come_out_whole_in_walks_and_by_lot(int count)
    {
        CacheSet<int> set = Cache.Set<int>("s");
        int[] expected = [.. Enumerable.Range(0, count)];

        set.AddMany(expected);

        Assert.Equal(expected, set.ToArray().Order());
        Assert.Equal(expected, set.Enumerate().Distinct().Order());
        Assert.Equal(count / 10, set.Enumerate("*7").Distinct().Count());
        Assert.Equal(count, set.Draw(count * 2).Length);
        Assert.Equal(3, set.Draw(3).Distinct().Count());
        Assert.Equal(70, set.Draw(70, mayRepeat: true).Length);
        Assert.True(set.TryDraw(out int drawn));
        Assert.Contains(drawn, expected);
        Assert.True(set.TryPop(out int popped));
        Assert.False(set.Contains(popped));
        int[] rest = set.Pop(count);
        Assert.Equal(count - 1, rest.Distinct().Count());
        Assert.False(set.TryPop(out _));
        Assert.False(set.TryDraw(out _));
        Assert.False(Keys.Exists("s"));
    }

    [Fact]
    public void Sets_are_combined()
    {
        CacheSet<int> a = Cache.Set<int>("a");
        CacheSet<int> b = Cache.Set<int>("b");
        CacheSet<int> c = Cache.Set<int>("c");
        CacheSet<int> none = Cache.Set<int>("none");
        a.AddMany(Enumerable.Range(0, 100));
        b.AddMany(Enumerable.Range(50, 1_000));
        c.AddMany(60, 70, 5_000);

        Assert.Equal([60, 70], a.Intersect(b, c).Order());
        Assert.Equal(Enumerable.Range(0, 1_050).Append(5_000), a.Union(b, c, none).Order());
        Assert.Equal(Enumerable.Range(0, 50), a.Except(b, c, none).Order());
        Assert.Empty(a.Intersect(none));
        Assert.Equal(50, a.CountCommon(b));
        Assert.Equal(7, a.CountCommon(b, most: 7));
        Assert.Equal(2, none.StoreIntersection(a, c));
        Assert.Equal(1_051, c.StoreUnion(a, b, c));
        Assert.Equal(950, b.StoreDifference(b, a));
        Assert.Equal(0, a.StoreIntersection(a, b));
        Assert.False(Keys.Exists("a"));
        Assert.True(none.MoveTo(a, 60));
        Assert.False(none.MoveTo(a, 60));
        Assert.Equal([60], a.ToArray());
        Assert.Throws<ArgumentException>(() => a.StoreUnion());
        Assert.Throws<ArgumentException>(() => a.Union(Cache.Database(1).Set<int>("b")));
    }

    [Fact]
    public void A_member_that_can_not_be_read_is_not_popped()
    {
        Cache.Set<string>("s").AddMany("x", "y", "z");
        CacheSet<int> wrong = Cache.Set<int>("s");

        Assert.Throws<FormatException>(() => wrong.TryPop(out _));

        Assert.Equal(3, wrong.Count());
    }
}
