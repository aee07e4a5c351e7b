using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ElastiCache.Embedded.Server.Configuration;
using ElastiCache.Embedded.Server.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace ElastiCache.Embedded.Server.Cli;

/// <summary><c>serve</c>: opens a cache as Redis's parameters say and serves it until SHUTDOWN or a signal.</summary>
internal static class ServeCommand
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        SocketThreads.Configure();
        try
        {
            ServerConfiguration configuration = ReadConfiguration(arguments);
            await ServeAsync(configuration).ConfigureAwait(false);
            return 0;
        }
        catch (Exception e) when (e is ConfigurationException or CacheException or IOException or Microsoft.Extensions.Options.OptionsValidationException or CryptographicException)
        {
            Terminal.WriteError(e.Message);
            return 1;
        }
    }

    /// <summary>The file, if there is one, and then the options, which go before it.</summary>
    internal static ServerConfiguration ReadConfiguration(IReadOnlyList<string> arguments)
    {
        var configuration = new ServerConfiguration();
        string? rules = null;
        int next = 0;
        if (arguments.Count > 0 && !arguments[0].StartsWith("--", StringComparison.Ordinal))
        {
            next = 1;
            if (arguments[0] == "-")
            {
                using var reader = new StreamReader(Terminal.Input);
                ConfigurationFile.LoadLines(reader.ReadToEnd().Split('\n'), "standard input", configuration);
            }
            else
            {
                configuration.File = Path.GetFullPath(arguments[0]);
                ConfigurationFile.Load(configuration.File, configuration);
            }
        }

        while (next < arguments.Count)
        {
            string option = arguments[next++];
            if (!option.StartsWith("--", StringComparison.Ordinal))
            {
                throw new ConfigurationException($"'{option}' is no option: options begin with --.");
            }

            var values = new List<string>();
            while (next < arguments.Count && (!arguments[next].StartsWith("--", StringComparison.Ordinal) || values.Count == 0))
            {
                values.Add(arguments[next++]);
            }

            Parameter parameter = ParameterTable.Find(option[2..]) ?? throw new ConfigurationException($"'{option}' is no option: Redis 7.0 has no such parameter.");
            if (values.Count != 1 && !parameter.TakesSeveralWords)
            {
                throw new ConfigurationException($"'{option}' takes one value.");
            }

            string value = string.Join(' ', values);
            if (parameter.Name == "save")
            {
                // Given twice it is both rules; empty, it is none.
                rules = value = value.Length == 0 ? "" : $"{rules} {value}".Trim();
            }

            configuration.Load(parameter.Name, value);
        }

        return configuration;
    }

    /// <summary>The cache that the parameters describe.</summary>
    internal static EmbeddedCacheOptions CacheOptions(ServerConfiguration configuration)
    {
        Supported(configuration, "appenddirname", "appendonlydir");
        Supported(configuration, "appendfilename", "appendonly.aof");
        Supported(configuration, "daemonize", "no");
        Supported(configuration, "cluster-enabled", "no");
        Supported(configuration, "replicaof", "");
        Supported(configuration, "aclfile", "");
        return new EmbeddedCacheOptions
        {
            Envelope = ProgramKeys.Envelope,
            Folder = configuration.IsYes("appendonly") ? Path.GetFullPath(configuration["dir"] is { Length: > 0 } dir ? dir : ".") : null,
            Databases = (int)configuration.Number("databases"),
            Durability = configuration["appendfsync"] switch { "always" => DurabilityMode.Always, "no" => DurabilityMode.No, _ => DurabilityMode.EverySecond },
            LogRewriteGrowthPercent = (int)Math.Min(configuration.Number("auto-aof-rewrite-percentage"), EmbeddedCacheOptions.MostGrowthPercent),
            LogRewriteMinBytes = configuration.Number("auto-aof-rewrite-min-size"),
            Shards = (int)configuration.Number("shards"),
            TracksAccess = configuration.IsYes("track-access"),
            LfuLogFactor = (int)configuration.Number("lfu-log-factor"),
            LfuDecayTime = TimeSpan.FromMinutes(configuration.Number("lfu-decay-time")),
            MaxMemory = configuration.Number("maxmemory"),
            ReservedMemoryPercent = (int)configuration.Number("reserved-memory-percent"),
            EvictionPolicy = EvictionPolicyNames.PolicyOf(configuration["maxmemory-policy"]),
        };
    }

    /// <summary>Where the parameters say that the server listens.</summary>
    internal static RespServerOptions ServerOptions(ServerConfiguration configuration)
    {
        var options = new RespServerOptions
        {
            Port = configuration.Number("port") is > 0 and var port ? (int)port : null,
            Bind = WordParameters.Split(configuration["bind"]),
            UnixSocketPath = configuration["unixsocket"] is { Length: > 0 } path ? path : null,
        };
        if (configuration.Number("tls-port") is > 0 and var tlsPort)
        {
            options.TlsPort = (int)tlsPort;
            options.Certificate = LoadCertificate(configuration);
            options.ClientCertificates = configuration["tls-auth-clients"] switch
            {
                "no" => ClientCertificateMode.NoCertificate,
                "optional" => ClientCertificateMode.AllowCertificate,
                _ => ClientCertificateMode.RequireCertificate,
            };
            if (options.ClientCertificates != ClientCertificateMode.NoCertificate)
            {
                options.ClientAuthority = configuration["tls-ca-cert-file"] is { Length: > 0 } authority
                    ? X509CertificateLoader.LoadCertificateFromFile(authority)
                    : throw new ConfigurationException("tls-port is set, but tls-ca-cert-file is not: name who signed the clients' certificates, or say tls-auth-clients no.");
            }
        }

        return options;
    }

    private static async Task ServeAsync(ServerConfiguration configuration)
    {
        EmbeddedCacheOptions cacheOptions = CacheOptions(configuration);
        RespServerOptions serverOptions = ServerOptions(configuration);
        await using EmbeddedCache cache = await EmbeddedCache.OpenAsync(cacheOptions).ConfigureAwait(false);
        string dump = Path.Combine(configuration["dir"] is { Length: > 0 } dir ? dir : ".", configuration["dbfilename"]);
        if (cacheOptions.Folder == null && File.Exists(dump))
        {
            ImportReport loaded = await cache.ImportAsync(dump).ConfigureAwait(false);
            Terminal.Write(string.Create(CultureInfo.InvariantCulture, $"Loaded {loaded.Imported} keys from {dump}; {loaded.Expired} had expired"));
        }

        await using RespServer server = await RespServer.StartAsync(cache, serverOptions, configuration, default).ConfigureAwait(false);
        if (cache.Recovery is { } recovery)
        {
            Terminal.Write($"Recovered {recovery}");
        }

        Terminal.Write(string.Create(CultureInfo.InvariantCulture, $"Ready to accept connections at {string.Join(", ", server.EndPoints)} (process {Environment.ProcessId})"));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        await server.ShutdownRequested.ConfigureAwait(false);
        Terminal.Write("Closing");

        // The process ends when everything is closed.
        async void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            await EndAsync(server.State, configuration[signal.Signal == PosixSignal.SIGINT ? "shutdown-on-sigint" : "shutdown-on-sigterm"]).ConfigureAwait(false);
        }
    }

    // As SHUTDOWN with these words.
    private static async Task EndAsync(ServerState server, string options)
    {
        string[] words = WordParameters.Split(options);
        Exception? failure = server.Snapshots.SavesAtEnd(words.Contains("save"), words.Contains("nosave")) ? await server.Snapshots.SaveAtEndAsync().ConfigureAwait(false) : null;
        if (failure != null)
        {
            Terminal.WriteError($"The data could not be saved into '{server.Snapshots.Path}': {failure.Message}");
        }

        if (failure == null || words.Contains("force"))
        {
            server.ShutdownRequested?.Invoke();
        }
    }

    private static X509Certificate2 LoadCertificate(ServerConfiguration configuration)
    {
        string certificate = configuration["tls-cert-file"];
        string key = configuration["tls-key-file"];
        if (certificate.Length == 0)
        {
            throw new ConfigurationException("tls-port is set, but tls-cert-file is not.");
        }

        string password = configuration["tls-key-file-pass"];
        string? keyFile = key.Length == 0 ? null : key;
        return password.Length == 0
            ? X509Certificate2.CreateFromPemFile(certificate, keyFile)
            : X509Certificate2.CreateFromEncryptedPemFile(certificate, password, keyFile);
    }

    private static void Supported(ServerConfiguration configuration, string name, string only)
    {
        if (configuration[name] != only)
        {
            throw new ConfigurationException($"{name} = '{configuration[name]}' is not supported: it must be '{only}'.");
        }
    }
}
