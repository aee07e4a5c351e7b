using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The commands on whole databases: DBSIZE, SWAPDB, FLUSHDB, FLUSHALL.</summary>
/// <remarks>
/// A flush takes the tables out under all locks, so that it is one step, and frees their records afterwards, slice by slice, each under a
/// short lock of its shard. The log gets <c>FLUSHDB</c> or <c>FLUSHALL</c>, which may be replayed twice, and <c>SWAPDB a b</c>, which may not: there is
/// no other form of it that does not write out both databases. The log therefore replays every batch exactly once.
/// </remarks>
internal sealed class DatabaseOperations
{
    private readonly Store _store;

    public DatabaseOperations(Store store)
    {
        _store = store;
    }

    /// <summary>DBSIZE. O(shards), no lock. Counts entries that have expired and were not yet removed, as Redis does.</summary>
    public long Size(int database) => _store.Count(database);

    /// <summary>SWAPDB: each of two databases has the other's entries from here on. O(shards).</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such database.</exception>
    public void Swap(int a, int b, ref JournalTicket ticket)
    {
        RequireDatabase(_store, a);
        RequireDatabase(_store, b);
        if (a == b)
        {
            return;
        }

        using var write = new MultiKeyWrite(_store, ShardSet.AllOf(_store), ref ticket);
        if (_store.Count(a) == 0 && _store.Count(b) == 0)
        {
            return;
        }

        for (int i = 0; i < _store.ShardCount; i++)
        {
            _store.ShardAt(i).SwapDatabases(a, b);
        }

        write.Effect(a, 3)?.Argument("SWAPDB"u8).Argument(a).Argument(b);
    }

    /// <summary>FLUSHDB: empties a database. O(shards) under locks, O(n) afterwards.</summary>
    /// <returns>Completed when the memory has been given back; at once with <see cref="FlushMode.Synchronous"/>.</returns>
    public Task Flush(int database, FlushMode mode, ref JournalTicket ticket)
    {
        DatabaseFlush flush = new(_store);
        using (var write = new MultiKeyWrite(_store, ShardSet.AllOf(_store), ref ticket))
        {
            if (flush.Detach(database))
            {
                write.Effect(database, 1, changes: flush.Keys)?.Argument("FLUSHDB"u8);
            }
        }

        return flush.Free(mode);
    }

    /// <summary>FLUSHALL: empties all databases. O(shards) under locks, O(n) afterwards.</summary>
    /// <returns>Completed when the memory has been given back; at once with <see cref="FlushMode.Synchronous"/>.</returns>
    public Task FlushAll(FlushMode mode, ref JournalTicket ticket)
    {
        DatabaseFlush flush = new(_store);
        using (var write = new MultiKeyWrite(_store, ShardSet.AllOf(_store), ref ticket))
        {
            bool any = false;
            for (int database = 0; database < _store.DatabaseCount; database++)
            {
                any |= flush.Detach(database);
            }

            if (any)
            {
                write.Effect(0, 1, changes: flush.Keys)?.Argument("FLUSHALL"u8);
            }
        }

        return flush.Free(mode);
    }

    /// <summary>Checks a database's number. Redis: <c>DB index is out of range</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such database.</exception>
    public static void RequireDatabase(Store store, int database)
    {
        if ((uint)database >= (uint)store.DatabaseCount)
        {
            throw new ArgumentOutOfRangeException(nameof(database), database, $"Databases are numbered 0 to {store.DatabaseCount - 1}.");
        }
    }
}
