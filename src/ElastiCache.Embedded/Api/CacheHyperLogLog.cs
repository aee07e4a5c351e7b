using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>A HyperLogLog under a key. Making the handle touches nothing: the key need not exist.</summary>
public sealed class CacheHyperLogLog
{
    private readonly CacheDatabase _database;
    private readonly HyperLogLogOperations _operations;
    private readonly HandleKey _key;

    internal CacheHyperLogLog(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.HyperLogLogs;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal HyperLogLogOperations Operations => _operations;

    internal HandleKey Key => _key;
}
