using ElastiCache.Embedded.Api.Planning;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded;

/// <summary>How much memory some data will take here, in Redis and in a <c>MemoryCache</c>, without filling anything with it.</summary>
/// <remarks>
/// <code>
///   var plan = MemoryPlan.For(new MemoryPlanOptions { Keys = 50_000_000, ValueBytes = 200, Expires = true });
///   // plan.BytesPerKey, plan.TotalBytes, plan.RedisBytes, plan.MemoryCacheBytes
/// </code>
/// Records come from the allocator's size classes and the index from the table's own rules, so the figure is what <see cref="CacheStatistics.UsedBytes"/> will be, within 2 %,
/// for a cache that was filled and not yet worn: overwriting and deleting leave free blocks, up to a sixteenth before the cache does something about it
/// (<see cref="SuggestedMaxMemory"/> has room for that). Values of many sizes take more: each size class that is in use has a slab that is not full in each shard.
/// Collections are measured by building some.
/// </remarks>
public sealed record MemoryPlan
{
    // Measured on .NET 10.0: growth of the managed heap for 1 and 2 million entries with string keys and byte[] values of 0 and 200 bytes, with and without
    // a deadline, less the keys and values themselves: 163.2 to 163.6 each time. The entry object, its node in the dictionary, its place in the table.
    private const int MemoryCacheEntryBytes = 164;

    private MemoryPlan()
    {
    }

    /// <summary>Bytes of records: header, key and value of strings and small collections, elements of large ones, in their slabs.</summary>
    public long DataBytes { get; private init; }

    /// <summary>Bytes of the index: buckets of 64 bytes, 60 to 85 percent full, depending on where between two doublings the number of keys lies.</summary>
    public long IndexBytes { get; private init; }

    /// <summary>Bytes that deadlines take beside the 8 to 11 in each record; 0 without deadlines.</summary>
    public long DeadlineBytes { get; private init; }

    /// <summary>All of it, as the budget counts it.</summary>
    public long TotalBytes { get; private init; }

    /// <summary><see cref="TotalBytes"/> for each key.</summary>
    public double BytesPerKey { get; private init; }

    /// <summary>A <see cref="EmbeddedCacheOptions.MaxMemory"/> that the data fits into with room for wear: an eighth more.</summary>
    public long SuggestedMaxMemory => TotalBytes + (TotalBytes / 8);

    /// <summary>What Redis 7.0 would use (its used_memory, with the allocator of its own builds).</summary>
    public long RedisBytes { get; private init; }

    /// <summary>What a <c>MemoryCache</c> with <see cref="string"/> keys and <c>byte[]</c> values would add to the managed heap; null for collections, which it has not.</summary>
    public long? MemoryCacheBytes { get; private init; }

    /// <summary>Makes a plan. O(1) for strings; for collections it builds up to some megabytes of them and throws them away.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static MemoryPlan For(MemoryPlanOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options = options.CheckedCopy();
        double collectionBytes = options.Type == PlannedType.String ? 0 : PlannedCollection.Measure(options);
        MemoryPlan plan = For(options, collectionBytes, granule: 8);

        // References reach 32 GB in steps of 8 bytes; a budget beyond that has larger steps, and blocks are whole steps.
        int granule = Arena.GranuleFor(AddressSpace.BytesFor(plan.SuggestedMaxMemory));
        return granule == 8 ? plan : For(options, collectionBytes, granule);
    }

    private static MemoryPlan For(MemoryPlanOptions options, double collectionBytes, int granule)
    {
        int shards = options.Shards != 0 ? options.Shards : EmbeddedCacheOptions.MostAutomaticShards;
        var extras = new RecordExtras { Deadline = options.Expires ? 1 : Record.NoExpiry };
        long record = (Record.BytesFor(options.KeyBytes, options.ValueBytes, extras) + granule - 1) / granule * granule;
        double data = 0;
        double index = 0;
        double deadlines = 0;
        double mean = (double)options.Keys / shards;
        for (int i = 0; i < Deviations.Length; i++)
        {
            // Keys fall into shards by chance, and near a doubling of the table some shards have doubled and others not.
            long entries = (long)Math.Max(0, Math.Round(mean + (Math.Sqrt(mean) * Deviations[i])));
            data += options.Type == PlannedType.String ? SizeClasses.HeldBytes(entries, record) : entries * collectionBytes;
            index += TableGeometry.TableBytes(entries);
            deadlines += options.Expires ? TableGeometry.WheelBytes(entries) : 0;
        }

        double scale = (double)shards / Deviations.Length;
        long words = shards * (long)EmbeddedCacheOptions.MostDatabases * TableWord.Bytes;
        long total = (long)((data + index + deadlines) * scale) + words;
        return new MemoryPlan
        {
            DataBytes = (long)(data * scale),
            IndexBytes = (long)(index * scale) + words,
            DeadlineBytes = (long)(deadlines * scale),
            TotalBytes = total,
            BytesPerKey = (double)total / options.Keys,
            RedisBytes = new RedisMemory().BytesFor(options),
            MemoryCacheBytes = options.Type != PlannedType.String ? null
                : options.Keys * (MemoryCacheEntryBytes + Aligned(22 + (2L * options.KeyBytes)) + Aligned(24L + options.ValueBytes)),
        };
    }

    // Where sixteen equal parts of a normal distribution have their middles, in standard deviations.
    private static ReadOnlySpan<double> Deviations =>
        [-1.863, -1.318, -1.010, -0.776, -0.579, -0.402, -0.237, -0.078, 0.078, 0.237, 0.402, 0.579, 0.776, 1.010, 1.318, 1.863];

    private static long Aligned(long bytes) => (bytes + 7) & -8;
}
