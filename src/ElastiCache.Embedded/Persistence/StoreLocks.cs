using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Persistence;

/// <summary>A store's shard locks, for the log's writer.</summary>
internal sealed class StoreLocks(Store store) : IShardLocks
{
    public int Count => store.ShardCount;

    public void Enter(int shard) => store.ShardAt(shard).Enter();

    public void Exit(int shard) => store.ShardAt(shard).Exit();
}
