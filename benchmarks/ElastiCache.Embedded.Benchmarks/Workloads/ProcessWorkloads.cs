using ElastiCache.Embedded.Benchmarks.Children;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Memory an entry, collection time, pauses and the slowest insertion: each cache in a process of its own.</summary>
internal sealed class ProcessWorkloads(RunSettings settings)
{
    private const string Memory = "memory", Collection = "gen2-gc", Pauses = "gc-pauses-95-5", Slowest = "growth-slowest";

    private static readonly string[] MemoryPeers =
        [Roster.ConcurrentDictionary, Roster.MemoryCache, Roster.BitFasterLru, Roster.BitFasterLfu, Roster.Faster];

    private static readonly string[] PausePeers =
        [Roster.ConcurrentDictionary, Roster.MemoryCache, Roster.BitFasterLru, Roster.Faster];

    public async Task<List<Comparison>> RunAsync()
    {
        List<Comparison> result = [];
        if (settings.Wants(Memory) || settings.Wants(Collection) || settings.Wants(Pauses))
        {
            result.AddRange(await OccupancyAsync());
        }

        if (settings.Wants(Slowest))
        {
            result.AddRange(await GrowthAsync());
        }

        return result;
    }

    private async Task<List<Comparison>> OccupancyAsync()
    {
        string subject = Roster.Subject.Name;
        Occupancy nothing = await MeasureAsync(Occupancy.NoCache, 0);
        Occupancy ours = await MeasureAsync(subject, settings.PauseSeconds);
        List<Comparison> memory = [], collection = [], pauses = [];
        foreach (string peer in MemoryPeers.Where(p => settings.Wants(Roster.Find(p))))
        {
            bool pausesToo = PausePeers.Contains(peer);
            Occupancy theirs = await MeasureAsync(peer, pausesToo ? settings.PauseSeconds : 0);
            string note = theirs.Present < 1 ? $"peer kept {theirs.Present:P1}" : ours.Present < 1 ? $"ours kept {ours.Present:P1}" : "";
            memory.Add(Comparison.Of(Memory, subject, peer, null, null, BytesAnEntry(ours), BytesAnEntry(theirs)) with
            {
                Goal = Goal.AtMost(BytesAnEntry(ours), 150, "B"),
                Note = $"resident, {settings.MemoryEntries:N0} entries {note}".TrimEnd(),
            });
            collection.Add(Comparison.Of(Collection, subject, peer, Over(ours), Over(theirs), rounds: 5) with
            {
                Goal = Goal.AtMost(Over(ours) / 1e6, 5, "ms"),
                Note = $"over {TablePrinter.Time(nothing.CollectionNanoseconds)} without a cache",
            });
            if (pausesToo)
            {
                pauses.Add(Comparison.Of(Pauses, subject, peer, ours.PauseNanoseconds, theirs.PauseNanoseconds) with
                {
                    Goal = Goal.AtMost(ours.PauseNanoseconds / 1e6, 0, "ms"),
                    Note = $"in {settings.PauseSeconds} s; collections {ours.Collections} : {theirs.Collections}, "
                        + $"operations {ours.Operations / 1e6:0.0} M : {theirs.Operations / 1e6:0.0} M",
                });
            }
        }

        return [.. memory.Concat(collection).Concat(pauses).Where(c => settings.Wants(c.Workload))];

        double BytesAnEntry(Occupancy occupancy) =>
            (double)(occupancy.ResidentBytes - nothing.ResidentBytes) / settings.MemoryEntries;

        double Over(Occupancy occupancy) => Math.Max(0, occupancy.CollectionNanoseconds - nothing.CollectionNanoseconds);
    }

    private Task<Occupancy> MeasureAsync(string name, int pauseSeconds)
    {
        Progress.Report($"{settings.MemoryEntries:N0} entries in a process of their own: {name}");
        return Occupancy.InChildAsync(name, settings.MemoryEntries, settings.Wants(Pauses) ? pauseSeconds : 0, settings.Folder);
    }

    private async Task<List<Comparison>> GrowthAsync()
    {
        Progress.Report($"Growing to {settings.GrowthEntries:N0} entries, every insertion timed");
        Growth ours = await Growth.InChildAsync(Roster.Subject.Name, settings.GrowthEntries, settings.Folder);
        Growth theirs = await Growth.InChildAsync(Roster.ConcurrentDictionary, settings.GrowthEntries, settings.Folder);
        Progress.Report($"  ours  {Describe(ours)}");
        Progress.Report($"  peer  {Describe(theirs)}");
        return
        [
            Comparison.Of(Slowest, Roster.Subject.Name, Roster.ConcurrentDictionary, ours.SlowestNanoseconds, theirs.SlowestNanoseconds) with
            {
                Goal = Goal.AtMost(ours.SlowestNanoseconds / 1e6, 2, "ms"),
                Note = $"ours {ours.SlowestCause}; p99.999 {TablePrinter.Time(ours.P99999Nanoseconds)} : "
                    + $"{TablePrinter.Time(theirs.P99999Nanoseconds)}; by the wall clock "
                    + $"{TablePrinter.Time(ours.SlowestWallNanoseconds)} : {TablePrinter.Time(theirs.SlowestWallNanoseconds)}",
            },
        ];
    }

    private static string Describe(Growth growth) =>
        $"slowest {TablePrinter.Time(growth.SlowestNanoseconds)} ({growth.SlowestCause}); "
        + $"by the wall clock {TablePrinter.Time(growth.SlowestWallNanoseconds)} ({growth.SlowestWallCause}); "
        + $"p99.999 {TablePrinter.Time(growth.P99999Nanoseconds)}, median {TablePrinter.Time(growth.MedianNanoseconds)}, "
        + $"{growth.Collections} collections";
}
