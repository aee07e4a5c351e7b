using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the commands on places on the globe do.</summary>
internal sealed class GeoOperations
{
    private readonly Store _store;

    public GeoOperations(Store store)
    {
        _store = store;
    }

    internal Store Store => _store;
}
