using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>Work that is handed from one thread to another in buffers.</summary>
public class RelayTests
{
    [Fact]
    public void Buffers_are_emptied_in_their_order_by_one_other_thread()
    {
        List<int> emptied = [];
        HashSet<int> threads = [];
        using Relay<List<int>> relay = NewRelay(buffer =>
        {
            emptied.AddRange(buffer);
            threads.Add(Environment.CurrentManagedThreadId);
        });

        for (int i = 0; i < 1_000; i++)
        {
            relay.Current.Add(i);
            relay.Pass();
        }

        relay.Current.Add(1_000);
        relay.Finish();

        Assert.Equal(Enumerable.Range(0, 1_001), emptied);
        Assert.Equal(2, threads.Count);
        Assert.Contains(Environment.CurrentManagedThreadId, threads);
    }

    [Fact]
    public void What_fits_one_buffer_needs_no_other_thread()
    {
        int thread = 0;
        using Relay<List<int>> relay = NewRelay(_ => thread = Environment.CurrentManagedThreadId);

        relay.Current.Add(1);
        relay.Finish();

        Assert.Equal(Environment.CurrentManagedThreadId, thread);
    }

    [Fact]
    public void A_failure_reaches_the_filling_thread_and_nothing_behind_it_is_emptied()
    {
        using var mayFail = new ManualResetEventSlim();
        List<int> emptied = [];
        Relay<List<int>> relay = NewRelay(buffer =>
        {
            if (buffer[0] == 5)
            {
                mayFail.Wait();
                throw new InvalidOperationException("five");
            }

            emptied.AddRange(buffer);
        });

        // 5 is in work or about to be, 6 waits behind it; there is no third buffer to wait for.
        for (int i = 0; i <= 6; i++)
        {
            relay.Current.Add(i);
            relay.Pass();
        }

        mayFail.Set();

        Assert.Equal("five", Assert.Throws<InvalidOperationException>(relay.Finish).Message);
        Assert.Throws<InvalidOperationException>(relay.Pass);
        relay.Dispose();
        Assert.Equal(Enumerable.Range(0, 5), emptied);
    }

    [Fact]
    public void Ending_it_waits_for_the_buffer_in_work_and_drops_those_behind()
    {
        using var isEmptying = new ManualResetEventSlim();
        using var mayGoOn = new ManualResetEventSlim();
        List<int> emptied = [];
        Relay<List<int>> relay = NewRelay(buffer =>
        {
            isEmptying.Set();
            mayGoOn.Wait();
            emptied.AddRange(buffer);
        });
        relay.Current.Add(0);
        relay.Pass();
        isEmptying.Wait(TestContext.Current.CancellationToken);
        relay.Current.Add(1);
        relay.Pass();

        var ending = new Thread(relay.Dispose);
        ending.Start();
        mayGoOn.Set();
        ending.Join();

        Assert.Equal(0, emptied[0]);
    }

    private static Relay<List<int>> NewRelay(Action<List<int>> empty) => new("test", () => [], buffer =>
    {
        empty(buffer);
        buffer.Clear();
    });
}
