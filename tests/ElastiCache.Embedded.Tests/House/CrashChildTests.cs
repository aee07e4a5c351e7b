using System.Diagnostics;

namespace ElastiCache.Embedded.Tests.House;

public sealed class CrashChildTests
{
    [Fact]
    public void The_crash_child_is_built_beside_the_tests_and_explains_itself_when_called_without_arguments()
    {
        var start = new ProcessStartInfo("dotnet", [CrashChild.AssemblyPath]) { RedirectStandardError = true };

        using Process child = Process.Start(start)!;
        string said = child.StandardError.ReadToEnd();
        child.WaitForExit();

        Assert.Equal(64, child.ExitCode);
        Assert.StartsWith("usage: ", said, StringComparison.Ordinal);
    }
}
