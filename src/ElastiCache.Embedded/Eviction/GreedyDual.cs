using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Eviction;

/// <summary>Evicts what is worth least for its bytes: rarely used, large, and not used of late. The default.</summary>
/// <remarks>
/// An entry's rank is L + uses / size, fixed when it is queued; the least rank goes, and L becomes it. So what was queued long ago is overtaken by what comes now, however
/// often it was used once. (Greedy-Dual-Size, Cao and Irani 1997, with frequency, Cherkasova 1998.) Instead of a heap there are queues by size and frequency, whose oldest nodes
/// are compared, and uses are counted in a sketch that remembers evicted keys too.
/// <para>
/// Use it wherever a hit counts as a hit, whatever its size: it keeps many small entries rather than a few large ones. Do not use it where a miss costs in proportion to its size; then
/// <see cref="LeastFrequentlyUsed"/> is better. New entries are on probation first, see <see cref="Probation"/>. Figures: docs/eviction.md.
/// </para>
/// </remarks>
internal sealed class GreedyDual(Shard shard, bool onlyExpiring) : QueuedEvictor(shard, onlyExpiring)
{
    // The smallest block of 16 bytes used 15 times is worth less than 2^22, and a megabyte used once is worth 4.
    private const int UnitBits = 22;

    private readonly Shard _shard = shard;

    /// <remarks>What has expired, or will in a moment, goes first, however much it is used.</remarks>
    public override bool TryPick(in Entry spared, out int database, out SlotPosition victim) =>
        _shard.Expiry.TryFindNearlyExpired(spared, out database, out victim)
        || base.TryPick(spared, out database, out victim);

    protected override bool CountsUses => true;

    protected override int QueueOf(long bytes, int uses) => EntryQueues.QueueOf(bytes, uses);

    protected override bool TriesNewEntries => true;

    protected override uint WorthOf(long bytes, int uses) => Worth(bytes, uses);

    internal static uint Worth(long bytes, int uses) => (uint)Math.Max(((long)uses << UnitBits) / bytes, 1);
}
