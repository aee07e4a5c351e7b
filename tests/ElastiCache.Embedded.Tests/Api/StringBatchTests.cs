namespace ElastiCache.Embedded.Tests.Api;

public sealed class StringBatchTests : CacheFixture
{
    public sealed record Session(int User);

    [Fact]
    public void Values_come_in_the_order_of_their_keys_with_gaps_where_there_are_none()
    {
        Strings.SetMany(("a", 1), ("b", 2));

        Assert.Equal([2, null, 1, 2], Strings.GetMany<int?>("b", "absent", "a", "b"));
        Assert.Equal(new string?[] { "2", null }, Strings.GetMany<string>("b", "absent"));
        Assert.Empty(Strings.GetMany<int>());
    }

    [Fact]
    public void Objects_and_bytes_are_stored_and_read_together()
    {
        Strings.SetMany(new Dictionary<string, Session> { ["s1"] = new(1), ["s2"] = new(2) });
        Strings.SetMany(("empty", Array.Empty<byte>()), ("long", new byte[10_000]));

        Assert.Equal(new Session?[] { new(1), new(2) }, Strings.GetMany<Session>("s1", "s2"));
        Assert.Equal(new byte[]?[] { [], new byte[10_000] }, Strings.GetMany<byte[]>("empty", "long"));
    }

    [Theory]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(100)]
    public void More_keys_than_are_read_at_a_time_are_no_matter(int count)
    {
        string[] keys = [.. Enumerable.Range(0, count).Select(i => $"key:{i}")];
        Strings.SetMany(keys.Select((key, i) => KeyValuePair.Create(key, i)));

        Assert.Equal(Enumerable.Range(0, count), Strings.GetMany<int>(keys));
    }

    [Fact]
    public void Values_lie_end_to_end_in_the_callers_buffer()
    {
        Strings.SetMany(("a", "first"), ("empty", ""), ("b", "second"));
        byte[] buffer = new byte[20];
        int[] lengths = new int[5];

        int total = Strings.GetMany(["a", "absent", "empty", "b", "a"], buffer, lengths);

        Assert.Equal([5, -1, 0, 6, 5], lengths);
        Assert.Equal(16, total);
        Assert.Equal("firstsecondfirst"u8.ToArray(), buffer[..total]);
    }

    [Theory]
    [InlineData(16, "firstsecondlast!")]
    [InlineData(15, "firstsecond")]
    [InlineData(11, "firstsecond")]
    [InlineData(10, "first")]       // "last!" would fit where "second" did not, but is not written there
    [InlineData(4, "")]
    [InlineData(0, "")]
    public void A_buffer_that_is_too_small_holds_the_first_values_and_all_lengths_are_told(int bytes, string written)
    {
        Strings.SetMany(("a", "first"), ("b", "second"), ("c", "last!"));
        byte[] buffer = new byte[bytes];
        int[] lengths = new int[3];

        int total = Strings.GetMany(["a", "b", "c"], buffer, lengths);

        Assert.Equal(16, total);
        Assert.Equal([5, 6, 5], lengths);
        Assert.Equal(written, System.Text.Encoding.UTF8.GetString(buffer).TrimEnd('\0'));
    }

    [Fact]
    public void Room_for_too_few_lengths_is_refused() =>
        Assert.Throws<ArgumentException>("lengths", () => Strings.GetMany(["a", "b"], new byte[10], new int[1]));

    [Fact]
    public void Of_a_key_that_comes_twice_the_last_value_stays()
    {
        Strings.SetMany(("a", 1), ("a", 2));

        Assert.Equal(2, Strings.Get<int>("a"));
        Assert.Equal(1, Keys.Count);
    }

    [Fact]
    public void SetManyIfAbsent_stores_all_or_none()
    {
        Assert.True(Strings.SetManyIfAbsent(("a", 1), ("b", 2)));
        Assert.False(Strings.SetManyIfAbsent(("c", 3), ("a", 9)));
        Assert.False(Strings.SetManyIfAbsent(new Dictionary<string, int> { ["b"] = 9, ["d"] = 4 }));

        Assert.Equal([1, 2, null, null], Strings.GetMany<int?>("a", "b", "c", "d"));
    }

    [Fact]
    public void No_pairs_are_no_error()
    {
        Strings.SetMany<int>();
        Strings.SetMany(new Dictionary<string, int>());

        Assert.True(Strings.SetManyIfAbsent<int>());
        Assert.Equal(0, Keys.Count);
    }

    [Fact]
    public void A_value_that_is_refused_leaves_all_of_them_unstored()
    {
        Assert.Throws<ArgumentNullException>(() => Strings.SetMany(("a", "1"), ("b", null)));
        Assert.Throws<ArgumentNullException>(() => Strings.SetMany(("a", 1), (null!, 2)));
        Assert.Throws<ArgumentException>(() => Strings.SetMany(new Dictionary<string, string> { ["a"] = "1", ["b"] = "\ud800" }));
        Assert.Throws<ArgumentNullException>(() => Strings.SetMany((Dictionary<string, int>)null!));

        Assert.Equal(0, Keys.Count);
    }
}
