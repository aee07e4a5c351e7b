using ElastiCache.Embedded;
using Spectre.Console;

namespace QuickStart;

/// <summary>Progress bars and the table at the end.</summary>
internal static class Screen
{
    // Of a file or a pipe nobody knows the width, and a line must not break in the middle of a sentence that a script looks for.
    private const int WidthOfAFile = 200;

    public static void Prepare()
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = WidthOfAFile;
        }

        // What was acknowledged is on disk already, so there is nothing to save.
        Console.CancelKeyPress += (_, _) =>
        {
            AnsiConsole.Cursor.Show();
            AnsiConsole.MarkupLine("\n[yellow]Stopped.[/] Run it again to go on with what was acknowledged.");
        };
    }

    public static void WithProgress(string title, int total, Action<Action<int>> work) => AnsiConsole.Progress()
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
        .Start(context =>
        {
            ProgressTask task = context.AddTask(title, maxValue: Math.Max(1, total));
            work(done => task.Value = done);
            task.Value = task.MaxValue;
        });

    public static void ShowResult(Shop shop, TimeSpan elapsed)
    {
        CacheStatistics statistics = shop.Products.GetStatistics();
        long requests = shop.Hits + shop.Misses;
        var table = new Table().AddColumn("Second half").AddColumn(new TableColumn("").RightAligned());
        table.AddRow("requests", $"{requests:N0}");
        table.AddRow("hit ratio", $"{100.0 * shop.Hits / Math.Max(1, requests):N1} %");
        table.AddRow("throughput, database included", $"{requests / elapsed.TotalSeconds:N0} requests/s");
        table.AddRow("a hit: p50", $"{shop.HitLatency.Percentile(0.5):N0} ns");
        table.AddRow("a hit: p99", $"{shop.HitLatency.Percentile(0.99):N0} ns");
        table.AddRow("a hit: p99.9", $"{shop.HitLatency.Percentile(0.999):N0} ns");
        table.AddRow("bytes used, of the budget", $"{statistics.UsedBytes:N0} of {statistics.MaxBytes:N0}");
        table.AddRow("entries / evicted", $"{statistics.Entries:N0} / {statistics.Evicted:N0}");
        AnsiConsole.Write(table);
    }
}
