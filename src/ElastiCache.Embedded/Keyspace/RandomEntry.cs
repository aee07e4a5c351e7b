namespace ElastiCache.Embedded.Keyspace;

/// <summary>Draws an entry of a table, each with the same probability.</summary>
/// <remarks>
/// A slot is drawn until one is hit that is in use: every entry is in one slot, so every entry is as likely. Redis draws a bucket
/// and then one of its chain, which favours keys in short chains.
/// A table is at least a fifth full, so about five draws do; right after a mass deletion, before the table has shrunk, it can be
/// emptier, and after <see cref="Draws"/> misses the next entry in table order is taken, which is then only nearly fair.
/// </remarks>
internal static unsafe class RandomEntry
{
    private const int Draws = 256;

    /// <summary>Draws an entry. The shard is locked.</summary>
    /// <returns>Whether the table has one.</returns>
    public static bool TryPick(RecordTable? table, Random random, out SlotPosition position)
    {
        position = default;
        if (table == null || table.Count == 0)
        {
            return false;
        }

        long slots = (long)BucketDirectory.BucketsToWalk(table.Buckets) * Bucket.Slots;
        for (int i = 0; i < Draws; i++)
        {
            if (IsEntry(table, random.NextInt64(slots), out position))
            {
                return true;
            }
        }

        long start = random.NextInt64(slots);
        for (long i = 0; i < slots; i++)
        {
            if (IsEntry(table, (start + i) % slots, out position))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsEntry(RecordTable table, long slotNumber, out SlotPosition position)
    {
        Bucket* bucket = table.BucketAt((uint)(slotNumber / Bucket.Slots));
        int slot = (int)(slotNumber % Bucket.Slots);
        ulong content = *Bucket.SlotAt(bucket, slot);
        position = content == 0 ? default : new SlotPosition(table.HomeOf((uint)(content >> 32)), bucket, slot);
        return content != 0;
    }
}
