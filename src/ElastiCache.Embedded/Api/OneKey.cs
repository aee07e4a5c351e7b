using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Api;

/// <summary>A list of one key, for operations that take several.</summary>
internal readonly ref struct OneKey(CacheKey key) : IKeyList
{
    private readonly CacheKey _key = key;

    public int Count => 1;

    public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => KeyProbe.Create(_key, ref scratch, out key);
}
