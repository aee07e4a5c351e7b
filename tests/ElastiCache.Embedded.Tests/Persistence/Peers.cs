using System.Diagnostics;
using ElastiCache.Embedded.Tests.House;
using Xunit;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>The programs of Redis 7. Where they are missing a test is skipped, visibly, or fails if ELASTICACHE_REQUIRE_PEERS is 1.</summary>
internal static class Peers
{
    public static string RedisServer => Peer.Find("redis-server");

    public static string RedisCli => Peer.Find("redis-cli");

    public static string RedisCheckAof => Peer.Find("redis-check-aof");

    /// <summary>Runs a program to its end.</summary>
    public static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }
}

/// <summary>A redis-server of its own, on a folder, reachable by a Unix socket only.</summary>
internal sealed class RedisServer : IDisposable
{
    private readonly Process _process;
    private readonly string _socket;
    private readonly Task _rest;

    public RedisServer(string folder, params string[] options)
    {
        _socket = Path.Combine(Path.GetTempPath(), $"elasticache-{Guid.NewGuid():N}.sock");
        string[] always = ["--port", "0", "--unixsocket", _socket, "--dir", folder, "--appendonly", "yes", "--save", "", "--daemonize", "no"];
        _process = Process.Start(new ProcessStartInfo(Peers.RedisServer, [.. always, .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

        // It says so when it has loaded the log; if it refuses the log, its output ends.
        var said = new System.Text.StringBuilder();
        string? line;
        do
        {
            line = _process.StandardOutput.ReadLine();
            said.AppendLine(line);
        }
        while (line is not null && !line.Contains("ready to accept connections", StringComparison.OrdinalIgnoreCase));

        Assert.True(line is not null, $"redis-server did not start:\n{said}");
        _rest = _process.StandardOutput.ReadToEndAsync(); // or it would stop when the pipe is full
    }

    public string Ask(params string[] command)
    {
        (int exitCode, string output) = Peers.Run(Peers.RedisCli, ["-s", _socket, .. command]);
        Assert.Equal(0, exitCode);
        return output.TrimEnd('\n');
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Peers.Run(Peers.RedisCli, "-s", _socket, "shutdown");
            _process.WaitForExit();
            _rest.GetAwaiter().GetResult();
        }

        _process.Dispose();
    }
}
