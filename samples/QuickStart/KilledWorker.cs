using System.Diagnostics;
using System.Globalization;

namespace QuickStart;

/// <summary>The worker ended before it was killed. What went wrong it has said itself.</summary>
internal sealed class WorkerException(int exitCode) : Exception($"The worker ended by itself, with exit code {exitCode}.");

/// <summary>Runs a worker in a process of its own and kills it half-way.</summary>
internal sealed class KilledWorker(Settings settings, int requests, int firstOrder)
{
    /// <summary>Requests that the worker reported as served.</summary>
    public int Served { get; private set; }

    /// <summary>Orders that the worker reported as acknowledged.</summary>
    public List<int> Orders { get; } = [];

    /// <summary>The first number that no order of the worker can have: one more may be stored whose acknowledgement it had no time to report.</summary>
    public int NextOrder => Orders.Count == 0 ? firstOrder + 1 : Orders[^1] + 2;

    /// <exception cref="WorkerException">It ended by itself.</exception>
    public void Run()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "QuickStart.dll"));
        }

        foreach (string argument in settings.WorkerArguments())
        {
            start.ArgumentList.Add(argument);
        }

        using Process worker = Process.Start(start)!;
        worker.StandardInput.WriteLine(firstOrder.ToString(CultureInfo.InvariantCulture));
        worker.StandardInput.Flush();
        bool wasKilled = false;
        Screen.WithProgress("First half, by a worker", requests / 2, progress => wasKilled = Follow(worker, progress));
        worker.WaitForExit();
        if (!wasKilled)
        {
            throw new WorkerException(worker.ExitCode);
        }
    }

    /// <returns>Whether it lived to be killed.</returns>
    private bool Follow(Process worker, Action<int> progress)
    {
        bool isKilled = false;
        while (worker.StandardOutput.ReadLine() is { } line)
        {
            int number = int.Parse(line.AsSpan(line.IndexOf(' ') + 1), CultureInfo.InvariantCulture);
            if (line.StartsWith("order", StringComparison.Ordinal))
            {
                Orders.Add(number);
                continue;
            }

            Served = number;
            progress(Math.Min(number, requests / 2));
            if (number >= requests / 2 && !isKilled)
            {
                // SIGKILL: no handler runs, nothing is flushed. What it still said before it died counts too.
                worker.Kill();
                isKilled = true;
            }
        }

        return isKilled;
    }
}
