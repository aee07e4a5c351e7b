namespace ElastiCache.Embedded.Tests.Api;

public sealed class CacheHashTests : CacheFixture
{
    [Fact]
    public void Fields_are_set_read_and_removed()
    {
        CacheHash<string, int> hash = Cache.Hash<string, int>("h");

        Assert.True(hash.Set("a", 1));
        Assert.False(hash.Set("a", 2));
        Assert.Equal(2, hash.SetMany(("b", 3), ("c", 4), ("a", 5)));
        Assert.True(hash.TryGet("a", out int a));
        Assert.Equal(5, a);
        Assert.False(hash.TryGet("x", out int x));
        Assert.Equal(0, x);
        Assert.Equal(4, hash.Get("c"));
        Assert.Equal([3, 0, 4], hash.GetMany("b", "x", "c"));
        Assert.False(hash.SetIfAbsent("a", 9));
        Assert.True(hash.SetIfAbsent("d", 9));
        Assert.True(hash.Contains("d"));
        Assert.Equal(4, hash.Count());
        Assert.Equal(1, hash.ValueLength("d"));
        Assert.True(hash.Remove("d"));
        Assert.False(hash.Remove("d"));
        Assert.Equal(2, hash.RemoveMany("a", "b", "x"));
        Assert.Equal([new("c", 4)], hash.ToDictionary());
        Assert.True(hash.Remove("c"));
        Assert.False(Keys.Exists("h"));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(2_000)]
    public void All_fields_come_out_whole_and_in_walks(int count)
    {
        CacheHash<int, string> hash = Cache.Hash<int, string>("h");
        var expected = Enumerable.Range(0, count).ToDictionary(i => i, i => $"value {i}");

        Assert.Equal(count, hash.SetMany(expected));

        Assert.Equal(expected, hash.ToDictionary().OrderBy(pair => pair.Key).ToDictionary());
        Assert.Equal(expected.Keys, hash.Fields().Order());
        Assert.Equal(expected.Values.Order(), hash.Values().Order());
        Assert.Equal(expected, hash.Enumerate().DistinctBy(pair => pair.Key).OrderBy(pair => pair.Key).ToDictionary());
        Assert.Equal(expected.Keys.Count(i => i % 10 == 3), hash.Enumerate("*3").Select(pair => pair.Key).Distinct().Count());
        Assert.Equal(count, hash.Draw(count + 1).Length);
        Assert.Equal(3, hash.Draw(3).Select(pair => pair.Key).Distinct().Count());
        Assert.Equal(50, hash.Draw(50, mayRepeat: true).Length);
        Assert.True(hash.TryDraw(out KeyValuePair<int, string> drawn));
        Assert.Equal(expected[drawn.Key], drawn.Value);
        Assert.False(Cache.Hash<int, string>("none").TryDraw(out _));
        Assert.Empty(Cache.Hash<int, string>("none").Draw(3));
    }

    [Fact]
    public void Objects_go_through_the_serializer()
    {
        CacheHash<Guid, Point> hash = Cache.Hash<Guid, Point>("h");
        Guid one = Guid.NewGuid();

        hash.Set(one, new Point(1, 2));
        hash.SetMany((Guid.NewGuid(), new Point(3, 4)));

        Assert.Equal(new Point(1, 2), hash.Get(one));
        Point?[] both = hash.GetMany(one, Guid.NewGuid());
        Assert.Equal(new Point(1, 2), both[0]);
        Assert.Null(both[1]);
        Assert.Equal(2, hash.Values().Length);
    }

    [Fact]
    public void Numbers_are_counted_in_fields()
    {
        CacheHash<string, long> hash = Cache.Hash<string, long>("h");

        Assert.Equal(1, hash.Increment("n"));
        Assert.Equal(-4, hash.Increment("n", -5));
        Assert.Equal(0.3, Cache.Hash<string, double>("h").Increment("d", 0.3));
        hash.Set("max", long.MaxValue);
        Assert.Throws<OverflowException>(() => hash.Increment("max"));
        Assert.Throws<OverflowException>(() => hash.Increment("d", double.PositiveInfinity));
        Cache.Hash<string, string>("h").Set("text", "x");
        Assert.Throws<FormatException>(() => hash.Increment("text"));
        Assert.Throws<FormatException>(() => hash.Increment("text", 0.5));
        Assert.Throws<FormatException>(() => hash.Get("text"));
    }

    [Fact]
    public void Fields_have_deadlines_of_their_own()
    {
        CacheHash<string, int> hash = Cache.Hash<string, int>("h");
        hash.SetMany(("a", 1), ("b", 2));

        Assert.True(hash.Expire("a", TimeSpan.FromSeconds(10)));
        Assert.False(hash.Expire("a", TimeSpan.FromSeconds(20), ExpireCondition.IfNone));
        Assert.False(hash.Expire("x", TimeSpan.FromSeconds(20)));
        Assert.Equal(TimeSpan.FromSeconds(10), hash.TimeToLive("a"));
        Assert.Equal(Time.GetUtcNow().AddSeconds(10), hash.ExpiresAt("a"));
        Assert.Null(hash.TimeToLive("b"));
        Assert.Null(hash.ExpiresAt("x"));
        Assert.True(hash.ExpireAt("b", Time.GetUtcNow().AddSeconds(5)));
        Assert.True(hash.Persist("b"));
        Assert.False(hash.Persist("b"));
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(["b"], hash.Fields());
        Assert.True(hash.Expire("b", TimeSpan.Zero));
        Assert.False(Keys.Exists("h"));
        Assert.Throws<ArgumentException>(() => hash.Expire("b", TimeSpan.Zero, ExpireCondition.IfNone | ExpireCondition.IfAny));
    }

    [Fact]
    public void Fields_are_taken_and_set_with_a_life_in_one_step()
    {
        CacheHash<string, int> hash = Cache.Hash<string, int>("h");

        hash.Set("a", 1, TimeSpan.FromSeconds(10));

        Assert.Equal(TimeSpan.FromSeconds(10), hash.TimeToLive("a"));
        Assert.True(hash.TryTake("a", out int taken));
        Assert.Equal(1, taken);
        Assert.False(hash.TryTake("a", out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => hash.Set("a", 1, TimeSpan.Zero));
    }

    [Fact]
    public void Refusals_change_nothing()
    {
        Strings.Set("text", "x");
        CacheHash<string, string> wrong = Cache.Hash<string, string>("text");
        CacheHash<string, string> hash = Cache.Hash<string, string>("h");

        Assert.Throws<WrongTypeException>(() => wrong.Set("a", "b"));
        Assert.Throws<WrongTypeException>(() => wrong.Get("a"));
        Assert.Throws<WrongTypeException>(() => wrong.Enumerate().Count());
        Assert.Throws<ArgumentNullException>(() => hash.Set("a", null!));
        Assert.Throws<ArgumentNullException>(() => hash.SetMany(("a", "b"), ("c", null!)));
        Assert.Equal(0, hash.SetMany());
        Assert.False(Keys.Exists("h"));
    }

    [Fact]
    public void A_durable_hash_is_there_again_after_opening()
    {
        var disk = new Persistence.SimulatedDisk();
        using (EmbeddedCache cache = OpenOn(disk, Time, DurabilityMode.Always))
        {
            CacheHash<string, int> hash = cache.Hash<string, int>("h");
            hash.SetMany(Enumerable.Range(0, 1_000).Select(i => KeyValuePair.Create($"f{i}", i)));
            hash.Increment("f1", 5);
            hash.Expire("f2", TimeSpan.FromSeconds(10));
            hash.Remove("f3");
            cache.Set<int>("s").AddMany(Enumerable.Range(0, 1_000));
        }

        using EmbeddedCache again = OpenOn(disk, Time, DurabilityMode.Always);
        CacheHash<string, int> reopened = again.Hash<string, int>("h");
        Assert.Equal(999, reopened.Count());
        Assert.Equal(6, reopened.Get("f1"));
        Assert.Equal(TimeSpan.FromSeconds(10), reopened.TimeToLive("f2"));
        Assert.Equal(1_000, again.Set<int>("s").Count());
        Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(998, reopened.Count());
    }
}

/// <summary>Something that only the serializer can write; it must be public for that.</summary>
public sealed record Point(int X, int Y);
