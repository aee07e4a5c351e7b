using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the commands on sets do.</summary>
internal sealed class SetOperations
{
    private readonly Store _store;

    public SetOperations(Store store)
    {
        _store = store;
    }

    internal Store Store => _store;
}
