using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Eviction;

/// <summary>Evicts the least recently used of a small sample, by two age bits an entry.</summary>
/// <remarks>
/// A hand goes around a table's buckets. A read sets an entry's age bits to 3; each time the hand passes an entry it takes
/// one off; the entry with the lowest age of the sample is evicted. Since neighbouring buckets hold keys with no relation but their hash,
/// a run of buckets is a random sample. This is CLOCK with a counter (Corbató 1968; two bits as in the generalised CLOCK of
/// Smith 1978), cut off after <see cref="BucketsLookedAt"/> buckets so that one eviction is bounded work.
/// <para>
/// Use it where reads must stay cheap: a hit writes two bits, and only if they change. Do not use it against scans: a long run of keys
/// that are read once pushes out what is read rarely but regularly, as under LRU.
/// </para>
/// </remarks>
internal sealed class SampledAge : Evictor
{
    private const int BucketsLookedAt = 6;

    private uint _hand;

    /// <summary>A new entry survives one pass of the hand.</summary>
    public override uint AccessOfNewEntry => 1;

    /// <summary>Picks a victim and ages what the hand passes.</summary>
    public override bool TryPick(RecordTable table, in Entry spared, out SlotPosition victim)
    {
        victim = default;
        uint lowestAge = uint.MaxValue;
        uint buckets = table.Buckets;
        for (uint looked = 0; looked < buckets; looked++)
        {
            if (lowestAge == 0 || (looked >= BucketsLookedAt && lowestAge != uint.MaxValue))
            {
                break;
            }

            BucketView bucket = table.ViewOf(_hand++ % buckets);
            for (int slot = 0; slot < Bucket.Slots; slot++)
            {
                if (!bucket.Holds(slot, spared))
                {
                    continue;
                }

                uint age = bucket.AccessOf(slot);
                if (age < lowestAge)
                {
                    lowestAge = age;
                    victim = bucket.PositionOf(slot);
                }

                if (age > 0)
                {
                    bucket.SetAccess(slot, age - 1);
                }
            }
        }

        return lowestAge != uint.MaxValue;
    }
}
