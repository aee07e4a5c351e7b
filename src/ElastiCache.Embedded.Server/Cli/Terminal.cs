#pragma warning disable RS0030 // The ban is for libraries; this is the program's one place that writes to its console.

namespace ElastiCache.Embedded.Server.Cli;

/// <summary>The program's output.</summary>
internal static class Terminal
{
    public static Stream Input => Console.OpenStandardInput();

    public static void Write(string line) => Console.Out.WriteLine(line);

    /// <summary>A bar on the error output, where somebody sits before it who wants one; otherwise null.</summary>
    public static ProgressBar? Progress(bool isWanted) => isWanted && !Console.IsErrorRedirected ? new ProgressBar(Console.Error, TimeProvider.System) : null;

    public static void WriteError(string line) => Console.Error.WriteLine(line);
}
