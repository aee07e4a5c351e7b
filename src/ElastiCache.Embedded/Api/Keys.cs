namespace ElastiCache.Embedded;

/// <summary>The keys of a database, whatever they hold.</summary>
public sealed class Keys
{
    private readonly CacheDatabase _database;

    internal Keys(CacheDatabase database)
    {
        _database = database;
    }

    /// <summary>The number of keys, those included that have expired and are not swept yet. O(shards). Redis: DBSIZE.</summary>
    public long Count
    {
        get
        {
            _database.Cache.Store.ThrowIfDisposed();
            return _database.Cache.Store.Count(_database.Index);
        }
    }
}
