using System.Diagnostics;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>The crash child at work: lines to it, lines from it, and its end by SIGKILL.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    private ChildProcess(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        _process = Process.Start(start)!;
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public static ChildProcess Start(params string[] arguments) => new(new ProcessStartInfo("dotnet", [House.CrashChild.AssemblyPath, .. arguments]));

    /// <summary>Starts it from a shell that first sets limits: <c>ulimit -f 100</c>.</summary>
    public static ChildProcess StartAfter(string shellCommand, params string[] arguments) => new(new ProcessStartInfo(
        "bash", ["-c", $"{shellCommand} && exec dotnet \"$@\"", "bash", House.CrashChild.AssemblyPath, .. arguments]));

    /// <summary>The next line that it says; null when it is dead and has said everything.</summary>
    public string? ReadLine() => _process.StandardOutput.ReadLine();

    /// <summary>As <see cref="Ask"/>; null too if the process has ended.</summary>
    public string? TryAsk(string line)
    {
        try
        {
            return Ask(line);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Says a line to it and returns its answer.</summary>
    public string? Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
        return ReadLine();
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed. What it said before can still be read.</summary>
    public void Kill() => _process.Kill();

    public int WaitForExit()
    {
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit();
        _process.Dispose();
    }
}
