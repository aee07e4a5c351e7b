using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The entries of flushed databases between their being taken out, in one step, and their being freed, in many.</summary>
internal sealed class DatabaseFlush
{
    // Some 450 records: freeing them takes about 20 µs, for which writers of the shard may wait.
    private const int BucketsASlice = 64;

    private readonly Store _store;
    private readonly List<(int Shard, DetachedTable Table)> _detached = [];

    public DatabaseFlush(Store store)
    {
        _store = store;
    }

    /// <summary>How many entries were taken out.</summary>
    public long Keys { get; private set; }

    /// <summary>Takes a database's entries out. All shards are locked.</summary>
    /// <returns>Whether there were any.</returns>
    public bool Detach(int database)
    {
        int before = _detached.Count;
        Keys += _store.Count(database);
        for (int i = 0; i < _store.ShardCount; i++)
        {
            if (_store.ShardAt(i).Detach(database) is { } table)
            {
                _detached.Add((i, table));
            }
        }

        bool any = _detached.Count > before;
        if (any)
        {
            _store.Removals?.Tell(RemovalReasons.Flushed, database, default);
        }

        return any;
    }

    /// <summary>Frees what was taken out. No lock is held.</summary>
    /// <returns>Completed when all of it is free.</returns>
    public Task Free(FlushMode mode)
    {
        if (mode == FlushMode.Asynchronous && _detached.Count > 0)
        {
            return Task.Run(FreeAll);
        }

        FreeAll();
        return Task.CompletedTask;
    }

    private void FreeAll()
    {
        foreach ((int index, DetachedTable table) in _detached)
        {
            Shard shard = _store.ShardAt(index);
            bool more = true;
            while (more)
            {
                shard.Enter();

                // Closing the cache gives everything back at once, and the table's memory with it.
                more = !_store.IsDisposed && table.FreeSlice(BucketsASlice);
                shard.Exit();
            }
        }
    }
}
