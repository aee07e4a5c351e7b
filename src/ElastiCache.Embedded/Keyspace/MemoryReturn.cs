using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Gives back to the system what the store holds and doesn't need: MEMORY PURGE.</summary>
internal static class MemoryReturn
{
    /// <summary>
    /// Empties sparse slabs, one a lock, by moving their records together, and then gives back the pages of all free spans, which otherwise stay for the next
    /// writes up to a sixty-fourth of what is in use. O(entries in sparse slabs); writers of a shard wait for one slab at most.
    /// </summary>
    /// <returns>The bytes that the process no longer has.</returns>
    public static long Run(Store store)
    {
        long before = store.Arena.UsedBytes + store.Arena.IdleBytes;
        for (int i = 0; i < store.ShardCount; i++)
        {
            Shard shard = store.ShardAt(i);
            bool goesOn = true;

            // Others write meanwhile and leave slabs behind; as many as there are now are enough.
            for (long slabs = shard.Allocator.FreeBlockBytes / LeastSlabBytes; goesOn && slabs >= 0; slabs--)
            {
                shard.Enter();
                goesOn = !store.IsDisposed && shard.Compaction.EmptySlab();
                shard.Exit();
            }
        }

        store.Arena.DiscardIdle();

        return Math.Max(0, before - store.Arena.UsedBytes - store.Arena.IdleBytes);
    }

    private static long LeastSlabBytes => (long)SizeClasses.SlabUnits(0) * Arena.UnitBytes;
}
