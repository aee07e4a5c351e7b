using ElastiCache.Embedded.Tests.Messaging;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class SlowSubscriberTests : CacheFixture
{
    [Fact]
    public async Task By_default_a_reader_that_is_too_slow_gets_what_was_queued_and_then_learns_how_much_it_lost()
    {
        await using ChannelSubscription subscription = Subscribe(SlowSubscriberPolicy.Disconnect, maxMessages: 3);
        var reader = new MessageReader(subscription);
        Publish(5);

        Assert.Equal("n=0", await reader.NextAsync());
        Assert.Equal("n=1", await reader.NextAsync());
        Assert.Equal("n=2", await reader.NextAsync());
        var exception = await Assert.ThrowsAsync<SubscriberTooSlowException>(reader.NextAsync);

        Assert.Equal((2, 2), (exception.LostMessages, subscription.DroppedMessages));
        Assert.Equal(SlowSubscriberPolicy.Disconnect, new SubscribeOptions().WhenFull);
        Assert.Equal(0, Cache.Channels.SubscriberCount("n"));
    }

    [Fact]
    public async Task DropOldest_keeps_the_newest_messages()
    {
        await using ChannelSubscription subscription = Subscribe(SlowSubscriberPolicy.DropOldest, maxMessages: 3);
        Publish(10);

        Assert.Equal(["n=7", "n=8", "n=9"], await new MessageReader(subscription).DrainAsync());
        Assert.Equal(7, subscription.DroppedMessages);
    }

    [Fact]
    public async Task DropNewest_keeps_the_oldest_messages()
    {
        await using ChannelSubscription subscription = Subscribe(SlowSubscriberPolicy.DropNewest, maxMessages: 3);
        var reader = new MessageReader(subscription);
        Publish(10);

        Assert.Equal(["n=0", "n=1", "n=2"], await reader.DrainAsync());
        Assert.Equal(7, subscription.DroppedMessages);

        Cache.Channels.Publish("n", 10);
        Assert.Equal("n=10", await reader.NextAsync());
    }

    [Theory]
    [InlineData(SlowSubscriberPolicy.DropOldest, "n=3456789")]
    [InlineData(SlowSubscriberPolicy.DropNewest, "n=12")]
    public async Task Bytes_are_limited_as_well(SlowSubscriberPolicy policy, string expected)
    {
        await using ChannelSubscription subscription = Subscribe(policy, maxMessages: 100, maxBytes: 8);
        Cache.Channels.Publish("n", "12");
        Cache.Channels.Publish("n", "3456789");

        Assert.Equal([expected], await new MessageReader(subscription).DrainAsync());
        Assert.Equal(1, subscription.DroppedMessages);
    }

    [Theory]
    [InlineData(SlowSubscriberPolicy.DropOldest)]
    [InlineData(SlowSubscriberPolicy.DropNewest)]
    public async Task A_message_larger_than_the_limit_is_lost_alone(SlowSubscriberPolicy policy)
    {
        await using ChannelSubscription subscription = Subscribe(policy, maxMessages: 100, maxBytes: 8);
        Cache.Channels.Publish("n", "12");
        Cache.Channels.Publish("n", "123456789");
        Cache.Channels.Publish("n", "3");

        Assert.Equal(["n=12", "n=3"], await new MessageReader(subscription).DrainAsync());
        Assert.Equal(1, subscription.DroppedMessages);
    }

    [Fact]
    public async Task A_message_larger_than_the_limit_ends_a_reader_that_waits()
    {
        await using ChannelSubscription subscription = Subscribe(SlowSubscriberPolicy.Disconnect, maxMessages: 100, maxBytes: 8);
        var reader = new MessageReader(subscription);
        Assert.False(reader.HasNext);

        Cache.Channels.Publish("n", "123456789");

        Assert.Equal(1, (await Assert.ThrowsAsync<SubscriberTooSlowException>(reader.NextAsync)).LostMessages);
    }

    [Theory]
    [InlineData(SlowSubscriberPolicy.DropOldest)]
    [InlineData(SlowSubscriberPolicy.DropNewest)]
    [InlineData(SlowSubscriberPolicy.Disconnect)]
    public void A_reader_that_never_reads_holds_no_more_than_its_limits(SlowSubscriberPolicy policy)
    {
        using ChannelSubscription subscription = Subscribe(policy, maxMessages: 50, maxBytes: 10_000);
        byte[] payload = new byte[300];

        for (int i = 0; i < 1_000; i++)
        {
            Cache.Channels.Publish("n", payload.AsSpan(0, i % 300));
            (int messages, long bytes, int ring) = subscription.Queue.Occupancy;
            Assert.InRange(messages, 0, 50);
            Assert.InRange(bytes, 0, 10_000);
            Assert.InRange(ring, 0, 50);
        }
    }

    [Fact]
    public async Task Channel_names_that_come_through_a_pattern_count_too()
    {
        await using ChannelSubscription subscription = Cache.Channels.SubscribePattern(
            "n*", new SubscribeOptions { MaxBytes = 10, WhenFull = SlowSubscriberPolicy.DropOldest }, Token);
        Cache.Channels.Publish("n12345", "1234");
        Cache.Channels.Publish("n", "1");

        Assert.Equal(["n=1"], await new MessageReader(subscription).DrainAsync());
    }

    [Fact]
    public async Task A_slow_reader_does_not_disturb_a_quick_one()
    {
        await using ChannelSubscription slow = Subscribe(SlowSubscriberPolicy.Disconnect, maxMessages: 1);
        var quick = new MessageReader(Subscribe(SlowSubscriberPolicy.Disconnect, maxMessages: 100));
        Publish(50);

        Assert.Equal(50, (await quick.DrainAsync()).Count);
        Assert.Equal(49, slow.DroppedMessages);
    }

    [Theory]
    [InlineData(SlowSubscriberPolicy.DropOldest)]
    [InlineData(SlowSubscriberPolicy.DropNewest)]
    public async Task Whatever_is_dropped_the_rest_stays_in_order_and_adds_up(SlowSubscriberPolicy policy)
    {
        const int Messages = 50_000;
        ChannelSubscription subscription = Subscribe(policy, maxMessages: 37);
        Task publisher = Task.Run(() => Publish(Messages), Token);
        int last = -1;
        int count = 0;
        Task<int> reader = Task.Run(
            async () =>
            {
                await foreach (ChannelMessage message in subscription)
                {
                    int number = message.Get<int>();
                    Assert.True(number > last, $"{number} after {last}");
                    last = number;
                    count++;
                    if (publisher.IsCompleted && count + subscription.DroppedMessages >= Messages)
                    {
                        break;
                    }
                }

                return count;
            },
            Token);

        await publisher;
        Cache.Channels.Publish("n", Messages);  // wakes a reader that waits at the very end

        Assert.InRange(await reader + subscription.DroppedMessages, Messages, Messages + 1);
    }

    [Fact]
    public async Task Four_publishers_and_four_readers_lose_nothing_while_the_limits_suffice()
    {
        const int Each = 10_000;
        ChannelSubscription[] subscriptions = [.. Enumerable.Range(0, 4).Select(_ => Subscribe(SlowSubscriberPolicy.Disconnect, maxMessages: 5 * Each))];
        Task<bool>[] readers = [.. subscriptions.Select(subscription => Task.Run(() => ReadAllInOrderAsync(subscription, 4, Each), Token))];

        await Task.WhenAll(Enumerable.Range(0, 4).Select(publisher => Task.Run(
            () =>
            {
                for (int i = 0; i < Each; i++)
                {
                    Assert.Equal(4, Cache.Channels.Publish("n", $"{publisher}:{i}"));
                }
            },
            Token)));

        Assert.All(await Task.WhenAll(readers), Assert.True);
    }

    private static async Task<bool> ReadAllInOrderAsync(ChannelSubscription subscription, int publishers, int each)
    {
        int[] next = new int[publishers];
        await foreach (ChannelMessage message in subscription)
        {
            string[] parts = message.GetString().Split(':');
            int publisher = int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture);
            if (int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) != next[publisher]++)
            {
                return false;
            }

            if (next.All(number => number == each))
            {
                break;
            }
        }

        return next.All(number => number == each);
    }

    private ChannelSubscription Subscribe(SlowSubscriberPolicy policy, int maxMessages, long maxBytes = 1 << 20) =>
        Cache.Channels.Subscribe("n", new SubscribeOptions { MaxMessages = maxMessages, MaxBytes = maxBytes, WhenFull = policy }, Token);

    private void Publish(int messages)
    {
        for (int i = 0; i < messages; i++)
        {
            Cache.Channels.Publish("n", i);
        }
    }
}
