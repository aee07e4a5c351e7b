// Sessions and HybridCache on an embedded cache that survives restarts.
//
//   dotnet run -c Release --project samples/WebApp
//   curl -c jar -b jar http://localhost:5080/             counts your visits, in the session
//   curl http://localhost:5080/report/42                  slow once, then from the cache
//
// Stop it (or kill it), start it again: the count goes on, and the report is still there. Options are in appsettings.json.
using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded;
using Microsoft.Extensions.Caching.Hybrid;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);

// One line makes the embedded cache the app's IDistributedCache; sessions and HybridCache find it there.
builder.Services.AddElastiCacheEmbedded(builder.Configuration.GetSection("Cache"));
builder.Services.AddSession(options => options.IdleTimeout = TimeSpan.FromMinutes(20));
builder.Services.AddHybridCache();

WebApplication app = builder.Build();
app.UseSession();

app.MapGet("/", (HttpContext context) =>
{
    int visits = (context.Session.GetInt32("visits") ?? 0) + 1;
    context.Session.SetInt32("visits", visits);
    return $"Visit {visits} of session {context.Session.Id[..8]}\n";
});

app.MapGet("/report/{number:int}", async (int number, HybridCache cache, CancellationToken token) =>
{
    long start = Stopwatch.GetTimestamp();
    Report report = await cache.GetOrCreateAsync($"report:{number}", number, Report.ComputeAsync, cancellationToken: token);
    return $"{report.Text}, computed at {report.ComputedAt:O}, served in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F1} ms\n";
});

// The cache itself is there too, with everything that IDistributedCache can't do.
app.MapGet("/keys", (EmbeddedCache cache) => $"{cache.Keys.Count.ToString(CultureInfo.InvariantCulture)} keys\n");

app.Run();

internal sealed record Report(string Text, DateTimeOffset ComputedAt)
{
    /// <summary>Stands for a slow query.</summary>
    public static async ValueTask<Report> ComputeAsync(int number, CancellationToken token)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), token);
        return new Report($"Report {number}", TimeProvider.System.GetUtcNow());
    }
}
