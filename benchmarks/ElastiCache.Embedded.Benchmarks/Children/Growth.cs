using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;

namespace ElastiCache.Embedded.Benchmarks.Children;

/// <summary>The slowest single insertion while a cache grows from nothing, and why it was slow.</summary>
/// <remarks>
/// Every insertion is timed. A slow one may be the cache's doing (a table grows, memory is fetched from the system) or
/// the machine's: then the kernel counted an involuntary switch, and CPU time replaces the wall time. Time that the
/// thread spends waiting for a lock stays in, because the thread gave up its core by itself. Insertions during which a
/// garbage collection ran are set apart; a cache that allocates nothing has none.
/// Keys are written into one reused buffer, so the test itself touches no new memory.
/// </remarks>
/// <param name="SlowestNanoseconds">The slowest, collections and preemption aside.</param>
/// <param name="SlowestWallNanoseconds">The slowest as a caller with bad luck saw it.</param>
/// <param name="P99999Nanoseconds">Wall time that 99.999 % did not exceed.</param>
/// <param name="MedianNanoseconds">Wall time of the median; about 25 ns of it are the clock.</param>
/// <param name="SlowestCause">What is known of the slowest.</param>
/// <param name="SlowestWallCause">What is known of the slowest by the wall clock.</param>
/// <param name="Collections">Garbage collections during the growth.</param>
internal sealed record Growth(
    long SlowestNanoseconds, long SlowestWallNanoseconds, long P99999Nanoseconds, long MedianNanoseconds,
    string SlowestCause, string SlowestWallCause, int Collections)
{
    public static Task<Growth> InChildAsync(string name, int entries, string folder) =>
        ChildProcess.MeasureAsync<Growth>("growth", name, $"{entries}", folder);

    public static Growth Measure(string name, int entries, string folder)
    {
        Entrant entrant = Roster.Find(name);
        using (CacheUnderTest rehearsal = entrant.Create(entries, folder))
        {
            Grow(rehearsal, Math.Min(entries, 300_000)); // compiles everything, resizing included
        }

        GC.Collect();
        using CacheUnderTest cache = entrant.Create(entries, folder);
        return Grow(cache, entries);
    }

    private static Growth Grow(CacheUnderTest cache, int entries)
    {
        SpanSet set = cache.SetSpan ?? throw new InvalidOperationException("This cache takes no keys from a buffer.");
        byte[] value = TestValues.NewBuffer().ToArray();
        char[] key = new char[TestKeys.Length];
        var histogram = new LatencyHistogram();
        Insertion slowest = default, slowestWall = default;
        int firstCollection = GC.CollectionCount(0), collections = firstCollection;
        ThreadUsage before = ThreadUsage.Read();
        for (int i = 0; i < entries; i++)
        {
            TestKeys.Write(key, i);
            TestValues.Stamp(value, i);
            long begin = Clocks.WallNanoseconds;
            set(key, value);
            long wall = Clocks.WallNanoseconds - begin;
            histogram.Record(wall);

            ThreadUsage after = ThreadUsage.Read();
            int collectionsNow = GC.CollectionCount(0);
            var insertion = new Insertion(
                i, wall, after.CpuNanoseconds - before.CpuNanoseconds, after.PageFaults - before.PageFaults,
                after.Preemptions - before.Preemptions, collectionsNow - collections);
            (before, collections) = (after, collectionsNow);
            slowest = insertion.OwnNanoseconds > slowest.OwnNanoseconds ? insertion : slowest;
            slowestWall = wall > slowestWall.WallNanoseconds ? insertion : slowestWall;
        }

        return new Growth(
            slowest.OwnNanoseconds, slowestWall.WallNanoseconds, histogram.Percentile(0.99999), histogram.Percentile(0.5),
            slowest.ToString(), slowestWall.ToString(), collections - firstCollection);
    }

    private readonly record struct Insertion(
        int Entry, long WallNanoseconds, long CpuNanoseconds, long PageFaults, long Preemptions, int Collections)
    {
        public long OwnNanoseconds => Collections > 0 ? 0
            : Preemptions > 0 ? Math.Min(WallNanoseconds, CpuNanoseconds)
            : WallNanoseconds;

        public override string ToString() =>
            $"at entry {Entry}, {CpuNanoseconds / 1000} µs CPU"
            + (PageFaults > 0 ? $", {PageFaults} page faults" : "")
            + (Preemptions > 0 ? $", preempted {Preemptions}×" : "")
            + (Collections > 0 ? ", garbage collection" : "");
    }
}
