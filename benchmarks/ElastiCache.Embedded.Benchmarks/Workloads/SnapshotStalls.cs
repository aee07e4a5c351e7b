using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Children;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>The longest operation while a snapshot or a rewrite of the log runs, beside the longest in as long a time without one; and the memory that it takes.</summary>
/// <remarks>
/// In a process of its own, with a log synced every second: one thread reads and writes without a pause. Each phase is run three times, and the worst counts. An operation during which the kernel took
/// the core away counts with its CPU time only (see <see cref="Growth"/>); the remark has the wall clock's too. What is left without a snapshot is the machine's noise.
/// </remarks>
internal sealed class SnapshotStalls(RunSettings settings)
{
    private const double StallGoalMs = 2, MemoryGoalPercent = 5;
    private const string Quiet = "without one";

    public async Task<List<Comparison>> RunAsync()
    {
        string[] works = ["stall-snapshot", "stall-rewrite", "stall-memory-snapshot", "stall-memory-rewrite"];
        if (!works.Any(settings.Wants))
        {
            return [];
        }

        Progress.Report("Operations while a snapshot and a rewrite run");
        string folder = Directory.CreateDirectory(Path.Combine(settings.Folder, "stalls")).FullName;
        Stalls stalls = await Stalls.InChildAsync(settings.Entries, folder);
        Directory.Delete(folder, recursive: true);
        List<Comparison> result = [.. Lines("snapshot", stalls.Snapshot), .. Lines("rewrite", stalls.Rewrite)];
        return [.. result.Where(c => settings.Wants(c.Workload))];
    }

    private static Comparison[] Lines(string work, StallPair pair)
    {
        (StallPhase with, StallPhase without) = (pair.With, pair.Without);
        double percent = 100.0 * Math.Max(0, with.ExtraBytes - without.ExtraBytes) / pair.ResidentBytes;
        return
        [
            Comparison.Of($"stall-{work}", Roster.Subject.Name, Quiet, with.LongestNanoseconds, without.LongestNanoseconds) with
            {
                Goal = Goal.AtMost(with.LongestNanoseconds / 1e6, StallGoalMs, "ms"),
                Note = $"longest operation in {with.Seconds.ToString("0.0", CultureInfo.InvariantCulture)} s; by the wall clock {Pair(with.LongestWallNanoseconds, without.LongestWallNanoseconds)}; "
                    + $"p50 {Pair(with.MedianNanoseconds, without.MedianNanoseconds)}, p99.9 {Pair(with.P999Nanoseconds, without.P999Nanoseconds)}",
            },
            Comparison.Of($"stall-memory-{work}", Roster.Subject.Name, Quiet, null, null, with.ExtraBytes, without.ExtraBytes) with
            {
                Goal = Goal.AtMost(percent, MemoryGoalPercent, "%"),
                Note = string.Create(CultureInfo.InvariantCulture, $"{percent:0.0} % more of {pair.ResidentBytes / 1e6:0} MB"),
            },
        ];
    }

    private static string Pair(long ours, long theirs) => $"{TablePrinter.Time(ours)} : {TablePrinter.Time(theirs)}";
}
