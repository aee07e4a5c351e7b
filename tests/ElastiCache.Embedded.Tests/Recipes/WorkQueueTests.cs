using System.Collections.Concurrent;
using ElastiCache.Embedded.Tests.Api;
using ElastiCache.Embedded.Tests.Persistence;

namespace ElastiCache.Embedded.Tests.Recipes;

public sealed class WorkQueueTests : CacheFixture
{
    private static readonly WorkQueueOptions Options = new() { VisibilityTimeout = TimeSpan.FromSeconds(10), MaxDeliveries = 3 };

    private WorkQueue<string> Queue => Cache.Queue<string>("jobs", Options);

    [Fact]
    public void Messages_come_in_order_and_are_gone_when_they_are_completed()
    {
        StreamId first = Queue.Enqueue("a");
        Queue.Enqueue("b");

        Assert.True(Queue.TryReceive(out WorkMessage<string>? a));
        Assert.True(Queue.TryReceive(out WorkMessage<string>? b));
        Assert.False(Queue.TryReceive(out _));

        Assert.Equal((first, "a", 1L), (a.Id, a.Body, a.Deliveries));
        Assert.Equal("b", b.Body);
        Assert.Equal((2, 2), (Queue.Count(), Queue.CountReceived()));
        Assert.True(a.Complete());
        Assert.False(a.Complete());
        Assert.Equal((1, 1), (Queue.Count(), Queue.CountReceived()));
    }

    [Fact]
    public void What_is_not_completed_in_time_is_delivered_to_another_and_the_first_receiver_finds_out()
    {
        Queue.Enqueue("a");
        Assert.True(Queue.TryReceive(out WorkMessage<string>? late));
        Time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(Queue.TryReceive(out _));

        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(Queue.TryReceive(out WorkMessage<string>? again));
        Assert.Equal(("a", 2L), (again.Body, again.Deliveries));
        Assert.False(late.Complete());
        Assert.False(late.Abandon());
        Assert.False(late.Renew());
        Assert.False(late.Bury());
        Assert.True(again.Complete());
        Assert.Equal(0, Queue.Count());
    }

    [Fact]
    public void The_same_receiver_cannot_complete_an_earlier_delivery_either()
    {
        WorkQueue<string> queue = Queue;
        queue.Enqueue("a");
        Assert.True(queue.TryReceive(out WorkMessage<string>? late));
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(queue.TryReceive(out WorkMessage<string>? again));

        Assert.False(late.Complete());
        Assert.True(again.Complete());
    }

    [Fact]
    public void A_receiver_that_renews_keeps_its_message()
    {
        Queue.Enqueue("a");
        Assert.True(Queue.TryReceive(out WorkMessage<string>? message));

        for (int i = 0; i < 5; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(9));
            Assert.True(message.Renew());
            Assert.False(Queue.TryReceive(out _));
        }

        Assert.True(message.Complete());
    }

    [Fact]
    public void A_message_that_is_given_back_comes_at_once_or_after_its_delay()
    {
        Queue.Enqueue("a");
        Assert.True(Queue.TryReceive(out WorkMessage<string>? message));
        Assert.True(message.Abandon());
        Assert.True(Queue.TryReceive(out message));
        Assert.Equal(2, message.Deliveries);
        Assert.True(message.Abandon(TimeSpan.FromSeconds(4)));

        Assert.False(Queue.TryReceive(out _));
        Time.Advance(TimeSpan.FromSeconds(4));

        Assert.True(Queue.TryReceive(out message));
        Assert.Throws<ArgumentOutOfRangeException>(() => message.Abandon(TimeSpan.FromSeconds(11)));
        Assert.Throws<ArgumentOutOfRangeException>(() => message.Abandon(TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public void After_so_many_deliveries_a_message_is_a_dead_letter_that_can_be_brought_back()
    {
        Queue.Enqueue("poison");
        Queue.Enqueue("good");
        for (int delivery = 1; delivery <= 3; delivery++)
        {
            Assert.True(Queue.TryReceive(out WorkMessage<string>? message));
            Assert.Equal(("poison", delivery), (message.Body, message.Deliveries));
            Assert.True(message.Abandon());
        }

        Assert.True(Queue.TryReceive(out WorkMessage<string>? good));
        Assert.Equal("good", good.Body);
        Assert.True(good.Complete());
        Assert.Equal((0, 1), (Queue.Count(), Queue.CountDeadLetters()));
        DeadLetter<string> letter = Assert.Single(Queue.PeekDeadLetters());
        Assert.Equal(("poison", 3L), (letter.Body, letter.Deliveries));

        Assert.Equal(1, Queue.Redrive());

        Assert.Equal(0, Queue.CountDeadLetters());
        Assert.True(Queue.TryReceive(out WorkMessage<string>? back));
        Assert.Equal(("poison", 1L), (back.Body, back.Deliveries));
        Assert.True(back.Bury());
        Assert.Equal(("poison", 1L), (Queue.PeekDeadLetters()[0].Body, Queue.PeekDeadLetters()[0].Deliveries));
    }

    [Fact]
    public async Task A_receiver_waits_for_the_next_message()
    {
        Task<WorkMessage<string>?> waiting = Queue.ReceiveAsync(cancellationToken: Token);
        Assert.False(waiting.IsCompleted);

        Queue.Enqueue("a");

        Assert.Equal(("a", 1L), ((await waiting)!.Body, (await waiting)!.Deliveries));
    }

    [Fact]
    public async Task A_receiver_that_waits_gets_what_another_has_let_lie()
    {
        Queue.Enqueue("a");
        Assert.True(Queue.TryReceive(out _));
        Task<WorkMessage<string>?> waiting = Queue.ReceiveAsync(cancellationToken: Token);
        Assert.False(waiting.IsCompleted);

        Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(2, (await waiting)!.Deliveries);
    }

    // Both waited before anybody had received anything, so neither knew of a message to come back: the second one was never woken.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_waits_longest_gets_a_message_and_the_next_one_gets_it_when_it_comes_back(bool isGivenBack)
    {
        Task<WorkMessage<string>?> first = Queue.ReceiveAsync(cancellationToken: Token);
        Task<WorkMessage<string>?> second = Queue.ReceiveAsync(cancellationToken: Token);
        Time.Advance(TimeSpan.FromSeconds(5));
        Queue.Enqueue("a");
        WorkMessage<string> received = (await first)!;
        Assert.False(second.IsCompleted);

        if (isGivenBack)
        {
            Assert.True(received.Abandon(TimeSpan.FromSeconds(2)));
            Time.Advance(TimeSpan.FromSeconds(2));
        }
        else
        {
            // Its own wait ends, and it looks when the message may come back.
            Time.Advance(TimeSpan.FromSeconds(5));
            Time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal(2, (await second)!.Deliveries);
    }

    [Fact]
    public async Task A_message_that_is_given_back_at_once_wakes_who_waits()
    {
        Queue.Enqueue("a");
        Assert.True(Queue.TryReceive(out WorkMessage<string>? message));
        Task<WorkMessage<string>?> waiting = Queue.ReceiveAsync(cancellationToken: Token);

        Assert.True(message.Abandon());

        Assert.Equal(2, (await waiting)!.Deliveries);
    }

    [Fact]
    public void What_is_no_message_can_be_received_looked_at_and_buried()
    {
        Cache.Queue<string>("numbers").Enqueue("no number");
        WorkQueue<int> numbers = Cache.Queue<int>("numbers");

        Assert.True(numbers.TryReceive(out WorkMessage<int>? message));
        Assert.Throws<FormatException>(() => message.Body);
        Assert.True(message.Bury());

        DeadLetter<int> letter = Assert.Single(numbers.PeekDeadLetters());
        Assert.Throws<FormatException>(() => letter.Body);
        Assert.Equal("no number", System.Text.Encoding.ASCII.GetString(letter.Bytes.Span));
    }

    [Fact]
    public async Task A_wait_ends_with_its_time_or_when_it_is_cancelled()
    {
        Task<WorkMessage<string>?> timed = Queue.ReceiveAsync(TimeSpan.FromSeconds(3), Token);
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Null(await timed);

        using var cancel = new CancellationTokenSource();
        Task<WorkMessage<string>?> cancelled = Queue.ReceiveAsync(cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        Queue.Enqueue("kept");
        Assert.True(Queue.TryReceive(out WorkMessage<string>? kept));
        Assert.Equal("kept", kept.Body);
    }

    [Fact]
    public void A_queue_whose_key_was_deleted_goes_on()
    {
        WorkQueue<string> queue = Queue;
        queue.Enqueue("a");
        Assert.True(queue.TryReceive(out WorkMessage<string>? message));
        Cache.Keys.Delete("jobs");

        Assert.False(message.Complete());
        queue.Enqueue("b");
        Assert.True(queue.TryReceive(out message));
        Assert.Equal("b", message.Body);
    }

    [Fact]
    public void A_crash_between_receiving_and_completing_loses_nothing()
    {
        var disk = new SimulatedDisk();
        using (EmbeddedCache cache = CacheFixture.OpenOn(disk, Time, DurabilityMode.Always))
        {
            WorkQueue<string> queue = cache.Queue<string>("jobs", Options);
            queue.Enqueue("done");
            queue.Enqueue("lost?");
            Assert.True(queue.TryReceive(out WorkMessage<string>? done));
            Assert.True(done.Complete());
            Assert.True(queue.TryReceive(out _));
        }

        disk.Crash(new Random(1));
        Time.Advance(TimeSpan.FromSeconds(10));
        using (EmbeddedCache cache = CacheFixture.OpenOn(disk, Time, DurabilityMode.Always))
        {
            WorkQueue<string> queue = cache.Queue<string>("jobs", Options);
            Assert.True(queue.TryReceive(out WorkMessage<string>? message));
            Assert.Equal(("lost?", 2L), (message.Body, message.Deliveries));
            Assert.True(message.Complete());
            Assert.False(queue.TryReceive(out _));
        }
    }

    [Fact]
    public async Task Receivers_on_many_threads_complete_each_message_once()
    {
        const int Messages = 2_000;
        using var cache = new EmbeddedCache();
        var completed = new ConcurrentDictionary<int, int>();
        Task[] receivers = [.. Enumerable.Range(0, 4).Select(receiver => Task.Run(async () =>
        {
            WorkQueue<int> queue = cache.Queue<int>("numbers");
            var random = new Random(receiver);
            while (completed.Count < Messages)
            {
                if (await queue.ReceiveAsync(TimeSpan.FromMilliseconds(20), Token) is not { } message)
                {
                    continue;
                }

                if (random.Next(10) == 0 && message.Deliveries < 4)
                {
                    Assert.True(message.Abandon());
                }
                else if (message.Complete())
                {
                    completed.AddOrUpdate(message.Body, 1, (_, count) => count + 1);
                }
            }
        }))];

        WorkQueue<int> filled = cache.Queue<int>("numbers");
        for (int i = 0; i < Messages; i++)
        {
            filled.Enqueue(i);
        }

        await Task.WhenAll(receivers);
        Assert.Equal(Messages, completed.Count);
        Assert.All(completed.Values, count => Assert.Equal(1, count));
        Assert.Equal((0, 0), (filled.Count(), filled.CountDeadLetters()));
    }

    [Fact]
    public void Options_out_of_range_are_refused_by_name()
    {
        Assert.Throws<ArgumentOutOfRangeException>("VisibilityTimeout", () => Cache.Queue<int>("q", new WorkQueueOptions { VisibilityTimeout = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>("MaxDeliveries", () => Cache.Queue<int>("q", new WorkQueueOptions { MaxDeliveries = 0 }));
        Assert.Throws<ArgumentNullException>(() => Cache.Queue<int>(null!));
    }
}
