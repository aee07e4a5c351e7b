using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Places on the globe under a key. Making the handle touches nothing: the key need not exist.</summary>
/// <typeparam name="T">What its elements are.</typeparam>
public sealed class CacheGeo<T>
{
    private readonly CacheDatabase _database;
    private readonly GeoOperations _operations;
    private readonly HandleKey _key;

    internal CacheGeo(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.GeoSets;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal GeoOperations Operations => _operations;

    internal HandleKey Key => _key;
}
