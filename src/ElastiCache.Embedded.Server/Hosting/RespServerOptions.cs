using System.Security.Cryptography.X509Certificates;
using ElastiCache.Embedded.Server.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace ElastiCache.Embedded.Server;

/// <summary>How a <see cref="RespServer"/> is started.</summary>
/// <remarks>
/// Checked once and copied at the start: later changes to this object have no effect. What has no property here is set by Redis's own name in
/// <see cref="Parameters"/>; a property that is set goes before a parameter of the same meaning.
/// </remarks>
public sealed class RespServerOptions
{
    /// <summary>The TCP port.</summary>
    /// <value>1 to 65535, 0 for one that the system chooses (<see cref="RespServer.Port"/> tells which), or <see langword="null"/> for no TCP. Default 6379.</value>
    public int? Port { get; set; } = 6379;

    /// <summary>The addresses to listen at.</summary>
    /// <value>Default 127.0.0.1: this machine only. <c>*</c> stands for all IPv4 addresses, <c>::*</c> for all IPv6 addresses; a minus in front of an address lets it be missing.</value>
    /// <remarks>Who can reach the port can read and change the data: set <see cref="Password"/>, and better <see cref="Certificate"/> too.</remarks>
    public IReadOnlyList<string> Bind { get; set; } = ["127.0.0.1"];

    /// <summary>The path of a Unix socket to listen at as well.</summary>
    /// <value>Default <see langword="null"/>: none.</value>
    public string? UnixSocketPath { get; set; }

    /// <summary>The port for TLS, at the same addresses.</summary>
    /// <value>As <see cref="Port"/>. Default <see langword="null"/>: none. Needs <see cref="Certificate"/>.</value>
    public int? TlsPort { get; set; }

    /// <summary>The server's certificate with its private key.</summary>
    /// <value>Default <see langword="null"/>: no TLS.</value>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>Whether clients over TLS must show a certificate of their own. Redis: tls-auth-clients.</summary>
    /// <value>Default <see cref="ClientCertificateMode.NoCertificate"/>.</value>
    public ClientCertificateMode ClientCertificates { get; set; } = ClientCertificateMode.NoCertificate;

    /// <summary>Who must have signed clients' certificates. Redis: tls-ca-cert-file.</summary>
    /// <value>Default <see langword="null"/>: whom the machine trusts.</value>
    public X509Certificate2? ClientAuthority { get; set; }

    /// <summary>The password that clients must give with AUTH. Redis: requirepass.</summary>
    /// <value>Default <see langword="null"/>: none.</value>
    public string? Password { get; set; }

    /// <summary>Whether clients may use DEBUG, which can stop the server. Redis: enable-debug-command.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool AllowDebugCommand { get; set; }

    /// <summary>Other parameters, by Redis's names, such as <c>timeout</c> or <c>slowlog-log-slower-than</c>.</summary>
    /// <value>Default empty. A name that Redis 7.0 doesn't have is refused, and so is a value that it wouldn't take.</value>
    /// <remarks><c>save</c> has no rules by default, unlike in Redis: a server inside a program writes no dump.rdb that nobody asked for. What the cache decided when it was opened (databases, appendonly, dir, maxmemory) is not changed by this.</remarks>
    public IDictionary<string, string> Parameters { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Where the server writes what happens in the background.</summary>
    /// <value>Default <see langword="null"/>: nowhere.</value>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>The configuration that the options come to.</summary>
    /// <exception cref="ConfigurationException">A name or a value is refused.</exception>
    internal ServerConfiguration ToConfiguration()
    {
        Require(Port is null or (>= 0 and <= 65535), nameof(Port), Port, "0 to 65535, or null for no TCP");
        Require(TlsPort is null or (>= 0 and <= 65535), nameof(TlsPort), TlsPort, "0 to 65535, or null for no TLS");
        Require(TlsPort is null || Certificate is { HasPrivateKey: true }, nameof(Certificate), Certificate?.Subject ?? "null", "a certificate with its private key where TlsPort is set");
        Require(Port is not null || TlsPort is not null || UnixSocketPath is not null, nameof(Port), "null", "set where there is neither TlsPort nor UnixSocketPath");
        Require(Bind is { Count: > 0 }, nameof(Bind), "empty", "at least one address");
        var configuration = ServerConfiguration.ForEmbedding();
        foreach ((string name, string value) in Parameters)
        {
            configuration.Load(name, value);
        }

        configuration.Note("bind", string.Join(' ', Bind));
        configuration.Note("port", (Port ?? 0).ToString(System.Globalization.CultureInfo.InvariantCulture));
        configuration.Note("unixsocket", UnixSocketPath ?? "");
        if (Password is not null)
        {
            configuration.Load("requirepass", Password);
        }

        if (AllowDebugCommand)
        {
            configuration.Load("enable-debug-command", "yes");
        }

        return configuration;
    }

    private static void Require(bool isMet, string option, object? value, string range)
    {
        if (!isMet)
        {
            throw new ConfigurationException($"{option} = {value ?? "null"} is out of range: it must be {range}.");
        }
    }
}
