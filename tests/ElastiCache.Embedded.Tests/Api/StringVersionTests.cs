namespace ElastiCache.Embedded.Tests.Api;

public sealed class StringVersionTests : CacheFixture
{
    [Fact]
    public void A_value_is_replaced_only_by_who_has_read_it_last()
    {
        Strings.Set("k", "one");
        Assert.True(Strings.TryGetVersioned("k", out Versioned<string> mine));
        Assert.True(Strings.TryGetVersioned("k", out Versioned<string> others));

        Assert.True(Strings.CompareAndSet("k", "two", others.Version));
        Assert.False(Strings.CompareAndSet("k", "three", mine.Version));

        Assert.Equal("one", mine.Value);
        Assert.Equal("two", Strings.GetString("k"));
    }

    [Fact]
    public void Every_change_of_the_value_changes_the_version()
    {
        Strings.Set("k", 1);
        var versions = new List<ulong>();
        foreach (Action change in new Action[]
        {
            () => { },
            () => Strings.Set("k", 1),
            () => Strings.Increment("k"),
            () => Strings.Append("k", "0"),
            () => Strings.SetRange("k", 0, "3"u8),
            () => Strings.SetMany(("k", 5)),
            () => Strings.GetAndSet("k", 6),
            () => { Keys.Delete("k"); Strings.Set("k", 1); },
        })
        {
            change();
            Assert.True(Strings.TryGetVersioned("k", out Versioned<int> versioned));
            versions.Add(versioned.Version);
        }

        Assert.Equal(versions.Count, versions.Distinct().Count());
        Assert.DoesNotContain(0ul, versions);
    }

    [Fact]
    public void A_new_deadline_alone_leaves_the_version()
    {
        Strings.Set("k", 1);
        Strings.TryGetVersioned("k", out Versioned<int> versioned);

        Keys.Expire("k", TimeSpan.FromSeconds(5));

        Assert.True(Strings.CompareAndSet("k", 2, versioned.Version, new SetOptions { KeepExpiry = true }));
        Assert.Equal(TimeSpan.FromSeconds(5), Keys.TimeToLive("k"));
    }

    [Fact]
    public void Flags_come_back_as_they_were_stored()
    {
        Strings.Set("k", "v", new SetOptions { Flags = 0xDEADBEEF });

        Assert.True(Strings.TryGetVersioned("k", out Versioned<string> versioned));
        Assert.Equal(0xDEADBEEF, versioned.Flags);
        Assert.True(Strings.CompareAndSet("k", "w", versioned.Version, new SetOptions { Flags = 7 }));
        Strings.TryGetVersioned("k", out versioned);

        Assert.Equal(7u, versioned.Flags);
    }

    [Fact]
    public void An_absent_key_has_no_version_and_none_matches_it()
    {
        Assert.False(Strings.TryGetVersioned<int>("absent", out _));
        Assert.False(Strings.CompareAndSet("absent", 1, 0));
        Assert.False(Strings.CompareAndSet("absent", 1, 1));

        Assert.False(Keys.Exists("absent"));
    }

    [Fact]
    public void A_second_condition_is_refused() => Assert.Throws<ArgumentException>(
        () => Strings.CompareAndSet("k", 1, 1, new SetOptions { Condition = SetCondition.IfPresent }));
}
