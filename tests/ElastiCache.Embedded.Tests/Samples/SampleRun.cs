using System.Diagnostics;
using ElastiCache.Embedded.Tests.House;

namespace ElastiCache.Embedded.Tests.Samples;

/// <summary>A sample, run as its reader would run it.</summary>
internal sealed record SampleRun(int ExitCode, string Output, string Errors)
{
    public static SampleRun Start(string sample, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [AssemblyPath(sample), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new SampleRun(process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    private static string AssemblyPath(string sample)
    {
        // .../tests/ElastiCache.Embedded.Tests/bin/Release/net10.0/  ->  the same place under the sample's folder
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(Repository.Root, "samples", sample, "bin", folder.Parent!.Name, folder.Name, $"{sample}.dll");
    }
}
