using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the commands on sorted sets do.</summary>
internal sealed class SortedSetOperations
{
    private readonly Store _store;

    public SortedSetOperations(Store store)
    {
        _store = store;
    }

    internal Store Store => _store;
}
