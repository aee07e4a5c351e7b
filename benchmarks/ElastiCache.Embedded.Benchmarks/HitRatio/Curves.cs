using ScottPlot;

namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>Draws the reductions against LRU, one picture a group of cells: the mean over the traces, by the part of the footprint.</summary>
internal static class Curves
{
    private const int Width = 900;
    private const int Height = 520;
    private const double LowestShown = -20;

    public static void Draw(string folder, HitRatioReport report, IReadOnlyList<Outcome> outcomes)
    {
        Directory.CreateDirectory(folder);
        Draw(Path.Combine(folder, "hitratio-entries.png"), "Equal sizes", report, outcomes.Where(o => o.Cell.Unit == Unit.Entries));
        Draw(Path.Combine(folder, "hitratio-bytes.png"), "Byte budget", report, outcomes.Where(o => o.Cell.Unit == Unit.Bytes));
    }

    private static void Draw(string path, string title, HitRatioReport report, IEnumerable<Outcome> outcomes)
    {
        using var plot = new Plot();
        foreach (IGrouping<string, Outcome> cache in outcomes.Where(o => o.Cache != Contestant.Yardstick).GroupBy(o => o.Cache))
        {
            var points = cache.GroupBy(o => o.Fraction).OrderBy(g => g.Key).ToList();
            double[] sizes = [.. points.Select(g => Math.Log10(g.Key * 100))];
            double[] reductions = [.. points.Select(g => g.Average(report.ReductionOf) * 100)];
            plot.Add.Scatter(sizes, reductions).LegendText = cache.Key;
        }

        plot.Title($"{title}: misses saved against LRU, mean over the traces");
        plot.XLabel("cache size, % of the footprint");
        plot.YLabel("fewer misses than LRU, %");
        double[] ticks = [.. outcomes.Select(o => o.Fraction).Distinct().Select(f => f * 100)];
        plot.Axes.Bottom.SetTicks([.. ticks.Select(Math.Log10)], [.. ticks.Select(t => FormattableString.Invariant($"{t:0.##}"))]);
        plot.ShowLegend(Edge.Right);

        // One that is far worse would press all others into one line.
        plot.Axes.AutoScale();
        plot.Axes.SetLimitsY(Math.Max(plot.Axes.GetLimits().Bottom, LowestShown), plot.Axes.GetLimits().Top);
        plot.SavePng(path, Width, Height);
    }
}
