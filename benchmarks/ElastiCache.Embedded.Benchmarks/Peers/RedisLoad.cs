using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>How long redis-server takes to load its files when it is started: by its own log, so that the start of the process is not counted.</summary>
internal static partial class RedisLoad
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    /// <summary>Starts a server on an RDB file, and ends it.</summary>
    /// <returns>Nanoseconds.</returns>
    public static double OfFile(string folder, string file) => Measure(folder, ["--dbfilename", file]);

    /// <summary>Starts a server on a folder with an append-only log, and ends it.</summary>
    /// <returns>Nanoseconds.</returns>
    public static double OfLog(string folder) => Measure(folder, ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"]);

    private static double Measure(string folder, string[] arguments)
    {
        string log = Path.Combine(folder, "redis-" + Guid.NewGuid().ToString("N") + ".log");
        using (RedisProcess.Start(port => new ProcessStartInfo(
            "redis-server", ["--port", port, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--dir", folder, "--logfile", log, .. arguments])))
        {
            var waited = Stopwatch.StartNew();
            while (true)
            {
                Match match = File.Exists(log) ? Loaded().Match(ReadShared(log)) : Match.Empty;
                if (match.Success)
                {
                    return double.Parse(match.Groups["seconds"].Value, CultureInfo.InvariantCulture) * 1e9;
                }

                if (waited.Elapsed > Timeout)
                {
                    throw new TimeoutException($"redis-server has not loaded '{folder}' within {Timeout}.");
                }

                Thread.Sleep(20);
            }
        }
    }

    private static string ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"DB loaded from (?:disk|append only file): (?<seconds>[0-9.]+) seconds")]
    private static partial Regex Loaded();
}
