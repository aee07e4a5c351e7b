using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Loading the same RDB file as redis-server, and saving the same data, in turns, by the wall clock.</summary>
/// <remarks>
/// <c>rdb-load-strings</c> and <c>rdb-save-strings</c>: strings of 100 bytes. <c>-mixed</c>: the same with hashes, lists, sets and sorted sets of ten elements beside them. Loading
/// begins with emptying the data of the round before, as DEBUG RELOAD does it. Times are an entry. Skipped where redis-server is not installed.
/// </remarks>
internal sealed class RdbFiles(RunSettings settings)
{
    private const string Prefix = "rdb";
    private const double LoadGoal = 0.35;
    private const double SaveGoal = 0.5;
    private const int Elements = 10;

    public List<Comparison> Run()
    {
        string[] kinds = [.. ((string[])["strings", "mixed"]).Where(kind => settings.Wants($"{Prefix}-load-{kind}") || settings.Wants($"{Prefix}-save-{kind}"))];
        if (kinds.Length > 0 && !RedisProcess.IsInstalled("redis-server"))
        {
            Progress.Report("RDB files: skipped, redis-server is not installed");
            kinds = [];
        }

        return [.. kinds.SelectMany(Measure)];
    }

    private IEnumerable<Comparison> Measure(string kind)
    {
        Progress.Report($"RDB files, {kind}");
        string theirFile = Path.Combine(settings.Folder, $"redis-{kind}.rdb"), ourFile = Path.Combine(settings.Folder, $"ours-{kind}.rdb");
        using RedisProcess redis = RedisProcess.Start(port => new ProcessStartInfo(
            "redis-server",
            ["--port", port, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--dir", settings.Folder, "--dbfilename", $"redis-{kind}.rdb", "--enable-debug-command", "yes"]));
        int entries = Fill(redis, kind == "mixed");
        using var cache = new EmbeddedCache();
        List<double> ourLoads = [], theirLoads = [], ourSaves = [], theirSaves = [];
        for (int round = 0; round <= settings.WriteRounds; round++)
        {
            double theirSave = Time(() => redis.Execute("SAVE"));
            double theirLoad = Time(() => redis.Execute("DEBUG", "RELOAD", "NOSAVE"));
            double ourLoad = Time(() =>
            {
                cache.FlushAll();
                cache.ImportAsync(theirFile).GetAwaiter().GetResult();
            });
            double ourSave = Time(() => cache.ExportAsync(ourFile).GetAwaiter().GetResult());
            if (round > 0)      // the first warms both up
            {
                ourLoads.Add(ourLoad);
                theirLoads.Add(theirLoad);
                ourSaves.Add(ourSave);
                theirSaves.Add(theirSave);
            }
        }

        yield return Compared($"{Prefix}-load-{kind}", ourLoads, theirLoads, LoadGoal);
        yield return Compared($"{Prefix}-save-{kind}", ourSaves, theirSaves, SaveGoal);

        Comparison Compared(string workload, List<double> ours, List<double> theirs, double goal)
        {
            double ratio = Median.Of(ours.Zip(theirs, (a, b) => a / b));
            return Comparison.Of(workload, Roster.Subject.Name, "redis-server", Median.Of(ours) / entries, Median.Of(theirs) / entries, rounds: ours.Count) with
            {
                Ratio = ratio,
                Goal = Goal.AtMost(ratio, goal, ""),
                Note = string.Create(CultureInfo.InvariantCulture, $"wall clock; {entries:N0} entries, {new FileInfo(theirFile).Length / 1e6:0} MB"),
            };
        }
    }

    private int Fill(RedisProcess redis, bool isMixed)
    {
        int strings = settings.Entries, collections = isMixed ? settings.Entries / 40 : 0;
        redis.Execute("DEBUG", "POPULATE", strings.ToString(CultureInfo.InvariantCulture), "string", "100");
        for (int i = 0; i < collections; i++)
        {
            for (int element = 0; element < Elements; element++)
            {
                redis.Send("HSET", $"hash:{i}", $"field:{element}", $"value {i} of {element}");
                redis.Send("RPUSH", $"list:{i}", $"element {i} of {element}");
                redis.Send("SADD", $"set:{i}", $"member {i} of {element}");
                redis.Send("ZADD", $"board:{i}", $"{element}.5", $"member {i} of {element}");
            }
        }

        redis.Flush();
        return strings + (4 * collections);
    }

    private static double Time(Action action)
    {
        long started = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(started).TotalNanoseconds;
    }
}
