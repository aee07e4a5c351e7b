using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Operations;

public sealed class DatabaseOperationsTests : IDisposable
{
    private readonly KeyTestStore _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Swapped_databases_have_each_others_entries_and_deadlines()
    {
        long deadline = _store.Now + 1000;
        for (int i = 0; i < 100; i++)
        {
            _store.Set($"a{i}", $"{i}", database: 1);
            _store.Set($"mortal{i}", $"{i}", database: 1, deadline: deadline);
        }

        _store.Set("b", "x", database: 2);
        _store.Log();

        _store.Swap(1, 2);

        Assert.Equal((1, 200), (_store.Databases.Size(1), _store.Databases.Size(2)));
        Assert.Equal("7", _store.Get("a7", database: 2));
        Assert.Equal("x", _store.Get("b", database: 1));
        Assert.Equal("1: SWAPDB 1 2", _store.Log());
        _store.Time.Advance(TimeSpan.FromSeconds(3));
        _store.Store.Sweep();
        Assert.Equal((1, 100), (_store.Databases.Size(1), _store.Databases.Size(2)));
    }

    [Fact]
    public void Swapping_a_database_with_itself_or_two_empty_ones_logs_nothing()
    {
        _store.Set("a", "1");
        _store.Log();

        _store.Swap(0, 0);
        _store.Swap(3, 4);

        Assert.Equal("1", _store.Get("a"));
        Assert.Equal("", _store.Log());
    }

    [Fact]
    public void A_flushed_database_is_empty_and_the_others_are_not()
    {
        for (int i = 0; i < 1000; i++)
        {
            _store.Set($"k{i}", "x");
            _store.Set($"k{i}", "y", database: 7, deadline: _store.Now + 50);
        }

        _store.Log();
        Assert.True(_store.Flush(0).IsCompletedSuccessfully);

        Assert.Equal((0, 1000), (_store.Databases.Size(0), _store.Databases.Size(7)));
        Assert.Null(_store.Get("k1"));
        Assert.Equal("y", _store.Get("k1", database: 7));
        Assert.Equal("0: FLUSHDB", _store.Log());
        Assert.True(_store.Flush(7).IsCompletedSuccessfully);
        Assert.Equal("7: FLUSHDB", _store.Log());
    }

    [Fact]
    public void A_flush_of_nothing_logs_nothing()
    {
        _store.Flush(0);
        _store.FlushAll();

        Assert.Equal("", _store.Log());
    }

    [Theory]
    [InlineData(FlushMode.Synchronous)]
    [InlineData(FlushMode.Asynchronous)]
    public async Task A_flush_gives_the_memory_back(FlushMode mode)
    {
        string value = new('v', 900);
        for (int round = 0; round < 3; round++)
        {
            _store.Store.Journal = null;        // 54 MB of log are not what this is about
            for (int i = 0; i < 20_000; i++)
            {
                _store.Set($"k{i}", value, database: i % 16);
            }

            Assert.True(_store.Store.Arena.UsedBytes > 18L << 20);
            _store.Store.Journal = _store.Journal;
            Task freed = _store.FlushAll(mode);
            Assert.Equal(0, Enumerable.Range(0, 16).Sum(_store.Databases.Size));
            Assert.Equal("0: FLUSHALL", _store.Log());
            await freed;
            Assert.True(_store.Store.Arena.UsedBytes < 2 << 20, $"{_store.Store.Arena.UsedBytes} bytes are left");
        }
    }

    [Fact]
    public async Task Writes_go_on_while_flushed_entries_are_being_freed()
    {
        _store.Store.Journal = null;
        for (int i = 0; i < 50_000; i++)
        {
            _store.Set($"k{i}", "old");
        }

        Task freed = _store.FlushAll(FlushMode.Asynchronous);
        for (int i = 0; i < 50_000; i++)
        {
            Assert.Null(_store.Get($"k{i}"));
            _store.Set($"k{i}", $"new{i}");
        }

        await freed;
        for (int i = 0; i < 50_000; i++)
        {
            Assert.Equal($"new{i}", _store.Get($"k{i}"));
        }
    }

    [Fact]
    public async Task Closing_the_cache_ends_the_freeing()
    {
        _store.Store.Journal = null;
        for (int i = 0; i < 50_000; i++)
        {
            _store.Set($"k{i}", "old");
        }

        Task freed = _store.FlushAll(FlushMode.Asynchronous);
        _store.Dispose();

        await freed;
        Assert.Throws<ObjectDisposedException>(() => _store.Exists("k1"));
        Assert.Throws<ObjectDisposedException>(() => { _ = _store.Flush(0); });
        Assert.Throws<ObjectDisposedException>(() => _store.KeysLike("*"));
    }

    [Fact]
    public void A_flushed_key_does_not_expire_what_comes_after_it()
    {
        _store.Set("a", "old", deadline: _store.Now + 100);
        _store.Flush(0);
        _store.Set("a", "new");

        _store.Time.Advance(TimeSpan.FromSeconds(5));
        _store.Store.Sweep();

        Assert.Equal("new", _store.Get("a"));
        Assert.Equal(Record.NoExpiry, _store.Deadline("a").UnixMilliseconds);
    }

    [Fact]
    public void Entries_in_slabs_that_are_emptied_during_a_flush_survive()
    {
        using var store = new KeyTestStore(shards: 1, maxBytes: 4 << 20, evicts: true);
        store.Store.Journal = null;
        var random = new Random(42);
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < 2000; i++)
            {
                store.Set($"k{random.Next(4000)}", new string('v', random.Next(1, 4000)), database: random.Next(2));
            }

            store.Flush(random.Next(2));
            Assert.True(store.Store.Arena.UsedBytes <= (4 << 20) + 100_000);
        }
    }
}
