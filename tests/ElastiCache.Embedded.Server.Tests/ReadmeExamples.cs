using ElastiCache.Embedded.Server;
using StackExchange.Redis;

namespace ElastiCache.Embedded.Server.Tests;

/// <summary>The README's examples about the server as code: they compile. Never run.</summary>
internal static class ReadmeExamples
{
    internal static async Task Server()
    {
        await using var cache = new EmbeddedCache();
        await using var server = await RespServer.StartAsync(cache, new() { Port = 0 });        // a free port; any Redis client connects
        Console.WriteLine(server.Port);
    }

    internal static async Task Tunnel(EmbeddedCache cache)
    {
        using IConnectionMultiplexer redis = await cache.ConnectAsync();                      // no socket, no port
        IDatabase db = redis.GetDatabase();
        await db.StringSetAsync("greeting", "hello");
    }
}
