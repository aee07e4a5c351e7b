using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Typed operations on collections beside the time that redis-server spends inside the same commands.</summary>
/// <remarks>
/// Ours is the CPU time of the calling thread, strings encoded and results decoded. redis-server's is its own <c>usec_per_call</c> (INFO commandstats): the command
/// alone, without parsing, replying or the network, sent in pipelines. Same members, same sizes, random order on both sides; rounds in turns. The names are strings
/// made in the order in which they are used, so that an operation is not charged for fetching its arguments from memory, as redis-server's is not.
/// </remarks>
internal sealed class CollectionOperations(RunSettings settings)
{
    public const string RedisServer = "redis-server, usec_per_call";
    public const string Managed = "SortedSet + Dictionary";

    private const string Prefix = "collection";
    private const int WarmUps = 3;
    private const int TierDelayMs = 150;
    private const int LargeElements = 100_000;
    private const double MostNanoseconds = 300;
    private const double ShareOfRedis = 0.5;
    private const double ShareOfRedisSorted = 0.25;

    private readonly int _sortedMembers = 1_000_000;
    private readonly int _operations = settings.Quick ? 100_000 : 300_000;

    /// <summary>One operation, here and there.</summary>
    /// <param name="Name">Of the workload.</param>
    /// <param name="Command">Of Redis, in lower case.</param>
    /// <param name="Ours">The operation with a number.</param>
    /// <param name="Theirs">The same command with that number.</param>
    /// <param name="MostShare">The goal against redis-server.</param>
    /// <param name="ByHand">The same with SortedSet and Dictionary, where they can.</param>
    private sealed record Operation(string Name, string Command, Action<int> Ours, Func<int, string[]> Theirs, double MostShare, Action<int>? ByHand = null);

    public List<Comparison> Run()
    {
        string[] names = ["zadd-1m", "zrank-1m", "zrange-1m", "hset-10", "hget-10", "hset-100k", "hget-100k", "sadd-100k", "sismember-100k", "lpush", "rpop", "xadd"];
        if (!names.Any(name => settings.Wants($"{Prefix}-{name}")))
        {
            return [];
        }

        if (!RedisProcess.IsInstalled("redis-server"))
        {
            Progress.Report("collections: skipped, redis-server is not installed");
            return [];
        }

        Progress.Report("collections: one million members on three sides");
        using RedisProcess redis = RedisProcess.StartRedis();
        using var cache = new EmbeddedCache();
        List<Comparison> result = [];
        foreach (Operation operation in Operations(cache, redis).Where(operation => settings.Wants($"{Prefix}-{operation.Name}")))
        {
            Progress.Report($"{Prefix}-{operation.Name}");
            result.AddRange(Measure(operation, redis));
        }

        return result;
    }

    private IEnumerable<Operation> Operations(EmbeddedCache cache, RedisProcess redis)
    {
        var random = new Random(RunSettings.Seed);
        string[] members = [.. Enumerable.Range(0, _sortedMembers).Select(i => $"member:{i:D7}")];
        int[] order = [.. Enumerable.Range(0, _operations).Select(_ => random.Next(_sortedMembers))];
        bool wantsSorted = ((string[])["zadd-1m", "zrank-1m", "zrange-1m"]).Any(name => settings.Wants($"{Prefix}-{name}"));
        return wantsSorted ? SortedSets(cache, redis, members, order, random).Concat(Others(cache, redis, members, order)) : Others(cache, redis, members, order);
    }

    private IEnumerable<Operation> SortedSets(EmbeddedCache cache, RedisProcess redis, string[] members, int[] order, Random random)
    {
        double[] scores = [.. Enumerable.Range(0, _sortedMembers).Select(_ => Math.Round(random.NextDouble() * 1e6, 3))];
        string[] drawn = Draw(members, order);
        double[] newScores = [.. order.Reverse().Select(i => scores[i])];
        CacheSortedSet<string> board = cache.SortedSet<string>("board");
        var sorted = new SortedSet<(double Score, string Member)>(Comparer<(double Score, string Member)>.Create(
            static (a, b) => a.Score != b.Score ? a.Score.CompareTo(b.Score) : string.CompareOrdinal(a.Member, b.Member)));
        var byMember = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int i = 0; i < members.Length; i++)
        {
            board.Add(members[i], scores[i]);
            sorted.Add((scores[i], members[i]));
            byMember.Add(members[i], scores[i]);
            redis.Send("ZADD", "board", Text(scores[i]), members[i]);
        }

        yield return new Operation(
            "zadd-1m", "zadd", i => board.Add(drawn[i], newScores[i]), i => ["ZADD", "board", Text(newScores[i]), drawn[i]], ShareOfRedisSorted,
            i =>
            {
                sorted.Remove((byMember[drawn[i]], drawn[i]));
                sorted.Add((newScores[i], drawn[i]));
                byMember[drawn[i]] = newScores[i];
            });
        yield return new Operation("zrank-1m", "zrank", i => board.Rank(drawn[i]), i => ["ZRANK", "board", drawn[i]], ShareOfRedisSorted);
        yield return new Operation(
            "zrange-1m", "zrange", i => board.RangeByRank(order[i] - 10, order[i] - 1), i => ["ZRANGE", "board", Text(order[i] - 10), Text(order[i] - 1)], ShareOfRedisSorted);
    }

    private IEnumerable<Operation> Others(EmbeddedCache cache, RedisProcess redis, string[] members, int[] order)
    {
        foreach ((string size, int fields) in ((string, int)[])[("10", 10), ("100k", LargeElements)])
        {
            CacheHash<string, long> hash = cache.Hash<string, long>($"hash:{size}");
            string[] names = [.. Enumerable.Range(0, fields).Select(i => $"field:{i:D6}")];
            for (int i = 0; i < fields; i++)
            {
                hash.Set(names[i], i);
                redis.Send("HSET", $"hash:{size}", names[i], Text(i));
            }

            string[] drawnFields = Draw(names, order);
            yield return new Operation($"hset-{size}", "hset", i => hash.Set(drawnFields[i], i), i => ["HSET", $"hash:{size}", drawnFields[i], Text(i)], ShareOfRedis);
            yield return new Operation($"hget-{size}", "hget", i => hash.TryGet(drawnFields[i], out _), i => ["HGET", $"hash:{size}", drawnFields[i]], ShareOfRedis);
        }

        CacheSet<string> set = cache.Set<string>("set");
        for (int i = 0; i < LargeElements; i++)
        {
            set.Add(members[i]);
            redis.Send("SADD", "set", members[i]);
        }

        string[] drawnMembers = Draw(members[..(2 * LargeElements)], order);
        yield return new Operation("sadd-100k", "sadd", i => set.Add(drawnMembers[i]), i => ["SADD", "set", drawnMembers[i]], ShareOfRedis);
        yield return new Operation("sismember-100k", "sismember", i => set.Contains(drawnMembers[i]), i => ["SISMEMBER", "set", drawnMembers[i]], ShareOfRedis);

        CacheList<long> list = cache.List<long>("list");
        for (int i = 0; i < _operations * 16; i++)
        {
            list.PushLeft(i);
            redis.Send("LPUSH", "list", Text(i));
        }

        yield return new Operation("lpush", "lpush", i => list.PushLeft(i), i => ["LPUSH", "list", Text(i)], ShareOfRedis);
        yield return new Operation("rpop", "rpop", i => list.TryPopRight<long>(out _), _ => ["RPOP", "list"], ShareOfRedis);

        CacheStream stream = cache.Stream("stream");
        yield return new Operation("xadd", "xadd", i => stream.Add("value", i), i => ["XADD", "stream", "*", "value", Text(i)], ShareOfRedis);
    }

    private IEnumerable<Comparison> Measure(Operation operation, RedisProcess redis)
    {
        List<double> theirs = [], byHand = [];
        List<Lap> ours = [];
        for (int warmUp = 0; warmUp < WarmUps; warmUp++)
        {
            // The compiler looks at what is called often every 100 ms, and optimises in two steps.
            TimeOurs(operation.Ours, _operations);
            operation.ByHand?.Invoke(0);
            Thread.Sleep(TierDelayMs);
        }

        for (int round = 0; round < settings.WriteRounds; round++)
        {
            ours.Add(TimeOurs(operation.Ours, _operations));
            redis.Execute("CONFIG", "RESETSTAT");
            for (int i = 0; i < _operations; i++)
            {
                redis.Send(operation.Theirs(i));
            }

            redis.Flush();
            theirs.Add(1e3 * redis.MicrosecondsPerCall(operation.Command));
            if (operation.ByHand is { } hand)
            {
                byHand.Add(TimeOurs(hand, _operations).NanosecondsPerOperation);
            }
        }

        double ns = Median.Of(ours.Select(lap => lap.NanosecondsPerOperation));
        double bytes = Median.Of(ours.Select(lap => lap.BytesPerOperation));
        double redisNs = Median.Of(theirs);
        string workload = $"{Prefix}-{operation.Name}";
        yield return Comparison.Of(workload, Roster.Subject.Name, RedisServer, ns, redisNs, bytes, null, ours.Count) with
        {
            Goal = new Goal(
                operation.MostShare == ShareOfRedis ? "≤ 0.50, ≤ 300 ns" : "≤ 0.25",
                ns <= operation.MostShare * redisNs && (operation.MostShare != ShareOfRedis || ns <= MostNanoseconds)),
        };
        if (byHand.Count > 0)
        {
            double handNs = Median.Of(byHand);
            yield return Comparison.Of(workload, Roster.Subject.Name, Managed, ns, handNs, rounds: ours.Count) with { Goal = new Goal("≤ 1.00", ns <= handNs) };
        }
    }

    private static Lap TimeOurs(Action<int> operation, int count)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long began = Clocks.ThreadNanoseconds;
        for (int i = 0; i < count; i++)
        {
            operation(i);
        }

        return new Lap(count, Clocks.ThreadNanoseconds - began, GC.GetAllocatedBytesForCurrentThread() - allocated, 0);
    }

    private static string[] Draw(string[] names, int[] order) => [.. order.Select(i => new string(names[i % names.Length].AsSpan()))];

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
