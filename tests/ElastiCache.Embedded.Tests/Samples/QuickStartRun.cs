using System.Diagnostics;
using ElastiCache.Embedded.Tests.House;

namespace ElastiCache.Embedded.Tests.Samples;

/// <summary>The sample, run as its reader would run it, on a part of its trace.</summary>
internal sealed record QuickStartRun(int ExitCode, string Output, string Errors)
{
    public static QuickStartRun Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [AssemblyPath(), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new QuickStartRun(process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    private static string AssemblyPath()
    {
        // .../tests/ElastiCache.Embedded.Tests/bin/Release/net10.0/  ->  the same place under the sample's folder
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(Repository.Root, "samples", "QuickStart", "bin", folder.Parent!.Name, folder.Name, "QuickStart.dll");
    }
}
