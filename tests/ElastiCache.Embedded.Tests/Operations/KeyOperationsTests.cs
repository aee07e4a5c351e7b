using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Tests.Operations;

public sealed class KeyOperationsTests : IDisposable
{
    private readonly KeyTestStore _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Deleting_several_keys_counts_those_that_were_there_once_each()
    {
        _store.Set("a", "1");
        _store.Set("b", "2");
        _store.Log();

        long deleted = _store.Delete("a", "nothing", "a", "b");

        Assert.Equal(2, deleted);
        Assert.Equal(0, _store.Exists("a", "b"));
        Assert.Equal("0: DEL a nothing a b", _store.Log());
    }

    [Fact]
    public void Deleting_what_is_not_there_logs_nothing()
    {
        Assert.Equal(0, _store.Delete("a", "b"));
        Assert.False(_store.DeleteOne("a"));
        Assert.Equal(0, _store.Delete());
        Assert.Equal("", _store.Log());
    }

    [Fact]
    public void An_expired_key_is_not_deleted_again_and_its_own_DEL_is_logged()
    {
        _store.Set("a", "1", deadline: _store.Now + 1);
        _store.Log();
        _store.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.False(_store.DeleteOne("a"));
        Assert.Equal("0: DEL a", _store.Log());
    }

    [Fact]
    public void EXISTS_and_TOUCH_count_a_key_as_often_as_it_is_named()
    {
        _store.Set("a", "1");

        Assert.Equal(3, _store.Exists("a", "a", "b", "a"));
        Assert.Equal(2, _store.Keys.Touch(0, new TextKeys(["a", "b", "a"])));
        Assert.Equal(0, _store.Exists());
    }

    [Fact]
    public void A_key_exists_in_its_database_only()
    {
        _store.Set("a", "1", database: 15);

        Assert.Equal(0, _store.Exists("a"));
        Assert.Equal(1, _store.Keys.Exists(15, new TextKeys(["a"])));
        Assert.False(_store.DeleteOne("a"));
        Assert.True(_store.DeleteOne("a", database: 15));
    }

    [Fact]
    public void A_log_that_refuses_writes_lets_looks_pass_and_changes_nothing()
    {
        _store.Set("a", "1");
        _store.Journal.IsRefusing = true;

        Assert.Equal(1, _store.Exists("a"));
        Assert.Equal(ValueKind.String, _store.Type("a"));
        Assert.False(_store.Deadline("a").IsSet);
        Assert.Throws<IOException>(() => _store.DeleteOne("a"));
        Assert.Throws<IOException>(() => _store.Rename("a", "b"));
        Assert.Throws<IOException>(() => { _ = _store.Flush(0); });
        Assert.Equal("1", _store.Get("a"));
    }

    [Theory]
    [InlineData(ValueKind.String)]
    [InlineData(ValueKind.List)]
    [InlineData(ValueKind.Stream)]
    public void TYPE_tells_what_a_key_holds(ValueKind kind)
    {
        _store.Put("a", kind, [1, 2, 3], default);

        Assert.Equal(kind, _store.Type("a"));
        Assert.Equal(ValueKind.None, _store.Type("b"));
    }

    [Fact]
    public void A_renamed_key_takes_its_value_and_deadline_along_and_replaces_what_was_there()
    {
        for (int i = 0; i < 50; i++)        // pairs within a shard and across
        {
            _store.Set($"from{i}", $"value{i}", deadline: _store.Now + 1000 + i);
            _store.Set($"to{i}", "old", deadline: _store.Now + 5);
            _store.Log();

            RenameOutcome outcome = _store.Rename($"from{i}", $"to{i}");

            Assert.Equal(RenameOutcome.Renamed, outcome);
            Assert.Null(_store.Get($"from{i}"));
            Assert.Equal($"value{i}", _store.Get($"to{i}"));
            Assert.Equal(_store.Now + 1000 + i, _store.Deadline($"to{i}").UnixMilliseconds);
            Assert.Equal($"0: RENAME from{i} to{i}", _store.Log());
        }

        Assert.Equal(50, _store.Databases.Size(0));
    }

    [Fact]
    public void A_renamed_key_without_deadline_clears_the_one_of_what_it_replaces()
    {
        _store.Set("a", "1");
        _store.Set("b", "2", deadline: _store.Now + 10);

        _store.Rename("a", "b");

        Assert.Equal(KeyDeadline.Never, _store.Deadline("b").TimeLeft(_store.Now, inSeconds: false));
        _store.Time.Advance(TimeSpan.FromSeconds(60));
        _store.Store.Sweep();
        Assert.Equal("1", _store.Get("b"));
    }

    [Fact]
    public void Renaming_a_key_to_itself_changes_nothing()
    {
        _store.Set("a", "1", deadline: _store.Now + 10);
        _store.Log();

        Assert.Equal(RenameOutcome.Renamed, _store.Rename("a", "a"));
        Assert.Equal(RenameOutcome.DestinationExists, _store.Rename("a", "a", onlyIfAbsent: true));
        Assert.Equal(RenameOutcome.NoSuchKey, _store.Rename("x", "x"));
        Assert.Equal("1", _store.Get("a"));
        Assert.Equal("", _store.Log());
    }

    [Fact]
    public void RENAMENX_leaves_everything_as_it_is_if_the_new_key_is_taken()
    {
        _store.Set("a", "1");
        _store.Set("b", "2");
        _store.Log();

        Assert.Equal(RenameOutcome.DestinationExists, _store.Rename("a", "b", onlyIfAbsent: true));
        Assert.Equal("1", _store.Get("a"));
        Assert.Equal("2", _store.Get("b"));
        Assert.Equal("", _store.Log());
        Assert.Equal(RenameOutcome.Renamed, _store.Rename("a", "c", onlyIfAbsent: true));
        Assert.Equal("0: RENAME a c", _store.Log());
    }

    [Fact]
    public void RENAMENX_takes_a_key_whose_time_has_come()
    {
        _store.Set("a", "1");
        _store.Set("b", "2", deadline: _store.Now + 1);
        _store.Log();
        _store.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(RenameOutcome.Renamed, _store.Rename("a", "b", onlyIfAbsent: true));
        Assert.Equal("0: MULTI\n0: DEL b\n0: RENAME a b\n0: EXEC", _store.Log());
    }

    [Fact]
    public void A_copy_has_value_and_deadline_of_its_own()
    {
        _store.Set("a", "1", deadline: _store.Now + 1000);
        _store.Log();

        Assert.True(_store.Copy("a", "b"));
        Assert.True(_store.Copy("a", "a", to: 3));
        _store.Set("a", "2");

        Assert.Equal("1", _store.Get("b"));
        Assert.Equal("1", _store.Get("a", database: 3));
        Assert.Equal(_store.Now + 1000, _store.Deadline("b").UnixMilliseconds);
        Assert.Equal(_store.Now + 1000, _store.Deadline("a", database: 3).UnixMilliseconds);
        Assert.Equal("0: COPY a b REPLACE\n0: COPY a a DB 3 REPLACE\n0: SET a 2", _store.Log());
    }

    [Fact]
    public void COPY_replaces_only_if_told_to()
    {
        _store.Set("a", "1");
        _store.Set("b", "2");
        _store.Log();

        Assert.False(_store.Copy("a", "b"));
        Assert.False(_store.Copy("nothing", "b", replace: true));
        Assert.Equal("2", _store.Get("b"));
        Assert.Equal("", _store.Log());
        Assert.True(_store.Copy("a", "b", replace: true));
        Assert.Equal("1", _store.Get("b"));
    }

    [Fact]
    public void A_key_is_not_copied_to_itself()
    {
        _store.Set("a", "1");
        _store.Log();

        Assert.Throws<ArgumentException>(() => _store.Copy("a", "a", replace: true));
        Assert.Throws<ArgumentException>(() => _store.Move("a", to: 0));
        Assert.Equal("1", _store.Get("a"));
        Assert.Equal("", _store.Log());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(16)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void There_is_no_going_to_a_database_that_there_is_not(int database)
    {
        _store.Set("a", "1");

        Assert.Throws<ArgumentOutOfRangeException>(() => _store.Copy("a", "b", to: database));
        Assert.Throws<ArgumentOutOfRangeException>(() => _store.Move("a", database));
        Assert.Throws<ArgumentOutOfRangeException>(() => _store.Swap(0, database));
        Assert.Throws<ArgumentOutOfRangeException>(() => _store.Swap(database, 0));
        Assert.Equal("1", _store.Get("a"));
    }

    [Fact]
    public void A_moved_key_is_in_the_other_database_with_its_deadline()
    {
        _store.Set("a", "1", deadline: _store.Now + 1000);
        _store.Log();

        Assert.True(_store.Move("a", to: 5));
        Assert.False(_store.Move("a", to: 5));

        Assert.Null(_store.Get("a"));
        Assert.Equal("1", _store.Get("a", database: 5));
        Assert.Equal(_store.Now + 1000, _store.Deadline("a", database: 5).UnixMilliseconds);
        Assert.Equal("0: MOVE a 5", _store.Log());
    }

    [Fact]
    public void A_key_that_the_other_database_has_is_not_moved()
    {
        _store.Set("a", "1");
        _store.Set("a", "2", database: 5);
        _store.Log();

        Assert.False(_store.Move("a", to: 5));
        Assert.Equal("1", _store.Get("a"));
        Assert.Equal("2", _store.Get("a", database: 5));
        Assert.Equal("", _store.Log());
    }

    [Fact]
    public void What_was_moved_renamed_or_copied_expires_at_its_deadline()
    {
        long deadline = _store.Now + 1000;
        _store.Set("moved", "1", deadline: deadline);
        _store.Set("a", "2", deadline: deadline);
        _store.Set("b", "3", deadline: deadline);
        _store.Move("moved", to: 1);
        _store.Rename("a", "renamed");
        _store.Copy("b", "copied");

        _store.Time.Advance(TimeSpan.FromMilliseconds(999));
        _store.Store.Sweep();
        Assert.Equal(3, _store.Databases.Size(0));
        _store.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, _store.Exists("renamed", "copied", "b"));
        Assert.Null(_store.Get("moved", database: 1));
        _store.Time.Advance(TimeSpan.FromSeconds(2));
        _store.Store.Sweep();
        Assert.Equal(0, _store.Databases.Size(0) + _store.Databases.Size(1));
    }

    [Fact]
    public void Every_kind_of_value_with_flags_and_version_comes_along()
    {
        byte[] value = [.. Enumerable.Range(1, 100_000).Select(i => (byte)i)];     // begins with a packed form
        var extras = new RecordExtras { Deadline = _store.Now + 1000, Marks = new EntryMarks(77, EvictionPriority.High), Version = 5, Edited = true };
        _store.Put("a", ValueKind.Hash, value, extras);

        _store.Rename("a", "b");
        _store.Copy("b", "c");
        _store.Move("c", to: 2);

        foreach ((string key, int database) in new[] { ("b", 0), ("c", 2) })
        {
            RecordExtras found = _store.Extras(key, database);
            Assert.Equal(ValueKind.Hash, _store.Type(key, database));
            Assert.Equal((new EntryMarks(77, EvictionPriority.High), _store.Now + 1000, true), (found.Marks, found.Deadline, found.Edited));
            Assert.NotEqual(0ul, found.Version);
            Assert.NotEqual(5ul, found.Version);
        }
    }

    [Fact]
    public void Replacing_a_key_that_had_a_version_gives_it_a_new_one()
    {
        _store.Set("plain", "1");
        _store.Put("versioned", ValueKind.String, [1], new RecordExtras { Version = 5 });

        _store.Rename("plain", "versioned");

        Assert.NotEqual(5ul, _store.Extras("versioned").Version);
        Assert.NotEqual(0ul, _store.Extras("versioned").Version);
        _store.Copy("versioned", "other");
        Assert.NotEqual(0ul, _store.Extras("other").Version);
        _store.Set("x", "1");
        _store.Copy("x", "y");
        Assert.Equal(0ul, _store.Extras("y").Version);
    }

    [Fact]
    public void Keys_of_any_length_are_renamed()
    {
        string[] keys = ["", "x", new('k', 32), new('k', 33), new('k', 255), new('k', 256), new('k', 70_000)];
        foreach (string from in keys)
        {
            foreach (string to in keys.Where(to => to != from))
            {
                _store.Set(from, "value");
                Assert.Equal(RenameOutcome.Renamed, _store.Rename(from, to));
                Assert.Equal("value", _store.Get(to));
                Assert.True(_store.DeleteOne(to));
                Assert.Equal(0, _store.Databases.Size(0));
            }
        }
    }

    [Theory]
    [InlineData("rename")]
    [InlineData("copy")]
    [InlineData("move")]
    public void What_is_being_transferred_is_not_evicted_for_its_own_copy_even_if_it_is_the_least_used(string operation)
    {
        using var store = new KeyTestStore(shards: 1, maxBytes: 8 << 20, evicts: true);
        store.Store.Journal = null;
        string value = new('v', 1_000_000);
        store.Set("a", value);
        string[] others = [.. Enumerable.Range(0, 7).Select(i => $"other{i}")];
        foreach (string other in others)
        {
            store.Set(other, new string('o', 1_000_000));
        }

        Assert.Equal(7, store.Keys.Touch(0, new TextKeys(others)));

        bool done = operation switch
        {
            "rename" => store.Rename("a", "b") == RenameOutcome.Renamed,
            "copy" => store.Copy("a", "b"),
            _ => store.Move("a", to: 1),
        };

        Assert.True(done);
        Assert.Equal(value, operation == "move" ? store.Get("a", database: 1) : store.Get("b"));
        Assert.Equal(operation == "copy" ? value : null, store.Get("a"));
        Assert.True(store.Exists(others) < 7, "nothing was evicted, so the test shows nothing");
    }

    [Fact]
    public void A_rename_that_finds_no_room_changes_nothing()
    {
        using var store = new KeyTestStore(shards: 1, maxBytes: 4 << 20);
        string value = new('v', 2_500_000);
        store.Set("a", value);
        store.Log();

        Assert.Throws<CacheFullException>(() => store.Rename("a", "b"));
        Assert.Throws<CacheFullException>(() => store.Copy("a", "b"));
        Assert.Throws<CacheFullException>(() => store.Move("a", to: 1));
        Assert.Equal(value, store.Get("a"));
        Assert.Equal(1, store.Databases.Size(0));
        Assert.Equal("", store.Log());
    }
}
