using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Opening a folder with an append-only log, and starting redis-server on the same one, in turns, by the wall clock.</summary>
/// <remarks>
/// <c>aof-load-theirs</c>: redis-server has written the log; <c>aof-load-ours</c>: we have, with our checksums, which redis-server skips. As many commands as there are entries in other
/// workloads, half of them SET with values of some 100 bytes, the others build hashes, lists, sets and sorted sets of ten elements. Ours opens a new copy each time, because opening may begin a new
/// increment, and closes it; the server's time is the one in its own log. Times are a command.
/// </remarks>
internal sealed class AofFiles(RunSettings settings)
{
    private const double Goal = 0.4;
    private const int Elements = 10;

    private int Strings => settings.Entries / 2;

    private int Collections => settings.Entries / 2 / (4 * Elements);

    private int Commands => Strings + (4 * Elements * Collections);

    public async Task<List<Comparison>> RunAsync()
    {
        List<Comparison> result = [];
        foreach (string writer in ((string[])["theirs", "ours"]).Where(writer => settings.Wants($"aof-load-{writer}")))
        {
            if (!RedisProcess.IsInstalled("redis-server"))
            {
                Progress.Report("AOF files: skipped, redis-server is not installed");
                break;
            }

            Progress.Report($"AOF files, written by {(writer == "ours" ? "us" : "redis-server")}");
            string folder = Directory.CreateDirectory(Path.Combine(settings.Folder, $"aof-{writer}")).FullName;
            await (writer == "ours" ? WriteOursAsync(folder) : WriteTheirsAsync(folder));
            result.Add(await CompareAsync($"aof-load-{writer}", folder));
            Directory.Delete(folder, recursive: true);
        }

        return result;
    }

    private async Task<Comparison> CompareAsync(string workload, string folder)
    {
        var times = new PairedTimes();
        for (int round = 0; round <= settings.WriteRounds; round++)
        {
            double theirTime = RedisLoad.OfLog(folder);
            times.Add(await OpenCopyAsync(folder), theirTime);
        }

        long bytes = new DirectoryInfo(folder).EnumerateFiles("*.aof", SearchOption.AllDirectories).Sum(file => file.Length);
        return times.Compare(workload, "redis-server", Commands) with
        {
            Goal = Report.Goal.AtMost(times.Ratio, Goal, ""),
            Note = string.Create(CultureInfo.InvariantCulture, $"wall clock; {Commands:N0} commands, {bytes / 1e6:0} MB"),
        };
    }

    private async Task<double> OpenCopyAsync(string folder)
    {
        string copy = Path.Combine(settings.Folder, "aof-copy");
        foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("appendonly*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(copy, Path.GetRelativePath(folder, file.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            file.CopyTo(to);
            using FileStream written = File.OpenWrite(to);
            written.Flush(flushToDisk: true);   // what opening syncs has nothing to write then
        }

        double time;
        long started = Stopwatch.GetTimestamp();
        await using (EmbeddedCache cache = await EmbeddedCache.OpenAsync(copy))
        {
            time = Stopwatch.GetElapsedTime(started).TotalNanoseconds;
            long keys = cache.Keys.Count;
            if (keys != Strings + (4L * Collections))
            {
                throw new InvalidOperationException($"The cache has {keys} keys.");
            }
        }

        Directory.Delete(copy, recursive: true);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return time;
    }

    private async Task WriteTheirsAsync(string folder)
    {
        using RedisProcess redis = RedisProcess.Start(port => new ProcessStartInfo(
            "redis-server",
            ["--port", port, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--dir", folder, "--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0"]));
        for (int i = 0; i < Strings; i++)
        {
            redis.Send("SET", TestKeys.Create(i), System.Text.Encoding.UTF8.GetString(Documents.Create(i)));
        }

        for (int i = 0; i < Collections * Elements; i++)
        {
            int collection = i / Elements, element = i % Elements;
            redis.Send("HSET", $"hash:{collection}", $"field:{element}", $"value {i}");
            redis.Send("RPUSH", $"list:{collection}", $"element {i}");
            redis.Send("SADD", $"set:{collection}", $"member {i}");
            redis.Send("ZADD", $"board:{collection}", $"{element}.5", $"member {i}");
        }

        redis.Flush();
        await redis.EndAsync();
    }

    private async Task WriteOursAsync(string folder)
    {
        await using EmbeddedCache cache = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions { Folder = folder, Durability = DurabilityMode.No, LogRewriteGrowthPercent = 0 });
        for (int i = 0; i < Strings; i++)
        {
            cache.Strings.Set(TestKeys.Create(i), Documents.Create(i));
        }

        for (int i = 0; i < Collections * Elements; i++)
        {
            int collection = i / Elements, element = i % Elements;
            cache.Hash<string, string>($"hash:{collection}").Set($"field:{element}", $"value {i}");
            cache.List<string>($"list:{collection}").PushRight($"element {i}");
            cache.Set<string>($"set:{collection}").Add($"member {i}");
            cache.SortedSet<string>($"board:{collection}").Add($"member {i}", element + 0.5);
        }

        await cache.FlushAsync();
    }
}
