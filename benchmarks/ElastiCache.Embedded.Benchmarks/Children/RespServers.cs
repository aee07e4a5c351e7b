using ElastiCache.Embedded.Server;

namespace ElastiCache.Embedded.Benchmarks.Children;

/// <summary>Servers in processes of their own, until they are killed.</summary>
internal static class RespServers
{
    public static async Task ServeAsync(int port)
    {
        using var cache = new EmbeddedCache();
        await using RespServer server = await RespServer.StartAsync(cache, new RespServerOptions { Port = port });
        await Task.Delay(Timeout.Infinite);
    }

    public static async Task ServeGarnetAsync(string port)
    {
        using var server = new Garnet.GarnetServer(["--port", port, "--bind", "127.0.0.1", "--logger-level", "None"]);
        server.Start();
        await Task.Delay(Timeout.Infinite);
    }
}
