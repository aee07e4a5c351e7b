using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Benchmarks.Measuring;

/// <summary>What the kernel did to the calling thread so far: page faults, preemptions, and the CPU time it used.</summary>
/// <remarks>
/// The difference of two readings around one slow operation tells whether the operation itself was slow or
/// whether the scheduler gave the core to somebody else. CPU time comes from the thread's clock: the one in
/// <c>getrusage</c> moves in steps of a scheduler tick. Zeros where there is no <c>getrusage</c> for a thread.
/// </remarks>
internal readonly partial struct ThreadUsage
{
    public long CpuNanoseconds { get; private init; }

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
            CpuNanoseconds = Clocks.ThreadNanoseconds,
            PageFaults = usage[MinorFaults] + usage[MajorFaults],
            Preemptions = usage[InvoluntarySwitches],
        };
    }

    /// <summary>How much of a span of time since another reading was the thread's own: all of it, but what it computed where it lost its core without asking for it, to the machine's other work.</summary>
    public long OwnOf(long wallNanoseconds, in ThreadUsage before) =>
        Preemptions > before.Preemptions ? Math.Min(wallNanoseconds, CpuNanoseconds - before.CpuNanoseconds) : wallNanoseconds;

    // struct rusage on 64-bit Linux is 18 longs: two timevals, then fourteen counters.
    private const int MinorFaults = 8, MajorFaults = 9, InvoluntarySwitches = 17;

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetResourceUsage(int who, out ResourceUsage usage);

    [System.Runtime.CompilerServices.InlineArray(18)]
    private struct ResourceUsage
    {
        private long _first;
    }
}
