using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Benchmarks.Measuring;

/// <summary>CPU time of the calling thread and of the whole process, in nanoseconds.</summary>
/// <remarks>
/// Wall time on a shared machine measures the neighbours too; CPU time counts only what the code itself burned.
/// The thread's clock is what an operation costs its caller (garbage collections that the caller runs included);
/// the process's clock adds background threads, and is used where work is handed to one.
/// Elsewhere than on Linux both fall back to the wall clock, and the ratios are then those of wall time.
/// </remarks>
internal static partial class Clocks
{
    private const int ProcessCpuClock = 2; // CLOCK_PROCESS_CPUTIME_ID
    private const int ThreadCpuClock = 3;  // CLOCK_THREAD_CPUTIME_ID

    public static bool MeasuresCpuTime => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    public static long ThreadNanoseconds => MeasuresCpuTime ? Read(ThreadCpuClock) : WallNanoseconds;

    public static long ProcessNanoseconds => MeasuresCpuTime ? Read(ProcessCpuClock) : WallNanoseconds;

    public static long WallNanoseconds => ToNanoseconds(Stopwatch.GetTimestamp());

    public static long ToNanoseconds(long stopwatchTicks) =>
        Stopwatch.Frequency == 1_000_000_000 ? stopwatchTicks : (long)(stopwatchTicks * (1e9 / Stopwatch.Frequency));

    private static long Read(int clock)
    {
        if (ClockGetTime(clock, out Timespec time) != 0)
        {
            throw new InvalidOperationException($"clock_gettime({clock}) failed with errno {Marshal.GetLastPInvokeError()}.");
        }

        return time.Seconds * 1_000_000_000 + time.Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, out Timespec time);

    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
