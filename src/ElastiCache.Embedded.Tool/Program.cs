using ElastiCache.Embedded.Server.Cli;

namespace ElastiCache.Embedded.Tool;

/// <summary>The server's program, packed as a tool.</summary>
internal static class Program
{
    private static Task<int> Main(string[] arguments) => CommandLine.RunAsync(arguments);
}
