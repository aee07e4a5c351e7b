using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Server.Tests.House;

/// <summary>A cache with a server on a port of the system's choice.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private TestServer(EmbeddedCache cache, RespServer server, FakeTimeProvider? time)
    {
        Cache = cache;
        Server = server;
        Time = time;
    }

    public EmbeddedCache Cache { get; }

    public RespServer Server { get; }

    /// <summary>The server's time, where a test moves it.</summary>
    public FakeTimeProvider? Time { get; }

    public static async Task<TestServer> StartAsync(Action<RespServerOptions>? configure = null, EmbeddedCacheOptions? cacheOptions = null, bool withFakeTime = false)
    {
        cacheOptions ??= new EmbeddedCacheOptions();
        FakeTimeProvider? time = withFakeTime ? new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) : null;
        if (time != null)
        {
            cacheOptions.TimeProvider = time;
        }

        EmbeddedCache cache = await EmbeddedCache.OpenAsync(cacheOptions);
        var options = new RespServerOptions { Port = 0, AllowDebugCommand = true };
        configure?.Invoke(options);
        return new TestServer(cache, await RespServer.StartAsync(cache, options), time);
    }

    public RawClient Connect() => RawClient.Connect(Server.Port);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Cache.DisposeAsync();
    }
}
