using System.Diagnostics;
using ElastiCache.Embedded.Tests.Persistence;

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

    /// <summary>What the child's folders are in, if it is started with <c>isSealed</c>.</summary>
    public static EnvelopeOptions Envelope => new() { Keys = new KeyRing("k1"), Compresses = true };

    public static ChildProcess Start(params string[] arguments) => Start(isSealed: false, arguments);

    /// <summary>Starts it, with keys for an envelope around its files or without.</summary>
    public static ChildProcess Start(bool isSealed, params string[] arguments) => new(WithKeys(isSealed, new ProcessStartInfo("dotnet", [House.CrashChild.AssemblyPath, .. arguments])));

    /// <summary>Starts it under strace, with these options of strace's.</summary>
    public static ChildProcess StartTraced(IEnumerable<string> options, bool isSealed, params string[] arguments)
    {
        var start = new ProcessStartInfo(Strace.Path, [.. options, "dotnet", House.CrashChild.AssemblyPath, .. arguments]);

        // What of the runtime's own would otherwise look like work on files.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        return new ChildProcess(WithKeys(isSealed, start));
    }

    /// <summary>Starts it from a shell that first sets limits: <c>ulimit -f 100</c>.</summary>
    public static ChildProcess StartAfter(string shellCommand, params string[] arguments) => new(new ProcessStartInfo(
        "bash", ["-c", $"{shellCommand} && exec dotnet \"$@\"", "bash", House.CrashChild.AssemblyPath, .. arguments]));

    private static ProcessStartInfo WithKeys(bool isSealed, ProcessStartInfo start)
    {
        if (isSealed)
        {
            start.Environment["CRASH_CHILD_KEYS"] = Envelope.Keys!.Current.ToSecretText();
        }

        return start;
    }

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
