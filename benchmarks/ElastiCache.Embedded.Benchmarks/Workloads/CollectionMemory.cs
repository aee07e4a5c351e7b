using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Bytes a member of a sorted set, a hash and a set of a million short members, beside redis-server's MEMORY USAGE of the same.</summary>
/// <remarks>Ours is what the whole cache uses more than before, tables and slabs included; redis-server's is its own figure, over all members (SAMPLES 0).</remarks>
internal sealed class CollectionMemory(RunSettings settings)
{
    private const string Prefix = "member-bytes";
    private const double MostShare = 0.6;

    public List<Comparison> Run()
    {
        string[] kinds = [.. ((string[])["zset", "hash", "set"]).Where(kind => settings.Wants($"{Prefix}-{kind}"))];
        if (kinds.Length == 0 || !RedisProcess.IsInstalled("redis-server"))
        {
            return [];
        }

        Progress.Report("bytes a member");
        int count = settings.Quick ? 200_000 : 1_000_000;
        using RedisProcess redis = RedisProcess.StartRedis();
        return [.. kinds.Select(kind => Measure(kind, count, redis))];
    }

    private static Comparison Measure(string kind, int count, RedisProcess redis)
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1 });
        long before = cache.GetStatistics().UsedBytes;
        for (int i = 0; i < count; i++)
        {
            string member = string.Create(CultureInfo.InvariantCulture, $"member:{i:D7}");
            switch (kind)
            {
                case "zset":
                    cache.SortedSet<string>("k").Add(member, i);
                    redis.Send("ZADD", kind, i.ToString(CultureInfo.InvariantCulture), member);
                    break;
                case "hash":
                    cache.Hash<string, string>("k").Set(member, "12345678");
                    redis.Send("HSET", kind, member, "12345678");
                    break;
                default:
                    cache.Set<string>("k").Add(member);
                    redis.Send("SADD", kind, member);
                    break;
            }
        }

        redis.Flush();
        double ours = (double)(cache.GetStatistics().UsedBytes - before) / count;
        double theirs = double.Parse(redis.Execute("MEMORY", "USAGE", kind, "SAMPLES", "0"), CultureInfo.InvariantCulture) / count;
        return Comparison.Of($"{Prefix}-{kind}", Roster.Subject.Name, "redis-server, MEMORY USAGE", null, null, ours, theirs) with
        {
            Goal = new Goal("≤ 0.60", ours <= MostShare * theirs),
            Note = $"{count:N0} members of 14 bytes",
        };
    }
}
