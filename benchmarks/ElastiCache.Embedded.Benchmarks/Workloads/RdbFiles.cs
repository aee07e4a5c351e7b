using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Children;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Loading the same RDB file as redis-server, and saving the same data, in turns, by the wall clock.</summary>
/// <remarks>
/// <c>-strings</c>: strings of 100 bytes. <c>-mixed</c>: the same with hashes, lists, sets and sorted sets of ten elements beside them. Times are an entry.
/// <code>
///   rdb-load     into an empty cache, and by a redis-server that is started on the file; its time is the one in its own log
///   rdb-reload   into the cache and the server of the round before, emptied first, as DEBUG RELOAD does it
///   rdb-save     SAVE and ExportAsync
///   rdb-peak     the most memory while loading over what the loaded cache takes, in a process of its own
/// </code>
/// Skipped where redis-server is not installed.
/// </remarks>
internal sealed class RdbFiles(RunSettings settings)
{
    private const double LoadGoal = 0.35;
    private const double SaveGoal = 0.5;
    private const double PeakGoal = 1.1;
    private const int Elements = 10;
    private static readonly string[] Works = ["rdb-load", "rdb-reload", "rdb-save", "rdb-peak"];

    public async Task<List<Comparison>> RunAsync()
    {
        List<Comparison> result = [];
        foreach (string kind in ((string[])["strings", "mixed"]).Where(kind => Works.Any(work => settings.Wants($"{work}-{kind}"))))
        {
            if (!RedisProcess.IsInstalled("redis-server"))
            {
                Progress.Report("RDB files: skipped, redis-server is not installed");
                break;
            }

            Progress.Report($"RDB files, {kind}");
            result.AddRange(await MeasureAsync(kind));
        }

        return [.. result.Where(c => settings.Wants(c.Workload))];
    }

    private async Task<List<Comparison>> MeasureAsync(string kind)
    {
        string theirFile = Path.Combine(settings.Folder, $"redis-{kind}.rdb"), ourFile = Path.Combine(settings.Folder, $"ours-{kind}.rdb");
        using RedisProcess redis = RedisProcess.Start(port => new ProcessStartInfo(
            "redis-server",
            ["--port", port, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--dir", settings.Folder, "--dbfilename", $"redis-{kind}.rdb", "--enable-debug-command", "yes"]));
        int entries = Fill(redis, kind == "mixed");
        using var cache = new EmbeddedCache();
        PairedTimes loads = new(), reloads = new(), saves = new();
        for (int round = 0; round <= settings.WriteRounds; round++)
        {
            double theirSave = Time(() => redis.Execute("SAVE"));
            double theirReload = Time(() => redis.Execute("DEBUG", "RELOAD", "NOSAVE"));
            double ourReload = Time(() =>
            {
                cache.FlushAll();
                cache.ImportAsync(theirFile).GetAwaiter().GetResult();
            });
            double ourSave = Time(() => cache.ExportAsync(ourFile).GetAwaiter().GetResult());
            double theirLoad = RedisLoad.OfFile(settings.Folder, Path.GetFileName(theirFile));
            double ourLoad = LoadIntoEmpty(theirFile);
            loads.Add(ourLoad, theirLoad);
            reloads.Add(ourReload, theirReload);
            saves.Add(ourSave, theirSave);
        }

        LoadPeak peak = await LoadPeak.InChildAsync(theirFile);
        string note = string.Create(CultureInfo.InvariantCulture, $"wall clock; {entries:N0} entries, {new FileInfo(theirFile).Length / 1e6:0} MB");
        return
        [
            Compared($"rdb-load-{kind}", loads, LoadGoal, note),
            Compared($"rdb-reload-{kind}", reloads, LoadGoal, note),
            Compared($"rdb-save-{kind}", saves, SaveGoal, string.Create(CultureInfo.InvariantCulture, $"{note}, ours {new FileInfo(ourFile).Length / 1e6:0} MB")),
            Comparison.Of($"rdb-peak-{kind}", Roster.Subject.Name, "the loaded cache", null, null, (double)peak.PeakBytes / entries, (double)peak.FinalBytes / entries) with
            {
                Goal = Goal.AtMost((double)peak.PeakBytes / peak.FinalBytes, PeakGoal, ""),
                Note = "resident bytes an entry, at the most and afterwards",
            },
        ];

        Comparison Compared(string workload, PairedTimes times, double goal, string remark) => times.Compare(workload, "redis-server", entries) with
        {
            Goal = Goal.AtMost(times.Ratio, goal, ""),
            Note = remark,
        };
    }

    private static double LoadIntoEmpty(string file)
    {
        double time;
        using (var cache = new EmbeddedCache())
        {
            time = Time(() => cache.ImportAsync(file).GetAwaiter().GetResult());
        }

        // Its addresses are given back by a finalizer.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return time;
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
