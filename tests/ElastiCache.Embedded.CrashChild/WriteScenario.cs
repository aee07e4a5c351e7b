using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.CrashChild;

/// <summary>Threads that write to several folders until the process is killed, and say what was acknowledged. One more for each folder rewrites its log, again and again.</summary>
internal static class WriteScenario
{
    // As many as may be lost between two flushes, where the mode does not promise each single write.
    private const int OperationsAFlush = 16;

    public static int Run(string parent, string mode, string seed, string first, string[] options)
    {
        var durability = Enum.Parse<DurabilityMode>(mode);
        int seedNumber = int.Parse(seed, CultureInfo.InvariantCulture);
        Mortality? mortality = options is ["die-at", var call] ? new Mortality(int.Parse(call, CultureInfo.InvariantCulture)) : null;
        string[] folders = first.Split(';');
        Say("opening");
        Thread[] threads = folders.Select((numbers, folder) => new Thread(() => WriteFolder(parent, folder, durability, seedNumber, numbers, mortality))).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return 0;
    }

    /// <summary>One line in one system call: either all of it was said before the process died, or nothing.</summary>
    public static void Say(string line)
    {
        using Stream output = Console.OpenStandardOutput();
        output.Write(Encoding.UTF8.GetBytes(line + "\n"));
    }

    /// <summary>An exception in one line.</summary>
    public static string Describe(Exception e) => $"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}";

    private static void WriteFolder(string parent, int folder, DurabilityMode durability, int seed, string first, Mortality? mortality)
    {
        string path = Path.Combine(parent, folder.ToString(CultureInfo.InvariantCulture));
        IStorage storage = new DiskStorage(path);
        storage = mortality is null ? storage : new MortalStorage(storage, mortality);
        EmbeddedCacheOptions settings = Settings.For(path, durability);
        settings.MaxUnpersistedAge = Timeout.InfiniteTimeSpan;      // on a machine that is busy enough a process gets no processor for ten seconds
        using EmbeddedCache cache = EmbeddedCache.Open(settings, storage);
        Say($"open {folder}");
        Thread[] threads = first.Split(',').Select((number, thread) => new Thread(
            () => Write(cache, folder, new Workload(Workload.SeedOf(seed, folder), thread), long.Parse(number, CultureInfo.InvariantCulture), durability))).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        new Thread(() => Rewrite(cache)) { IsBackground = true }.Start();
        Array.ForEach(threads, thread => thread.Join());
    }

    private static void Rewrite(EmbeddedCache cache)
    {
        while (true)
        {
            cache.RewriteLogAsync().Wait();
        }
    }

    private static void Write(EmbeddedCache cache, int folder, Workload workload, long first, DurabilityMode mode)
    {
        for (long number = first; ; number++)
        {
            workload[number].Apply(cache);
            if (mode != DurabilityMode.Always)
            {
                if (number % OperationsAFlush != 0)
                {
                    continue;
                }

                cache.FlushAsync().AsTask().Wait();
            }

            Say(string.Create(CultureInfo.InvariantCulture, $"ack {folder} {workload.Thread} {number}"));
        }
    }
}
