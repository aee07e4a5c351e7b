using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ElastiCache.Embedded.Benchmarks.Children;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Requests a second by <c>redis-benchmark</c>: our server, redis-server and Garnet, each in a process of its own, in turns.</summary>
/// <remarks>
/// 50 connections, values of 100 bytes, keys drawn from 100,000. The ratio is peer's time a request / ours by the wall clock, so more than 1 is faster here;
/// the times are CPU of the server's process a request, which says more where the client is the bottleneck: redis-benchmark takes a core of its own.
/// Skipped where it is not installed.
/// </remarks>
internal sealed partial class RespThroughput(RunSettings settings)
{
    public const string ServeVerb = "serve-resp";
    public const string GarnetVerb = "serve-garnet";

    private const string Prefix = "resp";
    private const string RedisServer = "redis-server";
    private const string Garnet = "Garnet";

    public List<Comparison> Run()
    {
        (string Name, string Test, int Pipeline)[] works =
        [
            .. ((string, string, int)[])[("set-p16", "set", 16), ("get-p16", "get", 16), ("set-p1", "set", 1), ("get-p1", "get", 1)],
        ];
        works = [.. works.Where(work => settings.Wants($"{Prefix}-{work.Name}"))];
        if (works.Length == 0)
        {
            return [];
        }

        if (!RedisProcess.IsInstalled("redis-benchmark") || !RedisProcess.IsInstalled("redis-server"))
        {
            Progress.Report("RESP: skipped, redis-benchmark or redis-server is not installed");
            return [];
        }

        Progress.Report("RESP servers");
        using RedisProcess ours = RedisProcess.Start(port => ChildProcess.Command([ServeVerb, port], inlineSockets: true));
        using RedisProcess redis = RedisProcess.StartRedis();
        using RedisProcess garnet = RedisProcess.Start(port => ChildProcess.Command([GarnetVerb, port], inlineSockets: false));
        var peers = ((string Name, RedisProcess Server)[])[(RedisServer, redis), (Garnet, garnet)];
        List<Comparison> result = [];
        foreach ((string name, string test, int pipeline) in works)
        {
            Progress.Report($"{Prefix}-{name}");
            result.AddRange(Measure(name, test, pipeline, ours, peers));
        }

        return result;
    }

    private IEnumerable<Comparison> Measure(string name, string test, int pipeline, RedisProcess ours, (string Name, RedisProcess Server)[] peers)
    {
        int requests = (pipeline > 1 ? 1_000_000 : 100_000) * (settings.Quick ? 1 : 3);
        List<Lap> our = [];
        List<Lap>[] theirs = [[], []];
        foreach (RedisProcess server in peers.Select(peer => peer.Server).Prepend(ours))
        {
            Benchmark(server, test, pipeline, requests / 10);
        }

        for (int round = 0; round < settings.WriteRounds; round++)
        {
            our.Add(Benchmark(ours, test, pipeline, requests));
            for (int i = 0; i < peers.Length; i++)
            {
                theirs[i].Add(Benchmark(peers[i].Server, test, pipeline, requests));
            }
        }

        for (int i = 0; i < peers.Length; i++)
        {
            double ratio = Median.Of(our.Zip(theirs[i], (a, b) => a.RequestsASecond / b.RequestsASecond));
            double least = pipeline > 1 && peers[i].Name == RedisServer ? 1.2 : 1.0;
            yield return Comparison.Of(
                $"{Prefix}-{name}", Roster.Subject.Name, peers[i].Name, Median.Of(our.Select(lap => lap.ProcessorNs)), Median.Of(theirs[i].Select(lap => lap.ProcessorNs)), rounds: our.Count) with
            {
                Ratio = ratio,
                Goal = new Goal(string.Create(CultureInfo.InvariantCulture, $"≥ {least:0.0} ×"), ratio >= least),
                Note = string.Create(
                    CultureInfo.InvariantCulture,
                    $"throughput; {Median.Of(our.Select(lap => lap.RequestsASecond)) / 1e3:0} : {Median.Of(theirs[i].Select(lap => lap.RequestsASecond)) / 1e3:0} thousand a second"),
            };
        }
    }

    private static Lap Benchmark(RedisProcess server, string test, int pipeline, int requests)
    {
        TimeSpan before = server.ProcessorTime;
        var start = new ProcessStartInfo("redis-benchmark", ["-p", Number(server.Port), "-c", "50", "-P", Number(pipeline), "-n", Number(requests), "-r", "100000", "-d", "100", "-t", test, "-q"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Match rate = RequestsPerSecond().Matches(output).LastOrDefault() ?? throw new InvalidOperationException($"redis-benchmark printed '{output.Trim()}'.");
        return new Lap(double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture), (server.ProcessorTime - before).TotalNanoseconds / requests);
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"([0-9.]+) requests per second")]
    private static partial Regex RequestsPerSecond();

    private readonly record struct Lap(double RequestsASecond, double ProcessorNs);
}
