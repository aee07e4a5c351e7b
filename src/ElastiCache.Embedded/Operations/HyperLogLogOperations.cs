using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the commands on HyperLogLogs do.</summary>
internal sealed class HyperLogLogOperations
{
    private readonly Store _store;

    public HyperLogLogOperations(Store store)
    {
        _store = store;
    }

    internal Store Store => _store;
}
