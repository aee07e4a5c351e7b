using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Workloads;

namespace ElastiCache.Embedded.Benchmarks.Children;

/// <summary>How operations fare while a snapshot or a rewrite of the log runs, and in as long a time without one.</summary>
/// <param name="Snapshot">While a snapshot runs.</param>
/// <param name="Rewrite">While the log is rewritten.</param>
internal sealed record Stalls(StallPair Snapshot, StallPair Rewrite)
{
    public static Task<Stalls> InChildAsync(int entries, string folder) => ChildProcess.MeasureAsync<Stalls>("stalls", $"{entries}", folder);

    public static async Task<Stalls> MeasureAsync(int entries, string folder)
    {
        await using EmbeddedCache cache = await EmbeddedCache.OpenAsync(folder);
        for (int i = 0; i < entries; i++)
        {
            cache.Strings.Set(TestKeys.Create(i), Documents.Create(i));
        }

        string file = Path.Combine(folder, "stall.rdb");
        var load = new Load(cache, entries);

        // Compiles everything.
        await load.DuringAsync(() => cache.SnapshotAsync(file));
        await load.DuringAsync(() => cache.RewriteLogAsync());
        CollectKeys();
        return new Stalls(await load.PairAsync(() => cache.SnapshotAsync(file)), await load.PairAsync(() => cache.RewriteLogAsync()));
    }

    // The load's million keys are this program's own. The collection that finds them young stops everything for 30 to 100 ms; it must not fall into a phase.
    private static void CollectKeys()
    {
        GC.Collect();
        GC.Collect();
    }

    /// <summary>One thread that reads and writes without a pause: four reads, then a write, keys all over the cache. Each operation is timed.</summary>
    private sealed class Load(EmbeddedCache cache, int entries)
    {
        private const int MostRunning = 3;
        private readonly OperationStream _stream = OperationStream.Uniform(entries, Math.Min(entries, 1_000_000), RunSettings.Seed);

        // Several times, and the time without after each, so that both meet the same noise of the machine.
        public async Task<StallPair> PairAsync(Func<Task> work)
        {
            List<StallPhase> with = [], without = [];
            for (int i = 0; i < MostRunning; i++)
            {
                with.Add(await DuringAsync(work));
                double seconds = with[^1].Seconds;
                without.Add(await DuringAsync(() => Task.Delay(TimeSpan.FromSeconds(seconds))));
            }

            long resident = ResidentMemory.AnonymousBytes();
            return new StallPair(StallPhase.Worst(with), StallPhase.Worst(without), resident);
        }

        public async Task<StallPhase> DuringAsync(Func<Task> work)
        {
            using var ends = new CancellationTokenSource();
            StallPhase? result = null;
            var thread = new Thread(() => result = Run(ends.Token)) { IsBackground = true };
            thread.Start();
            long before = ResidentMemory.AnonymousBytes(), most = before;
            Task running = Task.Run(work);
            while (await Task.WhenAny(running, Task.Delay(5)) != running)
            {
                most = Math.Max(most, ResidentMemory.AnonymousBytes());
            }

            await running;
            ends.Cancel();
            thread.Join();
            return result! with { ExtraBytes = most - before };
        }

        private StallPhase Run(CancellationToken ends)
        {
            byte[] value = Documents.Create(1);
            byte[] buffer = new byte[1024];
            var histogram = new LatencyHistogram();
            long began = Clocks.WallNanoseconds, longest = 0, longestOwn = 0;
            ThreadUsage before = ThreadUsage.Read();
            OperationStream.Slice all = _stream.Part(0, _stream.Length, 0, 1);
            ReadOnlySpan<string> keys = all.Keys.Span;
            long operations = 0;
            for (int i = 0; !ends.IsCancellationRequested; i = i + 1 == keys.Length ? 0 : i + 1, operations++)
            {
                long start = Clocks.WallNanoseconds;
                if (i % 5 == 4)
                {
                    cache.Strings.Set(keys[i], value);
                }
                else
                {
                    cache.Strings.TryGet(keys[i], buffer, out _);
                }

                long wall = Clocks.WallNanoseconds - start;
                histogram.Record(wall);
                ThreadUsage after = ThreadUsage.Read();
                long own = after.OwnOf(wall, before);
                before = after;
                longest = Math.Max(longest, wall);
                longestOwn = Math.Max(longestOwn, own);
            }

            return new StallPhase((Clocks.WallNanoseconds - began) / 1e9, operations, histogram.Percentile(0.5), histogram.Percentile(0.999), longestOwn, longest, 0);
        }
    }
}

/// <summary>A phase with the work and as long a one without.</summary>
/// <param name="With">With it.</param>
/// <param name="Without">Without.</param>
/// <param name="ResidentBytes">Anonymous memory of the process, nearly all of it the cache's.</param>
internal sealed record StallPair(StallPhase With, StallPhase Without, long ResidentBytes);

/// <summary>How operations fared for a while.</summary>
/// <param name="Seconds">How long that was.</param>
/// <param name="Operations">How many there were.</param>
/// <param name="MedianNanoseconds">Half took no longer, by the wall clock.</param>
/// <param name="P999Nanoseconds">999 of 1,000 took no longer.</param>
/// <param name="LongestNanoseconds">The longest, preemption by the machine aside.</param>
/// <param name="LongestWallNanoseconds">The longest by the wall clock.</param>
/// <param name="ExtraBytes">The most memory beyond what there was at the beginning.</param>
internal sealed record StallPhase(
    double Seconds, long Operations, long MedianNanoseconds, long P999Nanoseconds, long LongestNanoseconds, long LongestWallNanoseconds, long ExtraBytes)
{
    public static StallPhase Worst(List<StallPhase> phases) => new(
        phases.Sum(p => p.Seconds), phases.Sum(p => p.Operations), phases.Max(p => p.MedianNanoseconds), phases.Max(p => p.P999Nanoseconds),
        phases.Max(p => p.LongestNanoseconds), phases.Max(p => p.LongestWallNanoseconds), phases.Max(p => p.ExtraBytes));
}
