namespace ElastiCache.Embedded.Keyspace;

/// <summary>Notes that an entry was used, for the evictor, where a shard is locked anyway.</summary>
internal static unsafe class EntryAccess
{
    /// <summary>Marks an entry as just used. The shard is locked.</summary>
    public static void MarkUsed(in Entry entry) =>
        Bucket.SetAccess(entry.Position.Bucket, entry.Position.SlotIndex, Bucket.RecentlyUsed);
}
