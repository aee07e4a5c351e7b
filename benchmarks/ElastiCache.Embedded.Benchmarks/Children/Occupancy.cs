using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Workloads;

namespace ElastiCache.Embedded.Benchmarks.Children;

/// <summary>What a filled cache costs the process that holds it, measured from inside.</summary>
/// <param name="ResidentBytes">Anonymous memory of the process after collection, test data included.</param>
/// <param name="CollectionNanoseconds">A blocking, non-compacting gen-2 collection; median of five.</param>
/// <param name="PauseNanoseconds">All pauses by collections while two threads read and wrote.</param>
/// <param name="Collections">How many collections those were.</param>
/// <param name="Operations">How many reads and writes.</param>
/// <param name="Present">The fraction of sampled entries that were there with their value; 1 without a cache.</param>
internal sealed record Occupancy(
    long ResidentBytes, double CollectionNanoseconds, double PauseNanoseconds, int Collections, long Operations, double Present)
{
    /// <summary>The name of the process that has the test's data but no cache, from which the others are told apart.</summary>
    public const string NoCache = "none";

    public static Task<Occupancy> InChildAsync(string name, int entries, int pauseSeconds, string folder) =>
        ChildProcess.MeasureAsync<Occupancy>(
            "occupancy", name, $"{entries}", $"{pauseSeconds}", folder);

    public static Occupancy Measure(string name, int entries, int pauseSeconds, string folder)
    {
        const int TestKeys = 500_000;
        OperationStream stream = OperationStream.Zipf(entries, TestKeys, RunSettings.Seed).WithWrites(RunSettings.Seed + 1);
        CacheUnderTest? cache = name == NoCache ? null : Roster.Find(name).Create(entries, folder);
        if (cache is not null)
        {
            cache.Fill(entries);
        }
        else
        {
            MakeEntriesAndDropThem(entries);
        }

        long resident = ResidentMemory.BytesAfterCollection();
        double collection = Median.Of(Enumerable.Range(0, 5).Select(_ => TimeOneCollection()));
        (double pause, int collections, long operations, double present) =
            cache is null ? (0, 0, 0, 1) : PausesUnderLoad(cache, stream, pauseSeconds);
        GC.KeepAlive(stream);
        cache?.Dispose();
        return new Occupancy(resident, collection, pause, collections, operations, present);
    }

    private static void MakeEntriesAndDropThem(int entries)
    {
        foreach (OperationStream.Slice slice in OperationStream.InOrder(entries))
        {
            GC.KeepAlive(slice.Keys);
        }
    }

    private static double TimeOneCollection()
    {
        long begin = Clocks.WallNanoseconds;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: false);
        return Clocks.WallNanoseconds - begin;
    }

    private static (double Pause, int Collections, long Operations, double Present) PausesUnderLoad(
        CacheUnderTest cache, OperationStream stream, int seconds)
    {
        const int Threads = 2, SliceLength = 16_384;
        Player[] players = [.. Enumerable.Range(0, Threads).Select(_ => cache.NewPlayer())];
        OperationStream.Slice sample = stream.Part(0, SliceLength, 0, 1);
        double present = (double)players[0].CountCorrect(sample) / sample.Length;
        using var team = new WorkerTeam(Threads);
        team.Run(thread => (1, players[thread].Mixed(stream.Part(0, SliceLength, thread, Threads)))); // compiles it

        TimeSpan before = GC.GetTotalPauseDuration();
        int collections = GC.CollectionCount(0);
        long deadline = Environment.TickCount64 + seconds * 1000L;
        Lap lap = team.Run(thread =>
        {
            long operations = 0;
            for (int round = 0; Environment.TickCount64 < deadline; round++)
            {
                OperationStream.Slice slice = stream.Part(round, SliceLength, thread, Threads);
                players[thread].Mixed(slice);
                operations += slice.Length;
            }

            return (operations, 0);
        });
        double pause = (GC.GetTotalPauseDuration() - before).TotalNanoseconds;
        collections = GC.CollectionCount(0) - collections;
        Array.ForEach(players, player => player.Dispose());
        return (pause, collections, lap.Operations, present);
    }
}
