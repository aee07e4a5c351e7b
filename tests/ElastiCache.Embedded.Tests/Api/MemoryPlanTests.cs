using System.Globalization;
using ElastiCache.Embedded.Api.Planning;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Tests.House;
using ElastiCache.Embedded.Tests.Keyspace;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Api;

/// <summary>A plan is what a cache that is really filled counts, within 2 %, and what a real redis-server uses, within 3 %.</summary>
[Collection(AloneCollection.Name)]
public sealed class MemoryPlanTests
{
    [Theory]
    [InlineData(200_000, 20, 0, false, 0)]
    [InlineData(200_000, 20, 16, false, 0)]
    [InlineData(300_000, 20, 100, false, 0)]
    [InlineData(390_000, 20, 100, false, 64)]       // in the middle of a round of splits
    [InlineData(500_000, 23, 100, true, 0)]
    [InlineData(400_000, 40, 200, true, 16)]
    [InlineData(100_000, 12, 1_000, false, 0)]
    [InlineData(50_000, 300, 3_000, false, 0)]
    [InlineData(20_000, 20, 15_000, true, 0)]
    [InlineData(5_000, 20, 64_000, false, 8)]
    [InlineData(1_000_000, 16, 8, false, 1)]
    public void A_filled_cache_counts_what_was_planned(int keys, int keyBytes, int valueBytes, bool expires, int shards)
    {
        var plan = MemoryPlan.For(new MemoryPlanOptions { Keys = keys, KeyBytes = keyBytes, ValueBytes = valueBytes, Expires = expires, Shards = shards });
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = shards });
        byte[] value = new byte[valueBytes];
        TimeSpan? expiry = expires ? TimeSpan.FromDays(1) : null;
        for (int i = 0; i < keys; i++)
        {
            cache.Strings.Set(KeyOf(i, keyBytes), value, expiry);
        }

        AssertNear(cache.GetStatistics().UsedBytes, plan.TotalBytes, 0.02);
    }

    [Theory]
    [InlineData(PlannedType.Hash, 50_000, 10, 8, 20)]
    [InlineData(PlannedType.Hash, 300, 2_000, 12, 100)]
    [InlineData(PlannedType.List, 30_000, 20, 8, 40)]
    [InlineData(PlannedType.List, 200, 3_000, 8, 100)]
    [InlineData(PlannedType.Set, 50_000, 10, 8, 16)]
    [InlineData(PlannedType.Set, 200, 5_000, 8, 16)]
    [InlineData(PlannedType.SortedSet, 50_000, 10, 8, 16)]
    [InlineData(PlannedType.SortedSet, 200, 5_000, 8, 16)]
    public void A_cache_of_collections_counts_what_was_planned(PlannedType type, int keys, int elements, int fieldBytes, int valueBytes)
    {
        var plan = MemoryPlan.For(new MemoryPlanOptions { Keys = keys, Type = type, Elements = elements, FieldBytes = fieldBytes, ValueBytes = valueBytes, Shards = 16 });
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 16 });
        byte[] value = new byte[valueBytes];
        for (int i = 0; i < keys; i++)
        {
            CacheKey key = KeyOf(i, 20);
            for (int element = 0; element < elements; element++)
            {
                string name = $"m{element}";
                switch (type)
                {
                    case PlannedType.Hash:
                        cache.Hash<string, byte[]>(key).Set(name.PadRight(fieldBytes), value);
                        break;
                    case PlannedType.List:
                        cache.List<byte[]>(key).PushRight(value);
                        break;
                    case PlannedType.Set:
                        cache.Set<string>(key).Add(name.PadRight(valueBytes));
                        break;
                    default:
                        cache.SortedSet<string>(key).Add(name.PadRight(valueBytes), element);
                        break;
                }
            }
        }

        AssertNear(cache.GetStatistics().UsedBytes, plan.TotalBytes, 0.03);
    }

    [Fact]
    public void Buckets_are_planned_by_the_tables_own_rules()
    {
        using var fixture = new StoreFixture();
        Shard shard = fixture.Store.ShardAt(0);
        for (int entries = 1; entries <= 30_000; entries++)
        {
            fixture.Set($"key:{entries}", default);
            RecordTable table = shard.TableOf(0)!;
            Assert.True(table.Buckets == TableGeometry.BucketsFor(entries), $"{entries} entries: {table.Buckets} buckets, planned {TableGeometry.BucketsFor(entries)}");
        }
    }

    [Theory]
    [InlineData("String 20 10 0")]
    [InlineData("String 20 44 0")]
    [InlineData("String 20 45 0")]
    [InlineData("String 20 200 1")]
    [InlineData("String 40 1000 0")]
    [InlineData("String 20 5000 0")]
    [InlineData("Hash 20 20 10")]
    [InlineData("Hash 20 100 100")]
    [InlineData("List 20 40 20")]
    [InlineData("List 20 100 400")]
    [InlineData("Set 20 16 10")]
    [InlineData("Set 20 16 700")]
    [InlineData("SortedSet 20 16 10")]
    [InlineData("SortedSet 20 16 700")]
    public void A_real_redis_server_uses_what_the_plan_says_of_it(string data)
    {
        using RedisServer server = RedisServer.Start();
        using var redis = new RedisConnection(server.Port);
        string[] words = data.Split(' ');
        var options = new MemoryPlanOptions
        {
            Type = Enum.Parse<PlannedType>(words[0]),
            KeyBytes = int.Parse(words[1], CultureInfo.InvariantCulture),
            ValueBytes = int.Parse(words[2], CultureInfo.InvariantCulture),
        };
        int count = int.Parse(words[3], CultureInfo.InvariantCulture);
        options.Expires = options.Type == PlannedType.String && count == 1;
        options.Elements = Math.Max(1, count);
        options.Keys = Math.Clamp(40_000_000 / (options.Elements * (options.ValueBytes + 80L)), 100, 65_536);

        long before = Used(redis);
        Fill(redis, options);
        long used = Used(redis) - before;

        // Debian's package has an allocator with steps of 16 bytes, Redis's own builds one with steps of 8.
        long planned = new RedisMemory(quantum: 16).BytesFor(options);
        AssertNear(used, planned, 0.03);
        Assert.InRange(MemoryPlan.For(options).RedisBytes, planned * 0.8, planned);
    }

    [Theory]
    [InlineData(1, 8, 8)]
    [InlineData(20, 24, 32)]
    [InlineData(40, 40, 48)]
    [InlineData(56, 56, 64)]
    [InlineData(65, 80, 80)]
    [InlineData(129, 160, 160)]
    [InlineData(204, 224, 224)]
    [InlineData(1025, 1280, 1280)]
    [InlineData(16_385, 20_480, 20_480)]
    public void Blocks_are_those_of_jemalloc(long bytes, long official, long debian)
    {
        Assert.Equal(official, new RedisMemory().Block(bytes));
        Assert.Equal(debian, new RedisMemory(quantum: 16).Block(bytes));
    }

    [Theory]
    [InlineData("Keys = 0", 0, 20, 10)]
    [InlineData("KeyBytes = 0", 1, 0, 10)]
    [InlineData("ValueBytes = -1", 1, 20, -1)]
    public void What_is_out_of_range_is_refused_with_its_name(string problem, int keys, int keyBytes, int valueBytes)
    {
        var refused = Assert.Throws<ArgumentOutOfRangeException>(() => MemoryPlan.For(new MemoryPlanOptions { Keys = keys, KeyBytes = keyBytes, ValueBytes = valueBytes }));

        Assert.Contains($"{problem} is out of range: it must be ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Beyond_what_8_byte_steps_reach_blocks_are_planned_in_larger_ones()
    {
        var small = MemoryPlan.For(new MemoryPlanOptions { Keys = 1_000_000, KeyBytes = 20, ValueBytes = 111 });     // 5 + 20 + 111 = 136 = 17 * 8
        var large = MemoryPlan.For(new MemoryPlanOptions { Keys = 1_000_000_000, KeyBytes = 20, ValueBytes = 111 });

        Assert.InRange((double)small.DataBytes / 1_000_000, 136, 140);
        Assert.True(large.DataBytes / 1_000_000_000.0 >= 160);       // steps of 32 bytes reach 128 GB, of 64 the 256 GB that this takes
    }

    private static void Fill(RedisConnection redis, MemoryPlanOptions options)
    {
        byte[] value = new byte[options.ValueBytes];
        Array.Fill(value, (byte)'x');
        var batch = new List<byte[][]>();
        for (int i = 0; i < options.Keys; i++)
        {
            if (batch.Count >= 200)
            {
                redis.ExecuteAll(batch);
                batch.Clear();
            }

            byte[] key = KeyOf(i, options.KeyBytes);
            if (options.Type == PlannedType.String)
            {
                batch.Add(options.Expires ? ["SET"u8.ToArray(), key, value, "EX"u8.ToArray(), "86400"u8.ToArray()] : ["SET"u8.ToArray(), key, value]);
                continue;
            }

            var command = new List<byte[]> { Bytes(options.Type switch { PlannedType.Hash => "HSET", PlannedType.List => "RPUSH", PlannedType.Set => "SADD", _ => "ZADD" }), key };
            for (int element = 0; element < options.Elements; element++)
            {
                switch (options.Type)
                {
                    case PlannedType.Hash:
                        command.Add(Bytes($"f{element}".PadRight(options.FieldBytes)));
                        command.Add(value);
                        break;
                    case PlannedType.List:
                        command.Add(value);
                        break;
                    case PlannedType.Set:
                        command.Add(Bytes($"m{element}".PadRight(options.ValueBytes)));
                        break;
                    default:
                        command.Add(Bytes(element.ToString(CultureInfo.InvariantCulture)));
                        command.Add(Bytes($"m{element}".PadRight(options.ValueBytes)));
                        break;
                }
            }

            batch.Add([.. command]);
        }

        redis.ExecuteAll(batch);
    }

    private static long Used(RedisConnection redis)
    {
        string info = redis.Execute("INFO", "memory").Text!;
        string line = info.Split('\n').First(line => line.Contains("used_memory:", StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1].Trim(), CultureInfo.InvariantCulture);
    }

    private static void AssertNear(long actual, long planned, double tolerance) => Assert.True(
        Math.Abs(planned - actual) <= tolerance * actual,
        string.Create(CultureInfo.InvariantCulture, $"{actual} bytes are counted, {planned} were planned: {100.0 * (planned - actual) / actual:F2} %"));

    private static byte[] KeyOf(int i, int length) => Bytes(i.ToString(CultureInfo.InvariantCulture).PadLeft(length, 'k'));

    private static byte[] Bytes(string text) => System.Text.Encoding.ASCII.GetBytes(text);
}
