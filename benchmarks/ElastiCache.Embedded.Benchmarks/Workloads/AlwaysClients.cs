using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;
using ElastiCache.Embedded.Benchmarks.Subjects;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Writes acknowledged after their sync by 64 callers, beside redis-server with <c>appendfsync always</c> and 64 clients of redis-benchmark, in turns, by the wall clock.</summary>
/// <remarks>Times are a write of all callers together. Both log to the same disk. Skipped where redis-server or redis-benchmark is not installed.</remarks>
internal sealed class AlwaysClients(RunSettings settings)
{
    private const string Workload = "always-64";
    private const int Callers = 64;
    private const int Rounds = 3;

    private int Writes => settings.Quick ? 20_000 : 100_000;

    public async Task<List<Comparison>> RunAsync()
    {
        if (!settings.Wants(Workload) || !RedisProcess.IsInstalled("redis-server") || !RedisProcess.IsInstalled("redis-benchmark"))
        {
            return [];
        }

        Progress.Report("64 callers whose writes are synced, and 64 clients of redis-server");
        string ourFolder = Directory.CreateDirectory(Path.Combine(settings.Folder, "always-ours")).FullName;
        string theirFolder = Directory.CreateDirectory(Path.Combine(settings.Folder, "always-theirs")).FullName;
        var times = new PairedTimes();
        await using (IDurableWrites subject = await EmbeddedSubject.OpenDurableAsync(ourFolder))
        {
            using RedisProcess redis = RedisProcess.Start(port => new ProcessStartInfo(
                "redis-server",
                ["--port", port, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--dir", theirFolder, "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"]));
            for (int round = 0; round <= Rounds; round++)
            {
                double theirTime = await RunBenchmarkAsync(redis.Port);
                times.Add(await WriteAsync(subject), theirTime);
            }
        }

        return
        [
            times.Compare(Workload, "redis-server") with
            {
                Note = string.Create(CultureInfo.InvariantCulture, $"wall clock; {1e9 / times.Ours:N0} : {1e9 / times.Peers:N0} writes a second"),
            },
        ];
    }

    private async Task<double> WriteAsync(IDurableWrites subject)
    {
        long began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            string[] keys = [.. Enumerable.Range(caller * 16, 16).Select(i => TestKeys.Create(i))];
            byte[] value = TestValues.NewBuffer().ToArray();
            for (int i = 0; i < Writes / Callers; i++)
            {
                await subject.SetAsync(keys[i & 15], value);
            }
        })));
        return Stopwatch.GetElapsedTime(began).TotalNanoseconds / (Writes / Callers * Callers);
    }

    private async Task<double> RunBenchmarkAsync(int port)
    {
        var start = new ProcessStartInfo(
            "redis-benchmark", ["-p", $"{port}", "-c", $"{Callers}", "-n", $"{Writes}", "-d", $"{TestValues.Length}", "-r", "1024", "-t", "set", "--csv"]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("redis-benchmark did not start.");
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        // "SET","12345.67", …      writes a second
        string line = output.Split('\n').First(l => l.StartsWith("\"SET\"", StringComparison.Ordinal));
        return 1e9 / double.Parse(line.Split('"')[3], CultureInfo.InvariantCulture);
    }
}
