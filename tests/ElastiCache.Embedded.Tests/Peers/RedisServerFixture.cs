using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace ElastiCache.Embedded.Tests.Peers;

/// <summary>A redis-server that a class of tests shares; it starts when the first test asks for it.</summary>
public sealed class RedisServerFixture : IDisposable
{
    private RedisServer? _server;

    /// <summary>The running server. Skips the test where redis-server is not installed; see <see cref="RedisServer.Start"/>.</summary>
    public RedisServer Server => _server ??= RedisServer.Start();

    public void Dispose() => _server?.Dispose();
}

/// <summary>A real redis-server on 127.0.0.1 and a free port, in a temporary folder, with a connection to it.</summary>
/// <remarks>
/// It persists nothing unless the extra arguments say so: <c>Start("--dir", folder, "--appendonly", "yes")</c>.
/// One thread at a time. Disposing kills this very process and deletes the temporary folder.
/// </remarks>
public sealed class RedisServer : IDisposable
{
    /// <summary>When this variable is 1, a missing redis-server fails the tests instead of skipping them.</summary>
    public const string RequirePeersVariable = "ELASTICACHE_REQUIRE_PEERS";

    // Somebody else may take the port between our looking for it and the server's binding it.
    private const int PortAttempts = 5;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly RedisConnection _connection;

    private RedisServer(Process process, DirectoryInfo folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
        AppDomain.CurrentDomain.ProcessExit += KillAtExit;
        _connection = new RedisConnection(port);
    }

    /// <summary>Where redis-server lies, or null where it is not installed.</summary>
    public static string? Executable { get; } = FindInPath("redis-server");

    public int Port { get; }

    /// <summary>Starts a server, or skips the running test where there is none (fails it if peers are required).</summary>
    public static RedisServer Start(params string[] extraArguments)
    {
        if (Executable is null)
        {
            string reason = "redis-server is not installed (Debian: apt-get install redis-server).";
            Assert.False(Environment.GetEnvironmentVariable(RequirePeersVariable) == "1", $"{RequirePeersVariable}=1, but {reason}");
            Assert.Skip(reason);
        }

        DirectoryInfo folder = Directory.CreateTempSubdirectory("elasticache-redis-");
        string log = "";
        for (int attempt = 0; attempt < PortAttempts; attempt++)
        {
            int port = FindFreePort();
            var process = new Process { StartInfo = Arguments(port, folder.FullName, extraArguments) };
            if (BecomesReady(process, out log))
            {
                return new RedisServer(process, folder, port);
            }

            Kill(process);
        }

        folder.Delete(recursive: true);
        throw new InvalidOperationException($"redis-server did not start. Its log:\n{log}");
    }

    /// <summary>Runs one command; an error reply is a reply, not an exception.</summary>
    public RedisReply Execute(params string[] arguments) => Execute(Array.ConvertAll(arguments, System.Text.Encoding.UTF8.GetBytes));

    /// <inheritdoc cref="Execute(string[])"/>
    public RedisReply Execute(params byte[][] arguments) => ExecuteAll([arguments])[0];

    /// <summary>Runs many commands in one go; the answers are in their order.</summary>
    public RedisReply[] ExecuteAll(IReadOnlyList<byte[][]> commands) => _connection.ExecuteAll(commands);

    /// <summary>A further connection, for tests that need two clients.</summary>
    public RedisConnection Connect() => new(Port);

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= KillAtExit;
        _connection.Dispose();
        Kill(_process);
        _folder.Delete(recursive: true);
    }

    // A test that forgets to dispose must not leave a server behind.
    private void KillAtExit(object? sender, EventArgs e) => _process.Kill();

    private static ProcessStartInfo Arguments(int port, string folder, string[] extraArguments)
    {
        var start = new ProcessStartInfo(Executable!) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        string[] arguments =
        [
            "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--daemonize", "no",
            "--save", "", "--appendonly", "no", "--dir", folder,
        ];
        foreach (string argument in arguments.Concat(extraArguments))
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    private static bool BecomesReady(Process process, out string log)
    {
        var lines = new ConcurrentQueue<string>();
        bool isReady = false;
        using var decided = new ManualResetEventSlim();
        void Receive(string? line)
        {
            lines.Enqueue(line ?? "");
            isReady |= line?.Contains("Ready to accept connections", StringComparison.Ordinal) == true;
            if (line is null || isReady)
            {
                decided.Set();
            }
        }

        // Read to the end of its life, or the server stands still when the pipe is full. No line is of interest once it is ready.
        DataReceivedEventHandler receive = (_, data) => Receive(data.Data);
        process.OutputDataReceived += receive;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        decided.Wait(StartTimeout);
        process.OutputDataReceived -= receive;
        log = string.Join('\n', lines);
        return isReady;
    }

    private static void Kill(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.WaitForExit();
        process.Dispose();
    }

    private static int FindFreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string? FindInPath(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Where(folder => folder.Length > 0)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
}
