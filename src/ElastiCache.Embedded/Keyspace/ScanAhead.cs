using System.Numerics;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Asks the processor for what a scan of a table will visit a few steps later.</summary>
/// <remarks>
/// A scan jumps from bucket to bucket, and records lie anywhere: without this it waits for memory at each of them, which was a third of the time of a snapshot. Benchmark: compare,
/// "rdb-save". Where the table is growing the guess is wrong for some buckets, and costs as much as it brings.
/// </remarks>
internal static unsafe class ScanAhead
{
    private const uint StepsToRecords = 2;
    private const uint StepsToBucket = 5;
    private const uint LeastBuckets = 16;

    /// <summary>To be called before each step. The shard is locked.</summary>
    /// <param name="table">The table.</param>
    /// <param name="arena">Where its records are.</param>
    /// <param name="position">The position of the step; see <see cref="RecordTable.Scan{TVisitor}"/>.</param>
    public static void Prefetch(RecordTable table, Arena arena, uint position)
    {
        if (table.Buckets < LeastBuckets)
        {
            return;
        }

        uint step = 1u << (32 - BitOperations.Log2(table.Buckets));
        CacheLines.Prefetch(BucketAt(table, position + (StepsToBucket * step)));
        Bucket* bucket = BucketAt(table, position + (StepsToRecords * step));
        for (int slot = 0; slot < Bucket.Slots; slot++)
        {
            byte* record = arena.At((uint)*Bucket.SlotAt(bucket, slot));
            CacheLines.Prefetch(record);
            CacheLines.Prefetch(record + Bucket.Bytes);
        }
    }

    private static Bucket* BucketAt(RecordTable table, uint position) => table.BucketAt(RecordTable.HomeIndex(ScanOrder.Reverse(position), table.Buckets));
}
