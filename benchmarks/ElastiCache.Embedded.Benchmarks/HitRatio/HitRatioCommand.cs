using System.Collections.Concurrent;
using ElastiCache.Embedded.Benchmarks.Workloads;

namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>The <c>hitratio</c> command: real traces through the real cache, beside its peers and the policies that they are measured by.</summary>
internal static class HitRatioCommand
{
    public const string Usage = """
        hitratio [--traces DIR] [--json FILE] [--curves DIR] [--quick] [--only CACHE[,…]] [--trace NAME[,…]]

          --traces DIR  the folder of the traces; default ../shared/traces beside the repository
          --json FILE   writes every miss ratio as a JSON array
          --curves DIR  draws the reductions as PNG files into a folder
          --quick       1 and 10 % of the footprint only, without the traces of more than a million requests
          --only        caches whose name contains one of these; LRU takes part always
          --trace       traces whose name begins so
        """;

    private const string DefaultFolder = "shared/traces";

    public static int Run(ReadOnlySpan<string> arguments)
    {
        string? folder = null;
        string? json = null;
        string? curves = null;
        bool quick = false;
        string[] only = [];
        string[] names = [];
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--traces": folder = ValueOf(arguments, ref i); break;
                case "--json": json = ValueOf(arguments, ref i); break;
                case "--curves": curves = ValueOf(arguments, ref i); break;
                case "--only": only = ValueOf(arguments, ref i).Split(','); break;
                case "--trace": names = ValueOf(arguments, ref i).Split(','); break;
                case "--quick": quick = true; break;
                default:
                    throw new ArgumentException($"'hitratio' does not understand '{arguments[i]}'. Usage:\n{Usage}");
            }
        }

        folder ??= FindDefaultFolder();
        List<Trace> traces = [.. Trace.LoadAll(folder).Where(t => names.Length == 0 || names.Any(n => t.Name.StartsWith(n, StringComparison.Ordinal)))];
        List<Contestant> contestants = [.. Contestant.All.Where(c => c.Name == Contestant.Yardstick || only.Length == 0 || only.Any(n => c.Name.Contains(n, StringComparison.OrdinalIgnoreCase)))];
        List<Outcome> outcomes = Replay(CellList.Of(traces, SizeDistribution.LoadAll(folder), quick), contestants);
        var report = new HitRatioReport(outcomes);
        report.Print(Console.Out);
        if (json is not null)
        {
            Outcome.WriteJson(json, outcomes);
        }

        if (curves is not null)
        {
            Curves.Draw(curves, report, outcomes);
        }

        return 0;
    }

    // Only miss ratios are measured, which don't depend on time, so cells may run side by side.
    private static List<Outcome> Replay(List<Cell> cells, List<Contestant> contestants)
    {
        var outcomes = new ConcurrentBag<(int Cell, int Contestant, Outcome Outcome)>();
        var jobs = cells.SelectMany((_, cell) => contestants.Select((_, contestant) => (cell, contestant)));
        int done = 0;
        Parallel.ForEach(jobs, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, job =>
        {
            (int cell, int contestant) = job;
            using ReplayedCache? cache = contestants[contestant].Create(cells[cell]);
            if (cache is not null)
            {
                outcomes.Add((cell, contestant, Outcome.Of(cells[cell], contestants[contestant].Name, cache)));
            }

            if (contestant == contestants.Count - 1)
            {
                Progress.Report($"{Interlocked.Increment(ref done)} of {cells.Count}: {cells[cell].Name}");
            }
        });
        return [.. outcomes.OrderBy(o => o.Cell).ThenBy(o => o.Contestant).Select(o => o.Outcome)];
    }

    private static string FindDefaultFolder()
    {
        for (string? folder = Directory.GetCurrentDirectory(); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(Path.Combine(folder, DefaultFolder)))
            {
                return Path.Combine(folder, DefaultFolder);
            }
        }

        throw new ArgumentException($"There is no folder {DefaultFolder} above here. Name the folder of the traces with --traces.");
    }

    private static string ValueOf(ReadOnlySpan<string> arguments, ref int i) => ++i < arguments.Length
        ? arguments[i]
        : throw new ArgumentException($"'{arguments[i - 1]}' needs a value. Usage:\n{Usage}");
}
