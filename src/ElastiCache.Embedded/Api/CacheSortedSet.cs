using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>A sorted set under a key. Making the handle touches nothing: the key need not exist.</summary>
/// <typeparam name="T">What its elements are.</typeparam>
public sealed class CacheSortedSet<T>
{
    private readonly CacheDatabase _database;
    private readonly SortedSetOperations _operations;
    private readonly HandleKey _key;

    internal CacheSortedSet(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.SortedSets;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal SortedSetOperations Operations => _operations;

    internal HandleKey Key => _key;
}
