using System.Net;
using System.Net.Sockets;
using ElastiCache.Embedded.Server.Configuration;
using ElastiCache.Embedded.Server.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ElastiCache.Embedded.Server.Hosting;

/// <summary>Kestrel without HTTP: it listens, accepts, does TLS, and hands over connections.</summary>
internal sealed class KestrelListener : IAsyncDisposable
{
    private const int DefaultBacklog = 511;

    private readonly KestrelServer _kestrel;
    private readonly ServiceProvider _services;
    private readonly List<(ListenOptions Listening, bool IsTls)> _listening = [];
    private readonly string? _unixSocket;

    public KestrelListener(ServerState state, RespServerOptions options)
    {
        ILoggerFactory loggers = options.LoggerFactory ?? NullLoggerFactory.Instance;
        _services = new ServiceCollection().AddSingleton(loggers).AddSingleton(new RespConnectionHandler(state)).AddLogging().BuildServiceProvider();
        var kestrel = new KestrelServerOptions { ApplicationServices = _services };
        foreach (IPEndPoint address in Addresses(options.Bind))
        {
            if (options.Port is { } port)
            {
                kestrel.Listen(address.Address, port, listening => Use(listening, tls: null));
            }

            if (options.TlsPort is { } tlsPort)
            {
                kestrel.Listen(address.Address, tlsPort, listening => Use(listening, options));
            }
        }

        _unixSocket = options.UnixSocketPath;
        if (_unixSocket != null)
        {
            // What a killed server left behind. One that lives notices nothing, as with Redis.
            File.Delete(_unixSocket);
            kestrel.ListenUnixSocket(_unixSocket, listening => Use(listening, tls: null));
        }

        var transport = new SocketTransportOptions
        {
            Backlog = (int)state.Configuration.Number("tcp-backlog") is > 0 and var backlog ? backlog : DefaultBacklog,

            // Commands run at once on the thread that received them: they take microseconds, and handing them over would cost as much.
            UnsafePreferInlineScheduling = true,

            // Buffers come from a pool and go back to it; waiting for bytes without one would cost a second system call for every request.
            WaitForDataBeforeAllocatingBuffer = false,
            CreateBoundListenSocket = Bind,
        };
        _kestrel = new KestrelServer(Options.Create(kestrel), new SocketTransportFactory(Options.Create(transport), loggers), loggers);
    }

    public IReadOnlyList<EndPoint> EndPoints => [.. _listening.Select(pair => pair.Listening.EndPoint)];

    public int PortOf(bool isTls) => _listening.Where(pair => pair.IsTls == isTls).Select(pair => pair.Listening.IPEndPoint?.Port ?? 0).FirstOrDefault(port => port != 0);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _kestrel.StartAsync(new NoHttp(), cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw new IOException($"Can't listen: {e.Message}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync().ConfigureAwait(false);
        await _kestrel.StopAsync(now.Token).ConfigureAwait(false);
        _kestrel.Dispose();
        await _services.DisposeAsync().ConfigureAwait(false);
        if (_unixSocket != null)
        {
            File.Delete(_unixSocket);
        }
    }

    private void Use(ListenOptions listening, RespServerOptions? tls)
    {
        if (tls != null)
        {
            listening.UseHttps(https =>
            {
                https.ServerCertificate = tls.Certificate;
            });
        }

        listening.UseConnectionHandler<RespConnectionHandler>();
        _listening.Add((listening, tls != null));
    }

    private static IEnumerable<IPEndPoint> Addresses(IReadOnlyList<string> bind)
    {
        foreach (string name in bind)
        {
            bool mayBeMissing = name.StartsWith('-');
            string plain = mayBeMissing ? name[1..] : name;
            IPAddress? address = plain switch
            {
                "*" => IPAddress.Any,
                "::*" => IPAddress.IPv6Any,
                _ => IPAddress.TryParse(plain, out IPAddress? parsed) ? parsed : null,
            };
            if (address == null)
            {
                throw new ConfigurationException($"bind = '{name}' is no IP address, '*' or '::*'.");
            }

            if (!mayBeMissing || IsHere(address))
            {
                yield return new IPEndPoint(address, 0);
            }
        }
    }

    // As Kestrel would, but :: stands for IPv6 alone: it must not take the port from 0.0.0.0.
    private static Socket Bind(EndPoint endPoint)
    {
        if (endPoint is not IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 })
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        }

        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = false };
        socket.Bind(endPoint);
        return socket;
    }

    // An address that may be missing is tried out; nothing else tells reliably.
    private static bool IsHere(IPAddress address)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Kestrel wants an application for HTTP; no connection gets so far.</summary>
    private sealed class NoHttp : IHttpApplication<object>
    {
        public object CreateContext(IFeatureCollection contextFeatures) => throw new NotSupportedException();

        public void DisposeContext(object context, Exception? exception)
        {
        }

        public Task ProcessRequestAsync(object context) => throw new NotSupportedException();
    }
}
