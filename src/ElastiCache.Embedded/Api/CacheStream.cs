using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>A stream under a key. Making the handle touches nothing: the key need not exist.</summary>
public sealed class CacheStream
{
    private readonly CacheDatabase _database;
    private readonly StreamOperations _operations;
    private readonly HandleKey _key;

    internal CacheStream(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.Streams;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal StreamOperations Operations => _operations;

    internal HandleKey Key => _key;
}
