using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The entries of a flushed database, on their way to be freed in slices.</summary>
internal sealed unsafe class DetachedTable
{
    // A dozen records on their way while one is freed. Benchmark: compare, "rdb-reload".
    private const int BucketsAhead = 2;

    private readonly Arena _arena;
    private readonly BlockAllocator _allocator;
    private readonly CollectionRegistry? _collections;
    private readonly uint* _directory;
    private readonly uint _buckets;
    private uint _next;

    public DetachedTable(Arena arena, BlockAllocator allocator, CollectionRegistry? collections, uint* directory, uint buckets)
    {
        _collections = collections;
        _arena = arena;
        _allocator = allocator;
        _directory = directory;
        _buckets = BucketDirectory.BucketsToWalk(buckets);
    }

    /// <summary>Frees the records of some buckets, and every chunk of buckets behind its last one. The shard is locked.</summary>
    /// <returns>Whether there is more to free.</returns>
    public bool FreeSlice(int buckets)
    {
        for (; buckets > 0 && _next < _buckets; buckets--)
        {
            Bucket* chunk = (Bucket*)_arena.At(_directory[_next / RecordTable.ChunkBuckets]);
            Bucket* bucket = chunk + (_next % RecordTable.ChunkBuckets);
            if (_next % RecordTable.ChunkBuckets < RecordTable.ChunkBuckets - BucketsAhead && _next + BucketsAhead < _buckets)
            {
                PrefetchRecords(bucket + BucketsAhead);
            }

            for (int slot = 0; slot < Bucket.Slots; slot++)
            {
                uint reference = (uint)*Bucket.SlotAt(bucket, slot);
                if (reference != 0)
                {
                    Free(_arena.At(reference));
                }
            }

            _next++;
            if (_next == _buckets || _next % RecordTable.ChunkBuckets == 0)
            {
                _allocator.Free((byte*)chunk);
            }
        }

        if (_next < _buckets)
        {
            return true;
        }

        if (_directory != null)
        {
            _allocator.Free((byte*)_directory);
        }

        return false;
    }

    // Records lie anywhere; freeing one writes to it.
    private void PrefetchRecords(Bucket* bucket)
    {
        for (int slot = 0; slot < Bucket.Slots; slot++)
        {
            CacheLines.Prefetch(_arena.At((uint)*Bucket.SlotAt(bucket, slot)));
        }
    }

    private void Free(byte* record)
    {
        if (_collections != null && CollectionForm.ShellIn(record) is >= 0 and var shell)
        {
            _collections.Release(shell);
        }

        _allocator.Free(record);
    }
}
