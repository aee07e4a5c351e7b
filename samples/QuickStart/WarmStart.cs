using ElastiCache.Embedded;
using Spectre.Console;

namespace QuickStart;

/// <summary>Says what an earlier run left, before this one begins.</summary>
internal static class WarmStart
{
    /// <summary>Looks at the folder.</summary>
    /// <returns>The first number that no earlier order has.</returns>
    public static async Task<int> ReportAsync(Settings settings)
    {
        if (!Directory.Exists(settings.CacheFolder))
        {
            AnsiConsole.MarkupLine("Cold start: the folder is new.");
            return 0;
        }

        await using EmbeddedCache products = await EmbeddedCache.OpenAsync(
            new EmbeddedCacheOptions { Folder = settings.CacheFolder, MaxMemory = settings.BudgetBytes });
        await using EmbeddedCache orders = await EmbeddedCache.OpenAsync(settings.OrdersFolder);
        AnsiConsole.MarkupLine(
            $"[green]Warm start[/]: {products.Keys.Count:N0} products and {orders.Keys.Count:N0} orders of an earlier run " +
            $"are back after {products.Recovery!.Duration.TotalMilliseconds:N0} ms.");
        return (int)orders.Keys.Count * 2;
    }
}
