using System.Diagnostics;
using ElastiCache.Embedded;
using Microsoft.Data.Sqlite;
using QuickStart;
using Spectre.Console;

// A shop with a cache in front of its database. The first half of a recorded night is served by a process that is killed with SIGKILL
// in the middle of its work; then this process opens what it left behind, checks it, and serves the rest.

if (args is ["--help" or "-h"])
{
    Console.WriteLine(Settings.Usage);
    return 0;
}

Settings settings;
try
{
    settings = Settings.Parse(args);
}
catch (FormatException e)
{
    Console.Error.WriteLine(e.Message);
    Console.Error.WriteLine(Settings.Usage);
    return 64; // EX_USAGE
}

try
{
    Directory.CreateDirectory(settings.Folder);
    RecordedTrace trace = RecordedTrace.Load(Path.Combine(AppContext.BaseDirectory, "c2k_orm_night.ctr.gz"), settings.Requests);
    return settings.IsWorker ? await Worker.RunAsync(settings, trace) : await RunAsync(settings, trace);
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException or CacheException or WorkerException)
{
    // A folder in use, a full disk, a database that another run is filling: the message says which, and the way out.
    Console.Error.WriteLine(e.Message);
    return 1;
}

static async Task<int> RunAsync(Settings settings, RecordedTrace trace)
{
    Screen.Prepare();
    AnsiConsole.MarkupLine("[bold]ElastiCache.Embedded[/]: a recorded night of a shop");
    AnsiConsole.MarkupLine($"{trace.Requests.Length:N0} requests, a cache of {settings.BudgetBytes / 1024:N0} KB before SQLite, all in '{Markup.Escape(settings.Folder)}'");
    AnsiConsole.MarkupLine("[dim]Trace: headissue GmbH, Jens Wilke (cache2k-benchmark), CC BY 4.0[/]");
    WarmStart earlier = await WarmStart.ReportAsync(settings);
    ShopDatabase database = AnsiConsole.Status().Start("Opening the database …", _ => ShopDatabase.Open(settings.DatabaseFile, trace.Keys));

    var killed = new KilledWorker(settings, trace.Requests.Length, earlier.NextOrder);
    killed.Run();

    await using Shop shop = await Shop.OpenAsync(settings, database);
    bool isSound = Inspection.Check(shop, killed, trace.Keys, earlier);

    var stopwatch = Stopwatch.StartNew();
    Screen.WithProgress("Second half", trace.Requests.Length - killed.Served, progress =>
        shop.Serve(trace.Requests.AsSpan(killed.Served), killed.NextOrder, progress, _ => { }));
    Screen.ShowResult(shop, stopwatch.Elapsed);
    AnsiConsole.MarkupLine("Run it again to start warm. The logs are Redis's own: [dim]redis-check-aof " +
        $"{Markup.Escape(Path.Combine(settings.CacheFolder, "appendonlydir", "appendonly.aof.manifest"))}[/]");
    return isSound ? 0 : 1;
}
