using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Asks the processor for the cache lines of keys that are about to be used. Only hints: nothing is locked, and a prefetch never faults.</summary>
internal readonly unsafe ref struct LinePrefetch(Store store)
{
    /// <summary>Keys of a batch whose lines are asked for together.</summary>
    public const int BatchKeys = 16;

    /// <summary>The cache line of a key's bucket.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void OfBucket(int database, ulong hash)
    {
        if (Sse.IsSupported)
        {
            Bucket* bucket = BucketOf(database, hash);
            if (bucket != null)
            {
                Sse.Prefetch0(bucket);
            }
        }
    }

    /// <summary>The cache lines of some keys' buckets and then of their records, so that reads of a batch overlap.</summary>
    /// <remarks>Benchmark: compare, "mget 16".</remarks>
    public void OfRecords(int database, ReadOnlySpan<ulong> hashes)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        Span<nint> buckets = stackalloc nint[BatchKeys];
        for (int i = 0; i < hashes.Length && i < BatchKeys; i++)
        {
            Bucket* bucket = BucketOf(database, hashes[i]);
            buckets[i] = (nint)bucket;
            if (bucket != null)
            {
                Sse.Prefetch0(bucket);
            }
        }

        for (int i = 0; i < hashes.Length && i < BatchKeys; i++)
        {
            Bucket* bucket = (Bucket*)buckets[i];
            uint lanes = bucket == null ? 0 : Bucket.LanesWith(bucket, (uint)hashes[i]);
            if (lanes != 0)
            {
                byte* record = store.Arena.At((uint)((ulong*)bucket)[BitOperations.TrailingZeroCount(lanes) >> 1]);
                Sse.Prefetch0(record);
                Sse.Prefetch0(record + Bucket.Bytes);
            }
        }

        GC.KeepAlive(store);
    }

    // Where a key's home bucket lies now; null if the table is empty or just changing.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Bucket* BucketOf(int database, ulong hash)
    {
        TableWord* word = store.WordOf(database, hash);
        ulong directory = Volatile.Read(ref word->Directory);
        uint count = word->Buckets;
        if ((uint)directory == 0 || count == 0)
        {
            return null;
        }

        uint index = RecordTable.HomeIndex((uint)hash, count);
        uint chunk = ((uint*)store.Arena.At((uint)directory))[index / RecordTable.ChunkBuckets];
        return word->Directory == directory ? (Bucket*)store.Arena.At(chunk) + (index & word->ProbeMask) : null;
    }
}
