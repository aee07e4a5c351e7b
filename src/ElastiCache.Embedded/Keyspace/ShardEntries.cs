namespace ElastiCache.Embedded.Keyspace;

/// <summary>Counts what a shard holds. The shard is locked.</summary>
internal static class ShardEntries
{
    /// <summary>The entries of all databases. O(databases).</summary>
    public static long CountOf(Shard shard)
    {
        long count = 0;
        for (int i = 0; i < shard.DatabaseCount; i++)
        {
            count += shard.Count(i);
        }

        return count;
    }
}
