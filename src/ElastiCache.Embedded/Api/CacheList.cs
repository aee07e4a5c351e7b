using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>A list under a key. Making the handle touches nothing: the key need not exist.</summary>
/// <typeparam name="T">What its elements are.</typeparam>
public sealed class CacheList<T>
{
    private readonly CacheDatabase _database;
    private readonly ListOperations _operations;
    private readonly HandleKey _key;

    internal CacheList(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.Lists;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal ListOperations Operations => _operations;

    internal HandleKey Key => _key;
}
