using System.Globalization;

namespace ElastiCache.Embedded.Benchmarks.Measuring;

/// <summary>The bytes of this process that lie in physical memory and belong to it alone.</summary>
internal static class ResidentMemory
{
    /// <summary>Collects, gives free heap back to the system, and reads the resident anonymous bytes.</summary>
    /// <remarks>
    /// File-backed pages (the runtime's own images) are left out: whether they are resident depends on what ran
    /// before. Aggressive collection decommits what a filling cache left behind as garbage, or the garbage of
    /// resizing would be charged to the cache.
    /// </remarks>
    public static long BytesAfterCollection()
    {
        for (int pass = 0; pass < 2; pass++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return AnonymousBytes();
    }

    /// <summary>The resident anonymous bytes as they are now.</summary>
    public static long AnonymousBytes() => OperatingSystem.IsLinux() ? StatusBytes("RssAnon") : Environment.WorkingSet;

    /// <summary>A line of the process's status that is a number of kilobytes. Linux only.</summary>
    public static long StatusBytes(string name)
    {
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(name + ":", StringComparison.Ordinal));
        string kilobytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim();
        return long.Parse(kilobytes, CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Lets the kernel's note of the most resident bytes (<c>VmHWM</c>) begin anew. Linux only.</summary>
    public static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");
}
