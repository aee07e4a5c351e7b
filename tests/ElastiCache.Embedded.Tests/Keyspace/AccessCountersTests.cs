using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Keyspace;

public sealed class AccessCountersTests
{
    // Each thread counts on so many pages of its stack that some meet those of others in a cell.
    private const int Threads = 64;
    private const int Pages = 48;
    private const int CountsAPage = 5_000;

    [Fact]
    public void Every_read_of_every_thread_is_counted_once()
    {
        var counters = new AccessCounters();
        using var start = new Barrier(Threads);
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            CountOnPages(counters, Pages);
        }))];

        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        const long Reads = (long)Threads * Pages * CountsAPage;
        Assert.Equal((Reads * 3 / 4, Reads / 4), counters.Sum());
    }

    private static void CountOnPages(AccessCounters counters, int pages)
    {
        Span<byte> aPageOfStack = stackalloc byte[4096];
        aPageOfStack[0] = 1;
        for (int i = 0; i < CountsAPage; i++)
        {
            counters.Count(hit: i % 4 != 0);
        }

        if (pages > 1)
        {
            CountOnPages(counters, pages - aPageOfStack[0]);
        }
    }
}
