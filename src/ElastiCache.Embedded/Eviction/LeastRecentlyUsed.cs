using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Eviction;

/// <summary>Evicts what was not used for longest, to within one round of a queue. Redis: allkeys-lru, volatile-lru.</summary>
/// <remarks>
/// One queue with a bit for a use: CLOCK (Corbató 1968), which comes as near to LRU as the samples of Redis do. Use it where recency is all that counts, or for the sake of the four bytes an
/// entry that counting uses costs. Do not use it against scans: a long run of keys that are read once pushes out what is read rarely but regularly.
/// </remarks>
internal sealed class LeastRecentlyUsed(Shard shard, bool onlyExpiring) : QueuedEvictor(shard, onlyExpiring)
{
    public override EvictionOrder Order => EvictionOrder.Recency;

    protected override bool CountsUses => false;

    protected override int QueueOf(long bytes, int uses) => 0;

    protected override uint WorthOf(long bytes, int uses) => 0;
}
