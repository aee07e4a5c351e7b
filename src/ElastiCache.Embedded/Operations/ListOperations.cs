using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the commands on lists do.</summary>
internal sealed class ListOperations
{
    private readonly Store _store;

    public ListOperations(Store store)
    {
        _store = store;
    }

    internal Store Store => _store;
}
