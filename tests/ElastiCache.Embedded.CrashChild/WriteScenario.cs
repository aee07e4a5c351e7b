using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.CrashChild;

/// <summary>Threads that write until the process is killed, and say what was acknowledged. One more rewrites the log, again and again.</summary>
internal static class WriteScenario
{
    // As many as may be lost between two flushes, where the mode does not promise each single write.
    private const int OperationsAFlush = 16;

    public static int Run(string folder, string mode, string seed, string[] options)
    {
        var durability = Enum.Parse<DurabilityMode>(mode);
        int seedNumber = int.Parse(seed, CultureInfo.InvariantCulture);
        long[] first = options[0].Split(',').Select(number => long.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        IStorage storage = new DiskStorage(folder);
        if (options is [_, "die-at", var call])
        {
            storage = new MortalStorage(storage, int.Parse(call, CultureInfo.InvariantCulture));
        }

        Say("opening");
        using EmbeddedCache cache = EmbeddedCache.Open(new EmbeddedCacheOptions { Folder = folder, Durability = durability }, storage);
        Say("open");
        Thread[] threads = first.Select((number, thread) => new Thread(() => Write(cache, new Workload(seedNumber, thread), number, durability))).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        new Thread(() => Rewrite(cache)) { IsBackground = true }.Start();
        Array.ForEach(threads, thread => thread.Join());
        return 0;
    }

    /// <summary>One line in one system call: either all of it was said before the process died, or nothing.</summary>
    public static void Say(string line)
    {
        using Stream output = Console.OpenStandardOutput();
        output.Write(Encoding.UTF8.GetBytes(line + "\n"));
    }

    private static void Rewrite(EmbeddedCache cache)
    {
        while (true)
        {
            cache.RewriteLogAsync().Wait();
        }
    }

    private static void Write(EmbeddedCache cache, Workload workload, long first, DurabilityMode mode)
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

            Say(string.Create(CultureInfo.InvariantCulture, $"ack {workload.Thread} {number}"));
        }
    }
}
