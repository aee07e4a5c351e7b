using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>A set under a key. Making the handle touches nothing: the key need not exist.</summary>
/// <typeparam name="T">What its elements are.</typeparam>
public sealed class CacheSet<T>
{
    private readonly CacheDatabase _database;
    private readonly SetOperations _operations;
    private readonly HandleKey _key;

    internal CacheSet(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.Sets;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal SetOperations Operations => _operations;

    internal HandleKey Key => _key;
}
