using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>What is noted of an entry besides its value: its uses and its place in the evictor's queues, and whether it was edited. The shard is locked.</summary>
internal static unsafe class EntryAccess
{
    /// <summary>Marks an entry as just used.</summary>
    public static void MarkUsed(in Entry entry) => Bucket.MarkUsed(entry.Position.Bucket, entry.Position.SlotIndex);

    /// <summary>Whether an entry was used since this was last asked.</summary>
    public static bool TakeUse(in SlotPosition position) => Bucket.TakeUse(position.Bucket, position.SlotIndex);

    /// <summary>As <see cref="TakeUse"/>, and may be asked again.</summary>
    public static bool IsUsed(in SlotPosition position) => (Bucket.AccessOf(position.Bucket, position.SlotIndex) & 1) != 0;

    /// <summary>The tag of the entry's node in the evictor's queues; 0 = it is in none.</summary>
    public static uint TagOf(in SlotPosition position) => Bucket.TagOf(position.Bucket, position.SlotIndex);

    /// <summary>Sets it.</summary>
    public static void SetTag(in SlotPosition position, uint tag) => Bucket.SetTag(position.Bucket, position.SlotIndex, tag);

    /// <summary>Marks a string as edited, which OBJECT ENCODING tells.</summary>
    public static void MarkEdited(in Entry entry) => Record.MarkEdited(entry.Record);

    /// <summary>Asks the processor for the cache line of a hash's home bucket. The table is not empty.</summary>
    public static void PrefetchHome(RecordTable table, uint hash) => CacheLines.Prefetch(table.HomeOf(hash));

    /// <summary>Asks the processor for the first cache line of an entry's record.</summary>
    public static void PrefetchRecord(in Entry entry) => CacheLines.Prefetch(entry.Record);

    /// <summary>Whether two positions are of the same slot.</summary>
    public static bool IsSame(in SlotPosition a, in SlotPosition b) => a.Slot == b.Slot;
}
