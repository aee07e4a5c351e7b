using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace ElastiCache.Embedded.Server;

/// <summary>The library that .NET programs speak to Redis with, on a cache in the same process.</summary>
public static class EmbeddedCacheRedisExtensions
{
    private static readonly DnsEndPoint Nowhere = new("embedded", 6379);

    // The connections of one cache share a server, so that they see each other in CLIENT LIST and PUBSUB. It ends with the cache.
    private static readonly ConditionalWeakTable<EmbeddedCache, RespServer> Servers = [];

    /// <summary>Connects to the cache without a port: StackExchange.Redis itself, over memory.</summary>
    /// <remarks>
    /// <code>
    ///   using IConnectionMultiplexer redis = await cache.ConnectAsync();
    ///   await redis.GetDatabase().StringSetAsync("greeting", "hello");
    /// </code>
    /// What takes an <see cref="IConnectionMultiplexer"/> then works on the cache: Microsoft's distributed cache for Redis, its store of data protection keys, and so on.
    /// A command costs some microseconds of thread hand-overs; the cache's own methods cost a fraction of one.
    /// </remarks>
    /// <param name="cache">The cache. The connection ends when it is disposed.</param>
    /// <param name="configure">Changes the connection's options; end points and tunnel are set already.</param>
    public static async Task<IConnectionMultiplexer> ConnectAsync(this EmbeddedCache cache, Action<ConfigurationOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(cache);
        RespServer server = Servers.GetValue(cache, RespServer.StartInMemory);
        var options = new ConfigurationOptions { AllowAdmin = true, Tunnel = new MemoryTunnel(server) };
        options.EndPoints.Add(Nowhere);
        configure?.Invoke(options);
        return await ConnectionMultiplexer.ConnectAsync(options).ConfigureAwait(false);
    }

    private sealed class MemoryTunnel(RespServer server) : Tunnel
    {
        // No socket is to be connected.
        public override ValueTask<EndPoint?> GetSocketConnectEndpointAsync(EndPoint endpoint, CancellationToken cancellationToken) => default;

        public override ValueTask<Stream?> BeforeAuthenticateAsync(EndPoint endpoint, ConnectionType connectionType, Socket? socket, CancellationToken cancellationToken) =>
            new(server.Connect());
    }
}
