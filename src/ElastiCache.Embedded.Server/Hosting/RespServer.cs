using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using ElastiCache.Embedded.Server.Configuration;
using ElastiCache.Embedded.Server.Connections;
using ElastiCache.Embedded.Server.Hosting;
using Microsoft.AspNetCore.Connections;

namespace ElastiCache.Embedded.Server;

/// <summary>Redis's protocol in front of a cache: whatever speaks to Redis speaks to this.</summary>
/// <remarks>
/// <code>
///   await using var cache = new EmbeddedCache();
///   await using var server = await RespServer.StartAsync(cache, new() { Port = 0 });
///   using var redis = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{server.Port}");
/// </code>
/// Clients and the process's own calls work on the same data at the same time. Disposing the server ends its connections; the cache stays open, and must be disposed
/// after the server.
/// </remarks>
public sealed class RespServer : IAsyncDisposable
{
    private readonly ServerState _state;
    private readonly KestrelListener? _listener;
    private readonly TaskCompletionSource _shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isDisposed;

    private RespServer(ServerState state, KestrelListener? listener)
    {
        _state = state;
        _listener = listener;
        state.ShutdownRequested = () => _shutdown.TrySetResult();
    }

    /// <summary>The TCP port; 0 without TCP.</summary>
    public int Port => _listener?.PortOf(isTls: false) ?? 0;

    /// <summary>The TLS port; 0 without TLS.</summary>
    public int TlsPort => _listener?.PortOf(isTls: true) ?? 0;

    /// <summary>Where the server listens.</summary>
    public IReadOnlyList<EndPoint> EndPoints => _listener?.EndPoints ?? [];

    /// <summary>Completes when a client has sent SHUTDOWN. The server goes on until it is disposed.</summary>
    public Task ShutdownRequested => _shutdown.Task;

    internal ServerState State => _state;

    /// <summary>Starts a server.</summary>
    /// <param name="cache">The data. It must outlive the server.</param>
    /// <param name="options">Where and how; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="ConfigurationException">An option or a parameter is refused. Nothing was started.</exception>
    /// <exception cref="IOException">An address can't be listened at, such as a port that is taken. Nothing was started.</exception>
    public static Task<RespServer> StartAsync(EmbeddedCache cache, RespServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        options ??= new RespServerOptions();
        return StartAsync(cache, options, options.ToConfiguration(), cancellationToken);
    }

    /// <summary>Ends all connections and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        _state.Pause.End();
        foreach (RespConnection connection in _state.Clients.Unordered)
        {
            connection.Kill();
        }

        if (_listener != null)
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
        }

        _state.Dispose();
        _shutdown.TrySetResult();
    }

    internal static async Task<RespServer> StartAsync(EmbeddedCache cache, RespServerOptions options, ServerConfiguration configuration, CancellationToken cancellationToken)
    {
        var state = new ServerState(cache, configuration);
        var listener = new KestrelListener(state, options);
        try
        {
            await listener.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await listener.DisposeAsync().ConfigureAwait(false);
            state.Dispose();
            throw;
        }

        var server = new RespServer(state, listener);
        configuration.Note("port", server.Port.ToString(CultureInfo.InvariantCulture));
        configuration.Note("tls-port", server.TlsPort.ToString(CultureInfo.InvariantCulture));
        ServerParameters.FixListening(configuration);
        return server;
    }

    /// <summary>A server that nobody can reach but by <see cref="Connect"/>.</summary>
    internal static RespServer StartInMemory(EmbeddedCache cache) => new(new ServerState(cache, ServerConfiguration.ForEmbedding()), listener: null);

    /// <summary>A connection in this process, without a socket.</summary>
    internal Stream Connect()
    {
        // Replies must not wait for a reader in the same thread, and a request not for its reply.
        var toServer = new Pipe(new PipeOptions(useSynchronizationContext: false));
        var toClient = new Pipe(new PipeOptions(useSynchronizationContext: false));
        var connection = new DefaultConnectionContext(
            Guid.NewGuid().ToString("N"), new DuplexPipe(toServer.Reader, toClient.Writer), new DuplexPipe(toClient.Reader, toServer.Writer));
        _ = Task.Run(() => ServeAsync(connection));
        return new PipeStream(toClient.Reader, toServer.Writer, connection.Abort);
    }

    private async Task ServeAsync(DefaultConnectionContext connection)
    {
        try
        {
            await new RespConnectionHandler(_state).OnConnectedAsync(connection).ConfigureAwait(false);
        }
        finally
        {
            await connection.Transport.Input.CompleteAsync().ConfigureAwait(false);
            await connection.Transport.Output.CompleteAsync().ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
