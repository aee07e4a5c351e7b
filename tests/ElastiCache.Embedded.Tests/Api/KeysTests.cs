namespace ElastiCache.Embedded.Tests.Api;

public sealed class KeysTests : CacheFixture
{
    [Fact]
    public void Deleted_keys_are_gone_and_counted_once()
    {
        Strings.SetMany(("a", 1), ("b", 2), ("c", 3));

        Assert.True(Keys.Delete("a"));
        Assert.False(Keys.Delete("a"));
        Assert.Equal(1, Keys.Delete(["a", "b", "b"]));
        Assert.Equal(0, Keys.Delete([]));

        Assert.Equal(1, Keys.Count);
        Assert.Equal(2, Keys.Exists(["a", "c", "c"]));
        Assert.Equal(0, Keys.Exists([]));
    }

    [Fact]
    public async Task The_asynchronous_forms_do_the_same()
    {
        Strings.SetMany(("a", 1), ("b", 2), ("c", 3));
        var cancelled = new CancellationToken(canceled: true);

        Assert.True(await Keys.DeleteAsync("a", Token));
        Assert.Equal(1, await Keys.DeleteAsync(["a", "b"], Token));
        Assert.True(await Keys.ExpireAsync("c", TimeSpan.FromSeconds(1), cancellationToken: Token));
        Assert.True(await Keys.ExpireAtAsync("c", Time.GetUtcNow().AddSeconds(2), cancellationToken: Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Keys.DeleteAsync("c", cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Keys.DeleteAsync(["c"], cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Keys.ExpireAsync("c", TimeSpan.Zero, cancellationToken: cancelled).AsTask());

        Assert.Equal(TimeSpan.FromSeconds(2), Keys.TimeToLive("c"));
    }

    [Fact]
    public void Touching_counts_what_is_there()
    {
        Strings.Set("a", 1);

        Assert.True(Keys.Touch("a"));
        Assert.False(Keys.Touch("absent"));
        Assert.Equal(2, Keys.Touch(["a", "absent", "a"]));
    }

    [Fact]
    public void A_renamed_entry_takes_value_and_deadline_along()
    {
        Strings.Set("a", 1, TimeSpan.FromSeconds(5));
        Strings.Set("b", 2);

        Assert.False(Keys.RenameIfAbsent("a", "b"));
        Assert.True(Keys.Rename("a", "b"));
        Assert.True(Keys.RenameIfAbsent("b", "c"));
        Assert.False(Keys.Rename("absent", "c"));
        Assert.False(Keys.RenameIfAbsent("absent", "x"));
        Assert.True(Keys.Rename("c", "c"));

        Assert.Equal(1, Strings.Get<int>("c"));
        Assert.Equal(TimeSpan.FromSeconds(5), Keys.TimeToLive("c"));
        Assert.Equal(1, Keys.Count);
    }

    [Fact]
    public void A_copy_replaces_only_if_it_may()
    {
        Strings.SetMany(("a", 1), ("b", 2));

        Assert.False(Keys.Copy("a", "b"));
        Assert.True(Keys.Copy("a", "b", replace: true));
        Assert.True(Keys.Copy("a", "a", database: 3));
        Assert.False(Keys.Copy("absent", "x"));
        Assert.Throws<ArgumentException>(() => Keys.Copy("a", "a"));
        Assert.Throws<ArgumentOutOfRangeException>(() => Keys.Copy("a", "x", database: 16));

        Assert.Equal(1, Strings.Get<int>("b"));
        Assert.Equal(1, Cache.Database(3).Strings.Get<int>("a"));
    }

    [Fact]
    public void An_entry_moves_to_a_database_that_has_no_such_key()
    {
        Strings.Set("a", 1);

        Assert.True(Keys.Move("a", 2));
        Assert.False(Keys.Move("a", 2));
        Strings.Set("a", 2);
        Assert.False(Keys.Move("a", 2));
        Assert.Throws<ArgumentException>(() => Keys.Move("a", 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Keys.Move("a", -1));

        Assert.Equal(1, Cache.Database(2).Strings.Get<int>("a"));
        Assert.Equal(2, Strings.Get<int>("a"));
    }

    [Theory]
    [InlineData(FlushMode.Synchronous)]
    [InlineData(FlushMode.Asynchronous)]
    public void Flushing_empties_one_database_or_all(FlushMode mode)
    {
        Strings.Set("a", 1);
        Cache.Database(1).Strings.Set("a", 1);
        Cache.Database(2).Strings.Set("a", 1);

        Keys.Flush(mode);
        Assert.Equal(0, Keys.Count);
        Assert.Equal(1, Cache.Database(1).Keys.Count);
        Cache.FlushAll(mode);

        Assert.Equal(0, Cache.Database(1).Keys.Count);
        Assert.Equal(0, Cache.Database(2).Keys.Count);
    }

    [Fact]
    public void Swapped_databases_have_each_others_entries()
    {
        Strings.Set("a", 0);
        Cache.Database(1).Strings.Set("b", 1);

        Cache.SwapDatabases(0, 1);

        Assert.True(Keys.Exists("b"));
        Assert.True(Cache.Database(1).Keys.Exists("a"));
        Assert.Throws<ArgumentOutOfRangeException>(() => Cache.SwapDatabases(0, 16));
        Assert.Throws<ArgumentOutOfRangeException>(() => Cache.SwapDatabases(-1, 0));
    }

    [Fact]
    public void A_key_tells_what_it_holds()
    {
        Strings.Set("number", 1);
        Strings.Set("short", "text");
        Strings.Set("long", new string('x', 45));
        Strings.Append("edited", "a");
        Strings.Append("edited", "b");

        Assert.Equal(ValueKind.String, Keys.TypeOf("number"));
        Assert.Equal(ValueKind.None, Keys.TypeOf("absent"));
        Assert.Equal(["int", "embstr", "raw", "raw", null], new[] { "number", "short", "long", "edited", "absent" }.Select(key => Keys.Encoding(key)));
        Assert.Equal(int.MaxValue, Keys.ReferenceCount("number"));
        Assert.Equal(1, Keys.ReferenceCount("long"));
        Assert.Null(Keys.ReferenceCount("absent"));
    }
}
