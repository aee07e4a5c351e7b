using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Eviction;

/// <summary>Evicts a random entry. Redis: allkeys-random, volatile-random.</summary>
/// <remarks>
/// Keeps nothing. Use it where all keys are equally likely to be used, or in a loop over more keys than the cache holds, of which LRU would find none.
/// For entries with a deadline a few entries are drawn; where those are rare, the next one in table order goes, which is then only nearly fair.
/// </remarks>
internal sealed class RandomChoice(Shard shard, bool onlyExpiring) : Evictor
{
    private const int Draws = 64;

    private readonly RandomDraw _draw = new(shard);

    public override bool TryPick(in Entry spared, out int database, out SlotPosition victim)
    {
        if (onlyExpiring ? shard.ExpiringInAll == shard.NeverRemoved.Expiring : ShardEntries.CountOf(shard) == shard.NeverRemoved.Entries)
        {
            (database, victim) = (0, default);
            return false;
        }

        for (int i = 0; i < Draws && _draw.TryDraw(out database, out victim); i++)
        {
            if (MayGo(victim, spared))
            {
                return true;
            }
        }

        return TryFindNext(spared, out database, out victim);
    }

    private bool TryFindNext(in Entry spared, out int database, out SlotPosition victim)
    {
        for (database = 0; database < shard.DatabaseCount; database++)
        {
            if (shard.TableOf(database) is { Count: > 0 } table)
            {
                var first = new FindsFirst(this, spared);
                uint position = 0;
                do
                {
                    position = table.ScanSlots(position, ref first);
                }
                while (position != 0 && !first.HasFound);

                if (first.HasFound)
                {
                    victim = first.Found;
                    return true;
                }
            }
        }

        (database, victim) = (0, default);
        return false;
    }

    private bool MayGo(in SlotPosition position, in Entry spared)
    {
        var entry = new Entry(shard.Arena, position);
        return !(spared.Exists && EntryAccess.IsSame(spared.Position, position))
            && entry.Priority != EvictionPriority.NeverRemove
            && (!onlyExpiring || entry.HasDeadline);
    }

    private struct FindsFirst(RandomChoice owner, Entry spared) : ISlotVisitor
    {
        public bool HasFound { get; private set; }

        public SlotPosition Found { get; private set; }

        public void Visit(in SlotPosition position)
        {
            if (!HasFound && owner.MayGo(position, spared))
            {
                (HasFound, Found) = (true, position);
            }
        }
    }
}
