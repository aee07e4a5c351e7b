using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>What a cache has done and holds. The figures are taken one after another while work goes on.</summary>
public sealed record CacheStatistics
{
    /// <summary>Reads that found a value, since the cache was opened. Redis: keyspace_hits.</summary>
    public long Hits { get; init; }

    /// <summary>Reads that found none. Redis: keyspace_misses.</summary>
    public long Misses { get; init; }

    /// <summary>Keys in all databases, those included that have expired and are not swept yet. Redis: the sum of DBSIZE.</summary>
    public long Entries { get; init; }

    /// <summary>Keys that have a deadline.</summary>
    public long Expiring { get; init; }

    /// <summary>Keys of <see cref="EvictionPriority.NeverRemove"/>.</summary>
    public long NeverRemoved { get; init; }

    /// <summary>Keys removed because their time had come, since the cache was opened. Redis: expired_keys.</summary>
    public long Expired { get; init; }

    /// <summary>Keys removed to make room, since the cache was opened. Redis: evicted_keys.</summary>
    public long Evicted { get; init; }

    /// <summary>Native memory in use, in bytes: blocks of entries, tables, and what half-empty slabs hold. Together with <see cref="OutsideBytes"/> never above <see cref="MaxBytes"/> for longer than a write, but while the budget is being lowered, or the other part grows.</summary>
    public long UsedBytes { get; init; }

    /// <summary>The part of <see cref="UsedBytes"/> that is in slabs but in no entry.</summary>
    public long FreeBlockBytes { get; init; }

    /// <summary>Managed memory that the budget counts besides <see cref="UsedBytes"/>, in bytes: buffers of a server's clients, notes of uses, what the policy has learnt.</summary>
    public long OutsideBytes { get; init; }

    /// <summary>The budget, in bytes; 0 = none.</summary>
    public long MaxBytes { get; init; }

    /// <summary>Events of <see cref="Removals"/> that did not fit into the queue of a subscription, since the cache was opened.</summary>
    public long DroppedRemovals { get; init; }

    /// <summary>The share of reads that found a value; 0 if there were none.</summary>
    public double HitRatio => Hits + Misses == 0 ? 0 : (double)Hits / (Hits + Misses);

    internal static CacheStatistics Of(Store store)
    {
        (long hits, long misses) = store.Accesses.Sum();
        long entries = 0;
        long expiring = 0;
        long neverRemoved = 0;
        long expired = 0;
        long evicted = 0;
        long freeBlocks = 0;
        for (int i = 0; i < store.ShardCount; i++)
        {
            Shard shard = store.ShardAt(i);
            shard.Enter();
            for (int database = 0; database < store.DatabaseCount; database++)
            {
                entries += shard.Count(database);
                expiring += shard.Expiring(database);
            }

            neverRemoved += shard.NeverRemoved.Entries;
            expired += shard.ExpiredCount;
            evicted += shard.EvictedCount;
            freeBlocks += shard.Allocator.FreeBlockBytes;
            shard.Exit();
        }

        return new CacheStatistics
        {
            Hits = hits,
            Misses = misses,
            Entries = entries,
            Expiring = expiring,
            NeverRemoved = neverRemoved,
            Expired = expired,
            Evicted = evicted,
            UsedBytes = store.Arena.UsedBytes,
            FreeBlockBytes = freeBlocks,
            OutsideBytes = store.Budget.OutsideBytes,
            MaxBytes = store.Budget.TotalBytes,
        };
    }
}
