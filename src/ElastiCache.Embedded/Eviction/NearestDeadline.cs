using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Eviction;

/// <summary>Evicts what expires soonest, nearly. Redis: volatile-ttl.</summary>
/// <remarks>
/// The nearest deadline of two samples goes: entries from the first slot of the expiry wheel, which knows what is due within the next seconds, and random entries, because
/// deadlines that are hours ahead share slots of hours. Redis takes the nearest of five random ones and a pool of those seen before.
/// Use it where a deadline says how much longer an entry is of use. Entries without one stay.
/// </remarks>
internal sealed class NearestDeadline(Shard shard) : Evictor
{
    private const int Draws = 16;

    private readonly RandomDraw _draw = new(shard);

    // Where nothing was found by chance.
    private readonly RandomChoice _otherwise = new(shard, onlyExpiring: true);

    public override bool TryPick(in Entry spared, out int database, out SlotPosition victim)
    {
        if (shard.ExpiringInAll == shard.NeverRemoved.Expiring)
        {
            (database, victim) = (0, default);
            return false;
        }

        bool hasAny = shard.Expiry.TryFindSoonest(spared, out database, out victim);
        long soonest = hasAny ? new Entry(shard.Arena, victim).Deadline : Record.NoExpiry;
        for (int i = 0; i < Draws && _draw.TryDraw(out int drawnFrom, out SlotPosition drawn); i++)
        {
            var entry = new Entry(shard.Arena, drawn);
            long deadline = entry.Deadline;
            if (deadline < soonest && entry.Priority != EvictionPriority.NeverRemove && !(spared.Exists && EntryAccess.IsSame(spared.Position, drawn)))
            {
                (hasAny, soonest, database, victim) = (true, deadline, drawnFrom, drawn);
            }
        }

        return hasAny || _otherwise.TryPick(spared, out database, out victim);
    }
}
