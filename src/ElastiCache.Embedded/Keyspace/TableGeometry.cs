using System.Numerics;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>What a shard that is filled with so many entries holds beside their records: computed, for plans, by the rules of those who allocate it.</summary>
internal static class TableGeometry
{
    private const int NodesOfWheelChunk = 15;
    private const int WheelChunkBytes = 128;

    /// <summary>The buckets of a <see cref="RecordTable"/> to which so many entries were added, one after the other.</summary>
    public static long BucketsFor(long entries)
    {
        long low = 1;
        while (entries > Capacity(low))
        {
            if (low < RecordTable.ChunkBuckets)
            {
                low *= 2;       // rebuilt
                continue;
            }

            // A round of splits began with the first entry beyond the capacity, and each entry since has split some buckets.
            long split = (entries - Capacity(low)) * RecordTable.SplitsAnInsertion;
            if (split < low)
            {
                return low + split;
            }

            low *= 2;
        }

        return entries == 0 ? 0 : low;
    }

    /// <summary>Bytes that a shard's table holds of the arena: chunks of buckets and the directory, in their slabs.</summary>
    public static long TableBytes(long entries)
    {
        long buckets = BucketsFor(entries);
        if (buckets == 0)
        {
            return 0;
        }

        long chunks = (buckets + RecordTable.ChunkBuckets - 1) / RecordTable.ChunkBuckets;
        long capacity = Math.Max(SizeClasses.SmallestBlock / sizeof(uint), (long)BitOperations.RoundUpToPowerOf2((ulong)chunks));
        return SizeClasses.HeldBytes(chunks, Math.Min(buckets, RecordTable.ChunkBuckets) * Bucket.Bytes) + SizeClasses.HeldBytes(1, capacity * sizeof(uint));
    }

    /// <summary>Bytes that a shard's expiry wheel holds for so many deadlines that come close together; each slot of the wheel that is in use may hold a chunk more.</summary>
    public static long WheelBytes(long deadlines) => SizeClasses.HeldBytes((deadlines + NodesOfWheelChunk - 1) / NodesOfWheelChunk, WheelChunkBytes);

    private static long Capacity(long buckets) => buckets * Bucket.Slots * RecordTable.GrowPercent / 100;
}
