using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Api.Planning;

/// <summary>What one collection holds, found by building some: no formula could follow all that a table, a tree and a deque of packed blocks do.</summary>
internal static class PlannedCollection
{
    /// <summary>From this length on there are enough different names.</summary>
    public const int LeastNameBytes = 4;

    // Slabs that are half empty are then below 1 % of what is measured.
    private const long WantedBytes = 8L << 20;
    private const long MostElementsBuilt = 200_000;
    private const long MostBytesBuilt = 128L << 20;

    /// <summary>Bytes that the record and the elements of one collection hold, without its share of the keyspace's table and wheel.</summary>
    /// <remarks>Above 200,000 elements, or 128 MB, as many are built, and the rest is reckoned in proportion.</remarks>
    public static double Measure(MemoryPlanOptions options)
    {
        long elementBytes = options.ValueBytes + (options.Type == PlannedType.Hash ? options.FieldBytes : 0) + 16L;
        int elements = (int)Math.Max(1, Math.Min(options.Elements, Math.Min(MostElementsBuilt, MostBytesBuilt / elementBytes)));
        long collections = Math.Clamp(WantedBytes / (elements * elementBytes), 1, 50_000);
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1, Databases = 1 });
        byte[] key = new byte[options.KeyBytes];
        for (int i = 0; i < collections; i++)
        {
            Name(key, i);
            Build(cache, key, options, elements);
            if (options.Expires)
            {
                cache.Keys.Expire(key, TimeSpan.FromDays(1));
            }
        }

        // Keys that are too short to differ fall together; what is there is what counts.
        long count = cache.Keys.Count;
        long held = cache.Store.ShardAt(0).Allocator.HeldBytes - TableGeometry.TableBytes(count) - (options.Expires ? TableGeometry.WheelBytes(count) : 0);
        return (double)held / count * options.Elements / elements;
    }

    private static void Build(EmbeddedCache cache, byte[] key, MemoryPlanOptions options, int elements)
    {
        byte[] value = new byte[options.ValueBytes];
        byte[] field = new byte[options.FieldBytes];
        Name(value, 0);
        for (int i = 0; i < elements; i++)
        {
            switch (options.Type)
            {
                case PlannedType.Hash:
                    Name(field, i);
                    cache.Hash<byte[], byte[]>(key).Set(field, value);
                    break;
                case PlannedType.List:
                    cache.List<byte[]>(key).PushRight(value);
                    break;
                case PlannedType.Set:
                    Name(value, i);
                    cache.Set<byte[]>(key).Add(value);
                    break;
                default:
                    Name(value, i);
                    cache.SortedSet<byte[]>(key).Add(value, i);
                    break;
            }
        }
    }

    // Letters, so that none is taken for a number: those have shorter forms.
    private static void Name(Span<byte> name, int number)
    {
        name.Fill((byte)'x');
        for (int i = 0; i < name.Length && number > 0; i++, number /= 128)
        {
            name[i] = (byte)(128 + (number % 128));
        }
    }
}
