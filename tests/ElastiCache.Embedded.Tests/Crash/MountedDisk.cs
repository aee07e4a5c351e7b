using System.Diagnostics;
using System.Globalization;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>A small disk in memory of the test's own, to be filled or made read-only. Needs root on Linux; elsewhere the test is skipped.</summary>
internal sealed class MountedDisk : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly bool _isMounted;

    public MountedDisk(int kilobytes)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            Skip("mounting a small disk needs root on Linux");
        }

        string size = string.Create(CultureInfo.InvariantCulture, $"size={kilobytes}k,mode=700");
        if (Run("mount", "-t", "tmpfs", "-o", size, "elasticache-test", _folder) is { } refusal)
        {
            Skip($"a small disk can't be mounted here ({refusal})");
        }

        _isMounted = true;
    }

    public string this[string name] => _folder[name];

    public void MakeReadOnly() => Assert.Null(Run("mount", "-o", "remount,ro", _folder));

    public void MakeWritable() => Assert.Null(Run("mount", "-o", "remount,rw", _folder));

    public void Dispose()
    {
        if (_isMounted)
        {
            Run("umount", _folder);
        }

        _folder.Dispose();
    }

    private void Skip(string reason)
    {
        Dispose();
        Assert.Skip(reason);
    }

    /// <returns>What went wrong; null for nothing.</returns>
    private static string? Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : said.Trim();
    }
}
