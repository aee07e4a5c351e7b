using System.Diagnostics;
using ElastiCache.Embedded.Tests.House;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>strace, which can let a system call of a real process fail. Where it is missing the test is skipped, visibly, or fails if ELASTICACHE_REQUIRE_PEERS is 1;
/// where the system lets nobody trace it is skipped.</summary>
internal static class Strace
{
    private static readonly Lazy<string?> Refusal = new(Try);

    /// <summary>Where it is.</summary>
    public static string Path => Peer.Find("strace");

    /// <summary>Skips the test where no process can be traced.</summary>
    public static void Require()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "strace is a program of Linux");
        Assert.SkipWhen(Path.Length > 0 && Refusal.Value is not null, $"no process can be traced here ({Refusal.Value})");
    }

    // Whether a call can be made to fail, and not only whether there is a program of that name.
    private static string? Try()
    {
        using Process process = Process.Start(new ProcessStartInfo(Path, ["-f", "-e", "inject=mkdir,?mkdirat:error=EROFS", "mkdir", "/tmp"]) { RedirectStandardError = true })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return said.Contains("INJECTED", StringComparison.Ordinal) ? null : said.Trim().ReplaceLineEndings(" ");
    }
}
