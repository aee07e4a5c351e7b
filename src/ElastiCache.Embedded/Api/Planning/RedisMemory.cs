using System.Numerics;

namespace ElastiCache.Embedded.Api.Planning;

/// <summary>What Redis 7.0 takes for the same data on a 64-bit machine: its <c>used_memory</c>, less what it has at its start.</summary>
/// <remarks>
/// <code>
///   string     dictEntry 24 ──► sds of the key      header 1, 3, 5 or 9 + length + 1
///                          └──► robj 16, with the value behind it up to 44 bytes, or a sds of its own
///   table      8 bytes a bucket, a power of two; a second table and dictEntry 24 for a deadline
///   hash       up to 512 fields of 64 bytes a listpack, else dict 56 and a dictEntry with two sds each
///   sorted set up to 128 members of 64 bytes a listpack, else dict, and a skip list: node 24 + 16 a level, 4/3 levels on average
///   set        dict 56 and a dictEntry with a sds each
///   list       quicklist 40, nodes of 32 and a listpack of up to 8 KB each
/// </code>
/// Every allocation is a block of jemalloc's size classes. Redis's own builds (its container images, ElastiCache) use steps of 8 bytes for the smallest; Debian's
/// package has jemalloc with steps of 16, which costs 8 bytes more for each dictEntry. Compared with redis-server in MemoryPlanPeerTests.
/// </remarks>
internal sealed class RedisMemory(int quantum = 8)
{
    private const int DictEntry = 24;
    private const int Dict = 56;
    private const int Object = 16;
    private const int MostEmbedded = 44;
    private const int ListpackHeader = 7;       // and the byte at its end
    private const int MostListpack = 8192;
    private const int QuicklistOverhead = 8;    // what Redis reckons for an entry that may come

    /// <summary>Bytes of a whole database.</summary>
    public long BytesFor(MemoryPlanOptions options)
    {
        double key = Block(DictEntry) + Text(options.KeyBytes, isKey: true) + ValueBytes(options) + (options.Expires ? Block(DictEntry) : 0);
        long tables = TableBytes(options.Keys) * (options.Expires ? 2 : 1);
        return (long)(key * options.Keys) + tables;
    }

    /// <summary>What a block of so many bytes really takes.</summary>
    internal long Block(long bytes)
    {
        if (bytes <= 8)
        {
            return 8;
        }

        // jemalloc: steps of a quantum up to 128 (64 with steps of 8), then four to a doubling.
        if (bytes <= 8 * quantum)
        {
            return (bytes + quantum - 1) / quantum * quantum;
        }

        long step = 1L << Math.Max(BitOperations.Log2((ulong)(bytes - 1)) - 2, BitOperations.Log2((uint)quantum));
        return (bytes + step - 1) / step * step;
    }

    private double ValueBytes(MemoryPlanOptions options)
    {
        int value = options.ValueBytes;
        long elements = options.Elements;
        switch (options.Type)
        {
            case PlannedType.String:
                return value <= MostEmbedded ? Block(Object + 3 + value + 1) : Object + Text(value);
            case PlannedType.Hash when elements <= 512 && Math.Max(value, options.FieldBytes) <= 64:
                return Object + Block(ListpackHeader + (elements * (Packed(options.FieldBytes) + Packed(value))));
            case PlannedType.Hash:
                return Object + Block(Dict) + TableBytes(elements) + (elements * (double)(Block(DictEntry) + Text(options.FieldBytes) + Text(value)));
            case PlannedType.Set:
                return Object + Block(Dict) + GrownTableBytes(elements) + (elements * (double)(Block(DictEntry) + Text(value)));
            case PlannedType.SortedSet when elements <= 128 && value <= 64:
                return Object + Block(ListpackHeader + Scores(elements) + (elements * Packed(value)));
            case PlannedType.SortedSet:
                return Object + Block(16) + Block(Dict) + TableBytes(elements) + SkipListHead() + (elements * (Block(DictEntry) + Text(value) + SkipListNode()));
            default:
                return Object + Block(40) + ListNodes(elements, Packed(value));
        }
    }

    private long Text(long length, bool isKey = false)
    {
        // Only keys, which are copied as they are, have the shortest header.
        int header = length < 32 && isKey ? 1 : length < 256 ? 3 : length < 65536 ? 5 : 9;
        return Block(header + length + 1);
    }

    private long TableBytes(long entries) => Block(8 * Math.Max(4, (long)BitOperations.RoundUpToPowerOf2((ulong)entries)));

    // A table moves to the next one bucket by bucket, with every look-up. Adding to a set looks once, so after a doubling both tables stay until it has grown
    // by nearly two thirds; a hash and a sorted set look twice, and are done in good time nearly always.
    private long GrownTableBytes(long entries)
    {
        const double NonEmpty = 0.632;      // of the buckets of a full table: 1 - 1/e
        long old = entries <= 4 ? 0 : (long)BitOperations.RoundUpToPowerOf2((ulong)entries) / 2;
        bool isMoving = (entries - old) / NonEmpty < old;
        return TableBytes(entries) + (isMoving ? TableBytes(old) : 0);
    }

    private static long Packed(long length)
    {
        long entry = (length < 64 ? 1 : length < 4096 ? 2 : 5) + length;
        return entry + (entry <= 127 ? 1 : entry < 16383 ? 2 : entry < 2097151 ? 3 : 4);
    }

    // Whole numbers from 0 on: 7 bits, 13 bits, 16 bits, 24 bits and so on.
    private static long Scores(long elements)
    {
        long bytes = 0;
        for (long i = 0; i < elements; i++)
        {
            bytes += i < 128 ? 2 : 3;
        }

        return bytes;
    }

    // A node's listpack is never changed again once the next has begun.
    private double ListNodes(long elements, long entry)
    {
        long fitting = Math.Max(1, (MostListpack - ListpackHeader - QuicklistOverhead) / entry);
        long full = elements / fitting;
        long rest = elements % fitting;
        return (full * (Block(32) + Block(ListpackHeader + (fitting * entry)))) + (rest == 0 ? 0 : Block(32) + Block(ListpackHeader + (rest * entry)));
    }

    private double SkipListHead() => Block(32) + Block(24 + (32 * 16));

    // A node has one more level with a chance of one in four.
    private double SkipListNode()
    {
        double bytes = 0;
        double chance = 0.75;
        for (int levels = 1; levels <= 16; levels++, chance /= 4)
        {
            bytes += chance * Block(24 + (16 * levels));
        }

        return bytes;
    }
}
