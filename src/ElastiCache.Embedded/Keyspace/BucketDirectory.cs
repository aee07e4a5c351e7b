using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Where a table's buckets lie: chunks of up to 256 buckets and the directory of their references, published for readers.</summary>
/// <remarks>
/// Below one chunk there is a single, shorter one, which is replaced whole (<see cref="Begin"/>). Whatever is freed here was
/// unpublished before: the directory word has changed for good.
/// </remarks>
internal unsafe struct BucketDirectory
{
    /// <summary>Buckets in a full chunk.</summary>
    public const int ChunkBuckets = RecordTable.ChunkBuckets;

    private const int ChunkShift = 8;

    private static uint _epochs;

    private readonly Arena _arena;
    private readonly BlockAllocator _allocator;
    private readonly TableWord* _word;
    private uint* _chunks;
    private int _capacity;
    private bool _isHidden;

    public BucketDirectory(Arena arena, BlockAllocator allocator, TableWord* word)
    {
        _arena = arena;
        _allocator = allocator;
        _word = word;
    }

    /// <summary>The number of buckets in use.</summary>
    public uint Buckets { get; private set; }

    /// <summary>Native bytes of buckets and directory.</summary>
    public readonly long Bytes
    {
        get
        {
            long chunkBytes = Math.Min(Buckets, ChunkBuckets) * (long)Bucket.Bytes;
            long chunks = (Buckets + ChunkBuckets - 1) / ChunkBuckets;
            return Buckets == 0 ? 0 : SizeClasses.RoundedBytes(_capacity * sizeof(uint)) + (chunks * chunkBytes);
        }
    }

    /// <summary>The buckets in which entries may stand: in any of a chunk, also in one beyond the last that is a home.</summary>
    public static uint BucketsToWalk(uint buckets) =>
        buckets <= ChunkBuckets ? buckets : (buckets + ChunkBuckets - 1) / ChunkBuckets * ChunkBuckets;

    /// <summary>The bucket with a number.</summary>
    public readonly Bucket* this[uint index] => ChunkOf(index) + (index & (ChunkBuckets - 1));

    /// <summary>The first bucket of the chunk in which a bucket is.</summary>
    public readonly Bucket* ChunkOf(uint index) => (Bucket*)_arena.At(_chunks[index >> ChunkShift]);

    /// <summary>Begins anew with so many buckets, or none. Nothing of the first chunk is visible to readers before <see cref="Publish"/>; more than a chunk only for who has no entries.</summary>
    /// <returns>What was there until now, for <see cref="Free"/>.</returns>
    public BucketDirectory Begin(uint buckets)
    {
        BucketDirectory old = this;
        Buckets = Math.Min(buckets, ChunkBuckets);
        _chunks = null;
        _capacity = 0;
        if (buckets != 0)
        {
            _chunks = (uint*)_allocator.AllocateFixed(SizeClasses.SmallestBlock);
            _capacity = SizeClasses.SmallestBlock / sizeof(uint);
            _chunks[0] = _arena.ReferenceOf((byte*)NewChunk(Buckets));
        }

        while (Buckets < buckets)
        {
            PrepareNext();
            Buckets++;
        }

        return old;
    }

    /// <summary>Frees the one chunk and the directory of what <see cref="Begin"/> replaced.</summary>
    public readonly void Free()
    {
        if (Buckets != 0)
        {
            _allocator.Free((byte*)ChunkOf(0));
            _allocator.Free((byte*)_chunks);
        }
    }

    /// <summary>Makes sure that the next bucket has memory. Readers don't see it before <see cref="Grow"/>.</summary>
    public void PrepareNext()
    {
        if ((Buckets & (ChunkBuckets - 1)) == 0)
        {
            AddChunk(Buckets >> ChunkShift);
        }
    }

    /// <summary>Takes the next bucket into use.</summary>
    public void Grow()
    {
        Buckets++;
        Volatile.Write(ref _word->Buckets, Buckets);
    }

    /// <summary>Takes the last bucket out of use.</summary>
    public void Shrink()
    {
        Buckets--;
        Volatile.Write(ref _word->Buckets, Buckets);
    }

    /// <summary>Frees the chunk behind the last bucket, if there is a whole one. All that stood in it had its home in it, so it is empty.</summary>
    public void FreeUnusedChunk()
    {
        if ((Buckets & (ChunkBuckets - 1)) == 0)
        {
            Bucket* chunk = ChunkOf(Buckets);
            Publish();
            _allocator.Free((byte*)chunk);
        }
    }

    /// <summary>Hands the buckets over and is empty itself; readers see that at once.</summary>
    public DetachedTable Detach(CollectionRegistry? collections)
    {
        var detached = new DetachedTable(_arena, _allocator, collections, _chunks, Buckets);
        _chunks = null;
        _capacity = 0;
        Buckets = 0;
        Publish();
        return detached;
    }

    /// <summary>Exchanges the buckets of two tables.</summary>
    public void Swap(ref BucketDirectory other)
    {
        uint* chunks = _chunks;
        _chunks = other._chunks;
        other._chunks = chunks;
        (_capacity, other._capacity) = (other._capacity, _capacity);
        (Buckets, other.Buckets) = (other.Buckets, Buckets);
        Publish();
        other.Publish();
    }

    /// <summary>Shows readers directory and bucket count as they are now, under a new epoch.</summary>
    public readonly void Publish()
    {
        // 0 while bucket count and directory don't belong together: a reader that sees it starts again.
        Volatile.Write(ref _word->Directory, 0);
        Volatile.WriteBarrier();
        if (_isHidden)
        {
            // No directory and yet buckets: a reader tries again, and in the end takes the lock.
            _word->Buckets = Math.Max(Buckets, 1);
            return;
        }

        _word->Buckets = Buckets;
        _word->ProbeMask = Math.Min(Buckets, ChunkBuckets) - 1;
        uint reference = _chunks == null ? 0 : _arena.ReferenceOf((byte*)_chunks);
        Volatile.Write(ref _word->Directory, ((ulong)NextEpoch() << 32) | reference);
        Volatile.WriteBarrier();
    }

    /// <summary>Keeps readers without a lock out, or lets them in again.</summary>
    public void SetHidden(bool isHidden)
    {
        _isHidden = isHidden;
        Publish();
    }

    private static uint NextEpoch()
    {
        uint epoch = Interlocked.Increment(ref _epochs);
        return epoch != 0 ? epoch : Interlocked.Increment(ref _epochs);
    }

    private void AddChunk(uint number)
    {
        if (number >= _capacity)
        {
            int capacity = _capacity * 2;
            uint* larger = (uint*)_allocator.AllocateFixed(capacity * sizeof(uint));
            new ReadOnlySpan<uint>(_chunks, _capacity).CopyTo(new Span<uint>(larger, capacity));
            uint* old = _chunks;
            _chunks = larger;
            _capacity = capacity;
            Publish();
            _allocator.Free((byte*)old);
        }

        _chunks[number] = _arena.ReferenceOf((byte*)NewChunk(ChunkBuckets));
    }

    private readonly Bucket* NewChunk(uint buckets)
    {
        Bucket* chunk = (Bucket*)_allocator.AllocateFixed(buckets * Bucket.Bytes);
        new Span<byte>(chunk, (int)(buckets * Bucket.Bytes)).Clear();
        for (uint i = 0; i < buckets; i++)
        {
            chunk[i].Version = Bucket.FirstVersion;
        }

        return chunk;
    }
}
