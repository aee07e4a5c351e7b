using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Benchmarks.Measuring;

/// <summary>What the kernel did to the calling thread so far: CPU time, page faults, preemptions.</summary>
/// <remarks>
/// The difference of two readings around one slow operation tells whether the operation itself was slow or
/// whether the scheduler gave the core to somebody else. Zeros where there is no <c>getrusage</c> for a thread.
/// </remarks>
internal readonly partial struct ThreadUsage
{
    public long CpuMicroseconds { get; private init; }

    public long PageFaults { get; private init; }

    /// <summary>How often the thread lost its core without asking for it.</summary>
    public long Preemptions { get; private init; }

    public static ThreadUsage Read()
    {
        if (!Clocks.MeasuresCpuTime)
        {
            return default;
        }

        const int CallingThread = 1; // RUSAGE_THREAD
        _ = GetResourceUsage(CallingThread, out ResourceUsage usage);
        return new ThreadUsage
        {
            CpuMicroseconds = (usage[UserSeconds] + usage[SystemSeconds]) * 1_000_000
                + usage[UserMicroseconds] + usage[SystemMicroseconds],
            PageFaults = usage[MinorFaults] + usage[MajorFaults],
            Preemptions = usage[InvoluntarySwitches],
        };
    }

    // struct rusage on 64-bit Linux is 18 longs: two timevals, then fourteen counters.
    private const int UserSeconds = 0, UserMicroseconds = 1, SystemSeconds = 2, SystemMicroseconds = 3;
    private const int MinorFaults = 8, MajorFaults = 9, InvoluntarySwitches = 17;

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetResourceUsage(int who, out ResourceUsage usage);

    [System.Runtime.CompilerServices.InlineArray(18)]
    private struct ResourceUsage
    {
        private long _first;
    }
}
