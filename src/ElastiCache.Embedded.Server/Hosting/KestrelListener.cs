using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using ElastiCache.Embedded.Server.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ElastiCache.Embedded.Server.Hosting;

/// <summary>Kestrel without HTTP: it listens, accepts, does TLS, and hands over connections.</summary>
internal sealed class KestrelListener : IAsyncDisposable
{
    private const int DefaultBacklog = 511;

    private readonly IServer _kestrel;
    private readonly ServiceProvider _services;
    private readonly List<(ListenOptions Listening, bool IsTls)> _listening = [];
    private readonly string? _unixSocket;
    private readonly RespConnectionHandler _handler;

    public KestrelListener(ServerState state, RespServerOptions options)
    {
        _handler = new RespConnectionHandler(state);
        _unixSocket = options.UnixSocketPath;
        var services = new ServiceCollection();
        services.AddSingleton(options.LoggerFactory ?? NullLoggerFactory.Instance);
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.AddMetrics();
        services.AddSingleton<DiagnosticSource>(new DiagnosticListener("ElastiCache.Embedded.Server"));
        new KestrelServices(services).UseKestrelCore();
        services.Configure<KestrelServerOptions>(kestrel => Listen(kestrel, options));
        services.Configure<SocketTransportOptions>(transport =>
        {
            transport.Backlog = state.Configuration.Number("tcp-backlog") is > 0 and <= int.MaxValue and var backlog ? (int)backlog : DefaultBacklog;

            // Commands run at once on the thread that received them: they take microseconds, and handing them over would cost as much.
            transport.UnsafePreferInlineScheduling = true;

            // Buffers come from a pool and go back to it; waiting for bytes without one would cost a second system call for every request.
            transport.WaitForDataBeforeAllocatingBuffer = false;
            transport.CreateBoundListenSocket = Bind;
        });
        _services = services.BuildServiceProvider();
        try
        {
            _kestrel = _services.GetRequiredService<IServer>();
        }
        catch
        {
            _services.Dispose();
            throw;
        }
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
        await _services.DisposeAsync().ConfigureAwait(false);
        if (_unixSocket != null)
        {
            File.Delete(_unixSocket);
        }
    }

    private void Listen(KestrelServerOptions kestrel, RespServerOptions options)
    {
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

        if (_unixSocket != null)
        {
            // What a killed server left behind. One that lives notices nothing, as with Redis.
            File.Delete(_unixSocket);
            kestrel.ListenUnixSocket(_unixSocket, listening => Use(listening, tls: null));
        }
    }

    private void Use(ListenOptions listening, RespServerOptions? tls)
    {
        if (tls != null)
        {
            listening.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = tls.Certificate,
                ClientCertificateMode = tls.ClientCertificates,
                ClientCertificateValidation = tls.ClientAuthority is { } authority ? (certificate, _, _) => IsSignedBy(certificate, authority) : null,
                HandshakeTimeout = TimeSpan.FromSeconds(10),
            });
        }

        listening.Run(_handler.OnConnectedAsync);
        _listening.Add((listening, tls != null));
    }

    private static bool IsSignedBy(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
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

    /// <summary>Lets Kestrel register its services without a web host around it.</summary>
    private sealed class KestrelServices(IServiceCollection services) : IWebHostBuilder
    {
#pragma warning disable ASPDEPR008 // The interface still asks for it.
        public IWebHost Build() => throw new NotSupportedException();
#pragma warning restore ASPDEPR008

        public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) => throw new NotSupportedException();

        public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
        {
            configureServices(services);
            return this;
        }

        public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices)
        {
            configureServices(new WebHostBuilderContext(), services);
            return this;
        }

        public string? GetSetting(string key) => null;

        public IWebHostBuilder UseSetting(string key, string? value) => this;
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
