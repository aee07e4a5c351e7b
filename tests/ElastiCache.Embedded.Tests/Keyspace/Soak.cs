using System.Diagnostics;
using System.Globalization;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>How long a stress test runs: a second or two in CI, as long as <c>ELASTICACHE_SOAK_SECONDS</c> says elsewhere.</summary>
internal static class Soak
{
    private static readonly double? Seconds =
        double.TryParse(Environment.GetEnvironmentVariable("ELASTICACHE_SOAK_SECONDS"), CultureInfo.InvariantCulture, out double seconds) ? seconds : null;

    /// <summary>Runs workers on threads of their own until the time is over.</summary>
    /// <param name="secondsInCI">The time, unless the variable says otherwise.</param>
    /// <param name="workers">Each is called again and again with the number of the round.</param>
    public static void Run(double secondsInCI, params Action<int>[] workers) => Run(secondsInCI, () => true, workers);

    /// <summary>As the other, but not before there has been enough of what the test is about: a busy machine may not come to it in the time.</summary>
    public static void Run(double secondsInCI, Func<bool> hasEnough, params Action<int>[] workers)
    {
        long begin = Stopwatch.GetTimestamp();
        var time = TimeSpan.FromSeconds(Seconds ?? secondsInCI);
        bool failed = false;
        var threads = workers.Select(worker => new Background(() =>
        {
            try
            {
                for (int round = 0; !Volatile.Read(ref failed) && (Stopwatch.GetElapsedTime(begin) < time || !hasEnough()); round++)
                {
                    worker(round);
                }
            }
            catch
            {
                Volatile.Write(ref failed, true);
                throw;
            }
        })).ToList();
        threads.ForEach(thread => thread.Join());
    }
}
