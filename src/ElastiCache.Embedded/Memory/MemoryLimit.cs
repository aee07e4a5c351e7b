using System.Globalization;

namespace ElastiCache.Embedded.Memory;

/// <summary>How much memory the process may use: its container's limit, or the machine's memory if that is less.</summary>
/// <remarks>
/// <code>
///   /proc/self/cgroup        0::/app                     v2: &lt;root&gt;/app/memory.max            "max" = none
///                            9:memory:/docker/1f         v1: &lt;root&gt;/memory/docker/1f/memory.limit_in_bytes, close to 2^63 = none
/// </code>
/// A group is also bound by those around it, so the way up to the root is looked at and the least counts. Inside a container that has a name space of its own the
/// path is not where the files are seen; the root of what is seen is then the container's group, and it is on the way in any case.
/// <para>
/// The runtime has a figure of its own, <c>GCMemoryInfo.TotalAvailableMemoryBytes</c>, but in a container that is three quarters of the limit, which is what the
/// garbage collector grants itself. It is used where there are no such files: on Windows and macOS.
/// </para>
/// </remarks>
internal static class MemoryLimit
{
    private const string Groups = "sys/fs/cgroup";

    /// <summary>Reads the limit of this process, in bytes.</summary>
    public static long Read() => Read("/");

    /// <summary>As <see cref="Read()"/>, from a copy of the system's files: for tests.</summary>
    internal static long Read(string root)
    {
        long limit = MachineBytes(root);
        foreach (string line in Lines(Path.Combine(root, "proc/self/cgroup")))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length == 3 && parts[1].Length == 0)
            {
                limit = Math.Min(limit, LeastOnTheWay(Path.Combine(root, Groups), parts[2], "memory.max"));
            }
            else if (parts.Length == 3 && parts[1].Split(',').Contains("memory"))
            {
                limit = Math.Min(limit, LeastOnTheWay(Path.Combine(root, Groups, "memory"), parts[2], "memory.limit_in_bytes"));
            }
        }

        return limit;
    }

    private static long LeastOnTheWay(string root, string path, string file)
    {
        long least = long.MaxValue;
        for (string group = path.Trim('/'); ; group = Path.GetDirectoryName(group) ?? "")
        {
            if (long.TryParse(Lines(Path.Combine(root, group, file)).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out long limit) && limit > 0)
            {
                least = Math.Min(least, limit);
            }

            if (group.Length == 0)
            {
                return least;
            }
        }
    }

    private static long MachineBytes(string root)
    {
        const string Field = "MemTotal:";
        string? line = Lines(Path.Combine(root, "proc/meminfo")).FirstOrDefault(static line => line.StartsWith(Field, StringComparison.Ordinal));
        string? kilobytes = line?[Field.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(kilobytes, NumberStyles.None, CultureInfo.InvariantCulture, out long count) ? count * 1024 : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }

    // What is not there, or not for us, is no limit.
    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
