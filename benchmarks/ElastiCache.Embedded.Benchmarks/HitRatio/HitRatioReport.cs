using System.Globalization;

namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>The tables of a run: miss ratios by cell, and how much each cache misses less than LRU.</summary>
internal sealed class HitRatioReport(IReadOnlyList<Outcome> outcomes)
{
    private readonly Dictionary<Cell, long> _yardstick =
        outcomes.Where(o => o.Cache == Contestant.Yardstick).ToDictionary(o => o.Cell, o => o.Misses);

    private readonly List<string> _caches = [.. outcomes.Select(o => o.Cache).Distinct().OrderBy(RosterOrder)];

    /// <summary>The reduction of the misses against LRU, 1 = none left.</summary>
    public double ReductionOf(Outcome outcome) => 1 - ((double)outcome.Misses / _yardstick[outcome.Cell]);

    public void Print(TextWriter output)
    {
        PrintCells(output);
        PrintGroup(output, "Equal sizes, counted in entries", outcomes.Where(o => o.Cell.Unit == Unit.Entries));
        PrintGroup(output, "Bytes, CacheLib's sizes", outcomes.Where(o => o.Cell.Unit == Unit.Bytes && o.Cell.SizesFrom != "native"));
        PrintGroup(output, "Bytes, native sizes", outcomes.Where(o => o.Cell.Unit == Unit.Bytes && o.Cell.SizesFrom == "native"));
    }

    private static int RosterOrder(string cache) => Contestant.All.TakeWhile(c => c.Name != cache).Count();

    private void PrintCells(TextWriter output)
    {
        output.WriteLine("Miss ratios in percent.");
        output.WriteLine();
        output.WriteLine("| trace, sizes, part of the footprint | entries | " + string.Join(" | ", _caches) + " |");
        output.WriteLine("|---|--:|" + string.Concat(_caches.Select(_ => "--:|")));
        foreach (IGrouping<Cell, Outcome> cell in outcomes.GroupBy(o => o.Cell))
        {
            var byCache = cell.ToDictionary(o => o.Cache, o => o.MissRatio);
            var cells = _caches.Select(c => byCache.TryGetValue(c, out double ratio) ? Percent(ratio, "0.0") : "");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {cell.Key.Name} | {cell.Key.Entries} | {string.Join(" | ", cells)} |"));
        }
    }

    private void PrintGroup(TextWriter output, string title, IEnumerable<Outcome> group)
    {
        List<Outcome> members = [.. group];
        if (members.Count == 0)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine($"{title}: fewer misses than LRU, in percent.");
        output.WriteLine();
        output.WriteLine("| cache | mean | worst | in | cells |");
        output.WriteLine("|---|--:|--:|---|--:|");
        foreach (string cache in _caches.Where(c => c != Contestant.Yardstick && members.Exists(o => o.Cache == c)))
        {
            List<Outcome> its = [.. members.Where(o => o.Cache == cache)];
            Outcome worst = its.MinBy(ReductionOf)!;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {cache} | {Percent(its.Average(ReductionOf), "0.0")} | {Percent(ReductionOf(worst), "0.0")} | {worst.Cell.Name} | {its.Count} |"));
        }
    }

    private static string Percent(double value, string format) => (value * 100).ToString(format, CultureInfo.InvariantCulture);
}
