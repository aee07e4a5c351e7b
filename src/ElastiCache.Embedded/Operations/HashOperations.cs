using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the commands on hashes do.</summary>
internal sealed class HashOperations
{
    private readonly Store _store;

    public HashOperations(Store store)
    {
        _store = store;
    }

    internal Store Store => _store;
}
