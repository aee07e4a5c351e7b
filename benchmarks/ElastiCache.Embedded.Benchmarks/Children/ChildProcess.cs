using System.Diagnostics;
using System.Text.Json;

namespace ElastiCache.Embedded.Benchmarks.Children;

/// <summary>Runs this same program once more for a measurement that needs a process to itself.</summary>
/// <remarks>
/// Resident memory and collection pauses belong to a process: beside other caches, or after them, they would mean
/// nothing. The child prints one line of JSON on standard output; its standard error is shown as it comes.
/// </remarks>
internal static class ChildProcess
{
    public const string Verb = "measure";

    public static async Task<TResult> MeasureAsync<TResult>(params string[] arguments)
    {
        ProcessStartInfo start = Command(arguments, inlineSockets: false);
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"'{start.FileName}' did not start.");
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"'{Verb} {string.Join(' ', arguments)}' ended with exit code {process.ExitCode}; 137 means out of memory.");
        }

        return JsonSerializer.Deserialize<TResult>(output)!;
    }

    /// <summary>What starts this program again.</summary>
    /// <param name="arguments">Behind <see cref="Verb"/>.</param>
    /// <param name="inlineSockets">Whether sockets complete on the thread that waits for them, as in the server's executable.</param>
    public static ProcessStartInfo Command(string[] arguments, bool inlineSockets)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("This process has no path.");
        var start = new ProcessStartInfo(program);
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        }

        start.ArgumentList.Add(Verb);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (inlineSockets)
        {
            start.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
        }

        return start;
    }

    public static void Answer<TResult>(TResult result) => Console.WriteLine(JsonSerializer.Serialize(result));
}
