using System.Diagnostics;
using QuickStart;
using Spectre.Console;

// A shop with a cache in front of its database. The first half of a recorded night is served by a process that is killed with SIGKILL
// in the middle of its work; then this process opens what it left behind, checks it, and serves the rest.

Settings settings;
try
{
    settings = Settings.Parse(args);
}
catch (FormatException e)
{
    Console.Error.WriteLine(e.Message);
    Console.Error.WriteLine(Settings.Usage);
    return 64;
}

Directory.CreateDirectory(settings.Folder);
RecordedTrace trace = RecordedTrace.Load(Path.Combine(AppContext.BaseDirectory, "c2k_orm_night.ctr.gz"), settings.Requests);
if (settings.IsWorker)
{
    return await Worker.RunAsync(settings, trace);
}

AnsiConsole.MarkupLine("[bold]ElastiCache.Embedded[/]: a recorded night of a shop, " +
    $"{trace.Requests.Length:N0} requests, a cache of {settings.BudgetBytes / 1024:N0} KB before SQLite");
AnsiConsole.MarkupLine("[dim]Trace: headissue GmbH, Jens Wilke (cache2k-benchmark), CC BY 4.0[/]");
ShopDatabase database = AnsiConsole.Status().Start("Filling the database …", _ => ShopDatabase.Open(settings.DatabaseFile, trace.Keys));
int firstOrder = await WarmStart.ReportAsync(settings);

var killed = new KilledWorker(settings, trace.Requests.Length, firstOrder);
killed.Run();

await using Shop shop = await Shop.OpenAsync(settings, database);
bool isSound = Inspection.Check(shop, killed, trace.Keys);

var stopwatch = Stopwatch.StartNew();
Screen.WithProgress("Second half", trace.Requests.Length - killed.Served, progress =>
    shop.Serve(trace.Requests.AsSpan(killed.Served), killed.NextOrder, progress, _ => { }));
Screen.ShowResult(shop, stopwatch.Elapsed);
return isSound ? 0 : 1;
