using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>A hash under a key. Making the handle touches nothing: the key need not exist.</summary>
/// <typeparam name="TField">What its fields are.</typeparam>
/// <typeparam name="TValue">What its values are.</typeparam>
public sealed class CacheHash<TField, TValue>
{
    private readonly CacheDatabase _database;
    private readonly HashOperations _operations;
    private readonly HandleKey _key;

    internal CacheHash(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.Hashes;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal HashOperations Operations => _operations;

    internal HandleKey Key => _key;
}
