using ElastiCache.Embedded;
using Spectre.Console;

namespace QuickStart;

/// <summary>What earlier runs left in the folder.</summary>
/// <param name="Orders">How many orders are there.</param>
internal sealed record WarmStart(long Orders)
{
    /// <summary>A number that no earlier order has: a run leaves out one number at most, that of an order whose acknowledgement was never heard.</summary>
    public int NextOrder => (int)Orders * 2;

    /// <summary>Looks at the folder, and says what is there.</summary>
    public static async Task<WarmStart> ReportAsync(Settings settings)
    {
        if (!Directory.Exists(settings.CacheFolder))
        {
            AnsiConsole.MarkupLine("Cold start: the folder is new.");
            return new WarmStart(0);
        }

        await using EmbeddedCache products = await EmbeddedCache.OpenAsync(
            new EmbeddedCacheOptions { Folder = settings.CacheFolder, MaxMemory = settings.BudgetBytes });
        await using EmbeddedCache orders = await EmbeddedCache.OpenAsync(settings.OrdersFolder);
        AnsiConsole.MarkupLine(
            $"[green]Warm start[/]: {products.Keys.Count:N0} products and {orders.Keys.Count:N0} orders of earlier runs " +
            $"are back after {(products.Recovery!.Duration + orders.Recovery!.Duration).TotalMilliseconds:N0} ms.");
        return new WarmStart(orders.Keys.Count);
    }
}
