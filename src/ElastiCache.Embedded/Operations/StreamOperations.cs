using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the commands on streams do.</summary>
internal sealed class StreamOperations
{
    private readonly Store _store;

    public StreamOperations(Store store)
    {
        _store = store;
    }

    internal Store Store => _store;
}
