using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Eviction;

/// <summary>Evicts what was used least often of late, whatever its size. Redis: allkeys-lfu, volatile-lfu.</summary>
/// <remarks>
/// LFU with dynamic ageing (Arlitt, Cherkasova, Dilley, Friedrich and Jin 1999): rank L + uses, and L is the rank of the last victim. Redis keeps a logarithmic counter of 8 bits in every value; here uses
/// are counted in a sketch that remembers evicted keys too.
/// Use it where entries are about equally large, or where a miss costs in proportion to its size. Do not use it where what is popular changes within a few thousand requests.
/// </remarks>
internal sealed class LeastFrequentlyUsed(Shard shard, bool onlyExpiring) : QueuedEvictor(shard, onlyExpiring)
{
    public override EvictionOrder Order => EvictionOrder.Frequency;

    public override int? UsesOf(uint hash) => CountOf(hash);

    protected override bool CountsUses => true;

    protected override int QueueOf(long bytes, int uses) => EntryQueues.ClassOf(uses);

    protected override uint WorthOf(long bytes, int uses) => (uint)uses;
}
