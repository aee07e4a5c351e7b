using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded;
using Spectre.Console;
using TimeMachine;

// A shop's prices are in a durable cache. A bad deploy overwrites and deletes them while customers go on ordering. The prices are brought back as they were the
// second before, without a restart, and no order is lost.

if (args.Length > 1 || args is ["--help" or "-h"])
{
    Console.WriteLine("TimeMachine [FOLDER]    FOLDER is where the cache lives; default: a new one that is deleted at the end");
    return args is ["--help" or "-h"] ? 0 : 64; // EX_USAGE
}

string folder = args is [var given] ? given : Directory.CreateTempSubdirectory("time-machine-").FullName;
try
{
    return await RunAsync(folder);
}
catch (LogException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
finally
{
    if (args is [])
    {
        Directory.Delete(folder, recursive: true);
    }
}

static async Task<int> RunAsync(string folder)
{
    await using EmbeddedCache cache = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions { Folder = folder, HistoryRetention = TimeSpan.FromDays(7) });
    var shop = new Shop(cache);
    shop.StockUp();
    await using Customers customers = Customers.Come(shop);
    AnsiConsole.MarkupLine($"[green]{Shop.Products:N0} products[/], checksum {shop.Checksum():x16}. Customers are ordering.");

    // What has been written so far is restored to the second, so let the second pass.
    await cache.FlushAsync();
    await customers.KeepOrderingAsync(TimeSpan.FromSeconds(2));
    await cache.RewriteLogAsync();
    ulong good = shop.Checksum();
    DateTimeOffset before = TimeProvider.System.GetUtcNow();
    await customers.KeepOrderingAsync(TimeSpan.FromSeconds(1.5));

    shop.DeployBadly();
    await customers.KeepOrderingAsync(TimeSpan.FromSeconds(1));
    AnsiConsole.MarkupLine($"[red]A bad deploy:[/] {shop.Damaged():N0} prices are wrong or gone, and customers order on.");

    long started = Stopwatch.GetTimestamp();
    RestoreReport report = await cache.RestoreKeysAsync("price:*", before);
    TimeSpan took = Stopwatch.GetElapsedTime(started);
    AnsiConsole.MarkupLine(
        $"[green]Restored to {before.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC[/] in {took.TotalMilliseconds:N0} ms: {report.Restored:N0} prices back, {report.Deleted:N0} that the deploy had added are gone.");

    (long ordered, long found) = await customers.GoHomeAsync();
    bool isWell = shop.Damaged() == 0 && shop.Checksum() == good && found == ordered;
    AnsiConsole.MarkupLine($"Checksum {shop.Checksum():x16}, {(shop.Checksum() == good ? "as before" : "[red]not as before[/]")}; {ordered:N0} orders, {ordered - found:N0} lost.");
    return isWell ? 0 : 1;
}
