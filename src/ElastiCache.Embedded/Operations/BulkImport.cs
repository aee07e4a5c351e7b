using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Stores the entries of a file as they come: this thread collects them, another stores them, shard by shard.</summary>
/// <remarks>
/// <code>
///   collect some thousands   ->   sort by shard   ->   for each shard: ask for the buckets, lock, store up to 64, unlock
/// </code>
/// Storing one entry after the other, each in a shard of its own, waits for memory at every one: its bucket is in no cache. Here the processor fetches
/// the next buckets while it stores, a lock is taken for many entries, and reading costs a second core's time. Benchmark: compare, "rdb-load".
/// Each entry is one write with one effect, as <see cref="ImportOperations"/> stores it; entries of one key are stored in the order in which they came.
/// </remarks>
internal sealed class BulkImport : IDisposable
{
    // A lock is held for some microseconds.
    private const int EntriesALock = 64;

    // Buckets take a tenth of what entries do, so a file for which they take a quarter of the budget would not fit anyway.
    private const int LeastShareOfBudget = 4;

    // So many buckets are on their way at once.
    private const int Ahead = 8;

    private readonly Store _store;
    private readonly bool _replaces;
    private readonly ImportOperations _imports;
    private readonly Relay<ImportBatch> _relay;
    private readonly List<int> _reserved = [];
    private JournalTicket _ticket;
    private byte[]? _refusedKey;

    /// <param name="store">The store.</param>
    /// <param name="replaces">Whether keys that are there are replaced.</param>
    public BulkImport(Store store, bool replaces)
    {
        (_store, _replaces, _imports) = (store, replaces, new ImportOperations(store));
        _relay = new Relay<ImportBatch>("ElastiCache.Embedded import", () => new ImportBatch(store), Store);
    }

    /// <summary>The ticket of the last write. Of this and the counts nothing is certain before <see cref="Finish"/>.</summary>
    public JournalTicket Ticket => _ticket;

    /// <summary>Entries stored.</summary>
    public long Stored { get; private set; }

    /// <summary>Entries whose key was there and stayed.</summary>
    public long Kept { get; private set; }

    /// <summary>The key that could not be stored, if an exception says that one could not.</summary>
    public ReadOnlySpan<byte> RefusedKey => _refusedKey;

    /// <summary>So many entries will come for a database: an empty one gets the buckets at once, and need not split them as it grows. Benchmark: compare, "rdb-load".</summary>
    /// <param name="database">The database; one that there is not is passed over.</param>
    /// <param name="entries">How many, by the word of the file, and no more than it has room for.</param>
    public void Expect(long database, long entries)
    {
        long ofShard = entries / _store.ShardCount;
        bool hasRoom = !(_store.Budget.MaxBytes is > 0 and var most) || TableGeometry.TableBytes(ofShard) * _store.ShardCount <= (most - _store.Arena.UsedBytes) / LeastShareOfBudget;
        if (database < 0 || database >= _store.DatabaseCount || ofShard == 0 || !hasRoom || _store.Count((int)database) > 0)
        {
            return;
        }

        _reserved.Add((int)database);
        Reserve((int)database, ofShard);
    }

    /// <summary>Takes an entry over, whose database there is. It, and some before it, are stored later.</summary>
    /// <exception cref="CacheFullException">The budget had no room for an entry before. Of those read shortly before and after it some are stored.</exception>
    public void Add(in RdbEntry entry)
    {
        if (ImportBatch.IsTooLarge(entry))
        {
            StoreNow(entry);
            return;
        }

        if (!_relay.Current.HasRoomFor(entry))
        {
            _relay.Current.Sort();
            _relay.Pass();
        }

        _relay.Current.Add(entry);
    }

    /// <summary>Returns when all entries are stored.</summary>
    /// <exception cref="CacheFullException">As from <see cref="Add"/>.</exception>
    public void Finish()
    {
        _relay.Current.Sort();
        _relay.Finish();
    }

    public void Dispose()
    {
        _relay.Dispose();
        _reserved.ForEach(database => Reserve(database, 0));
    }

    private void Reserve(int database, long entries)
    {
        for (int i = 0; i < _store.ShardCount; i++)
        {
            bool isTooLarge;
            do
            {
                isTooLarge = Reserve(_store.ShardAt(i), database, entries);
            }
            while (isTooLarge);
        }
    }

    // True while there is more to merge, where the file had fewer entries than it said.
    private bool Reserve(Shard shard, int database, long entries)
    {
        shard.Enter();
        try
        {
            if (_store.IsDisposed)
            {
                return false;
            }

            RecordTable table = shard.TableForWriting(database);
            table.Reserve(entries);
            return table.ShrinkStep(EntriesALock);
        }
        finally
        {
            shard.Exit();
        }
    }

    // A copy of something large would be memory that nobody reckons with.
    private void StoreNow(in RdbEntry entry)
    {
        Finish();
        KeyProbe.Create(entry.Key, out KeyProbe key);
        try
        {
            using var write = new KeyWrite(_store, (int)entry.Database, key, ref _ticket);
            Count(_imports.Store(write, (int)entry.Database, key, entry.Kind, entry.Bytes, entry.Deadline, entry.Marks, entry.Use, _replaces));
        }
        catch
        {
            _refusedKey = entry.Key.ToArray();
            throw;
        }
    }

    private void Store(ImportBatch batch)
    {
        try
        {
            for (int place = 0; place < batch.Count;)
            {
                place = batch[place].Value == null ? StoreSome(batch, place) : StoreValue(batch, place);
            }
        }
        finally
        {
            batch.Clear();
        }
    }

    // Entries of one shard and database under one lock. Returns the place behind the last.
    private int StoreSome(ImportBatch batch, int first)
    {
        int place = first;
        int shard = _store.ShardIndexOf(batch[first].Hash), database = batch[first].Database;
        int end = first;
        while (end < batch.Count && end - first < EntriesALock && batch[end].Database == database && batch[end].Value == null && _store.ShardIndexOf(batch[end].Hash) == shard)
        {
            if (end - first < Ahead)
            {
                _store.Prefetch.OfBucket(database, batch[end].Hash);
            }

            end++;
        }

        KeyProbe.Create(batch.KeyOf(batch[first]), out KeyProbe firstKey);
        try
        {
            using var write = new KeyWrite(_store, database, firstKey, ref _ticket);
            for (; place < end; place++)
            {
                batch.Prefetch(place + Ahead);
                if (place + Ahead < end)
                {
                    _store.Prefetch.OfBucket(database, batch[place + Ahead].Hash);
                }

                ref readonly ImportItem item = ref batch[place];
                KeyProbe.Create(batch.KeyOf(item), out KeyProbe key);
                Count(_imports.Store(write, database, key, item.Kind, batch.BytesOf(item), item.Deadline, item.Marks, item.Use, _replaces));
            }
        }
        catch
        {
            _refusedKey = batch.KeyOf(batch[place]).ToArray();
            throw;
        }

        return end;
    }

    private int StoreValue(ImportBatch batch, int place)
    {
        ref readonly ImportItem item = ref batch[place];
        KeyProbe.Create(batch.KeyOf(item), out KeyProbe key);
        try
        {
            Count(_imports.Store(item.Database, key, item.Value!, item.Deadline, item.Marks, item.Use, _replaces, ref _ticket));
        }
        catch
        {
            _refusedKey = batch.KeyOf(item).ToArray();
            throw;
        }

        return place + 1;
    }

    private void Count(bool wasStored)
    {
        Stored += wasStored ? 1 : 0;
        Kept += wasStored ? 0 : 1;
    }
}
