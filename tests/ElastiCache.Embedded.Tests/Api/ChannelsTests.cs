using System.Buffers;
using ElastiCache.Embedded.Tests.House;
using ElastiCache.Embedded.Tests.Messaging;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class ChannelsTests : CacheFixture
{
    [Fact]
    public async Task A_loop_reads_what_was_published_since_it_subscribed()
    {
        Cache.Channels.Publish("news", "too early");
        ChannelSubscription news = Cache.Channels.Subscribe("news", Token);
        Cache.Channels.Publish("news", "one");
        Cache.Channels.Publish("other", "not for us");
        Cache.Channels.Publish("news", "two");
        List<string> read = [];

        await foreach (ChannelMessage message in news)
        {
            read.Add(message.GetString());
            if (read.Count == 2)
            {
                break;
            }
        }

        Assert.Equal(["one", "two"], read);
        Assert.Equal(0, Cache.Channels.SubscriberCount("news"));
    }

    [Fact]
    public async Task A_reader_that_waits_gets_the_next_message()
    {
        var reader = new MessageReader(Cache.Channels.Subscribe("news", Token));
        Assert.False(reader.HasNext);

        Assert.Equal(1, Cache.Channels.Publish("news", "hello"));

        Assert.Equal("news=hello", await reader.NextAsync());
    }

    [Fact]
    public async Task Values_travel_in_the_form_in_which_strings_store_them()
    {
        var reader = new MessageReader(Cache.Channels.Subscribe("c", Token));
        Cache.Channels.Publish("c", 42);
        Cache.Channels.Publish("c", new Uri("http://example.com/"));
        Cache.Channels.Publish<byte[]>("c", [1, 2, 3]);
        Cache.Channels.Publish("c", "raw"u8);

        ChannelMessage number = (await reader.NextMessageAsync()).GetValueOrDefault();
        Assert.Equal(("42", 42L), (number.GetString(), number.Get<long>()));
        Assert.Equal(new Uri("http://example.com/"), (await reader.NextMessageAsync())!.Value.Get<Uri>());
        Assert.Equal([1, 2, 3], (await reader.NextMessageAsync())!.Value.Get<byte[]>());
        ChannelMessage raw = (await reader.NextMessageAsync()).GetValueOrDefault();
        Assert.Equal("raw", System.Text.Encoding.UTF8.GetString(raw.Payload.Span));
        Assert.Throws<FormatException>(() => raw.Get<int>());
    }

    [Fact]
    public async Task A_pattern_brings_its_channels_and_says_that_it_did()
    {
        var reader = new MessageReader(Cache.Channels.SubscribePattern("news.*", Token));

        Assert.Equal(1, Cache.Channels.Publish("news.de", "x"));
        Assert.Equal(0, Cache.Channels.Publish("sports", "y"));

        ChannelMessage message = (await reader.NextMessageAsync()).GetValueOrDefault();
        Assert.Equal(("news.de", "news.*", false), (message.Channel, message.Pattern, message.IsSharded));
        Assert.Equal(1, Cache.Channels.PatternCount);
        Assert.Equal(0, Cache.Channels.SubscriberCount("news.de"));
    }

    [Fact]
    public async Task A_star_in_the_name_of_a_channel_is_a_star()
    {
        var reader = new MessageReader(Cache.Channels.Subscribe("news.*", Token));

        Assert.Equal(0, Cache.Channels.Publish("news.de", "x"));
        Assert.Equal(1, Cache.Channels.Publish("news.*", "y"));

        ChannelMessage message = (await reader.NextMessageAsync()).GetValueOrDefault();
        Assert.Equal(("news.*", null), (message.Channel, message.Pattern));
    }

    [Fact]
    public async Task Sharded_channels_have_their_own_subscribers()
    {
        var reader = new MessageReader(Cache.Channels.SubscribeSharded("c", Token));

        Assert.Equal(0, Cache.Channels.Publish("c", "x"));
        Assert.Equal(1, Cache.Channels.PublishSharded("c", "y"));
        Assert.Equal(1, Cache.Channels.PublishSharded("c", "z"u8));

        ChannelMessage message = (await reader.NextMessageAsync()).GetValueOrDefault();
        Assert.Equal(("c", "y", true, null), (message.Channel, message.GetString(), message.IsSharded, message.Pattern));
        Assert.Equal((1, 0), (Cache.Channels.ShardedSubscriberCount("c"), Cache.Channels.SubscriberCount("c")));
        Assert.Equal(["c"], Cache.Channels.ActiveShardedChannels());
        Assert.Empty(Cache.Channels.ActiveChannels());
    }

    [Fact]
    public async Task One_subscription_may_have_many_channels_and_give_them_up_again()
    {
        await using ChannelSubscription subscription = Cache.Channels.Open(cancellationToken: Token);
        var reader = new MessageReader(subscription);
        Assert.True(subscription.Add("a"));
        Assert.False(subscription.Add("a"));
        Assert.True(subscription.AddPattern("b*"));
        Assert.True(subscription.AddSharded("s"));
        Cache.Channels.Publish("a", 1);
        Cache.Channels.Publish("b1", 2);
        Cache.Channels.PublishSharded("s", 3);

        Assert.True(subscription.Remove("a"));
        Assert.True(subscription.RemovePattern("b*"));
        Assert.True(subscription.RemoveSharded("s"));
        Assert.False(subscription.Remove("a"));

        Assert.Equal(0, Cache.Channels.Publish("a", 4) + Cache.Channels.Publish("b1", 5) + Cache.Channels.PublishSharded("s", 6));
        Assert.Equal(["a=1", "b1=2", "s=3"], await reader.DrainAsync());
    }

    [Fact]
    public void Names_given_as_text_and_as_bytes_are_the_same_names()
    {
        using ChannelSubscription text = Cache.Channels.Subscribe("größe", Token);
        using ChannelSubscription bytes = Cache.Channels.Subscribe("größe"u8, Token);
        string longName = new('x', 1_000);
        using ChannelSubscription long1 = Cache.Channels.Subscribe(longName, Token);

        Assert.Equal(2, Cache.Channels.Publish("größe", "x"));
        Assert.Equal(1, Cache.Channels.Publish(System.Text.Encoding.UTF8.GetBytes(longName), "x"));
        Assert.Equal(["größe"], Cache.Channels.ActiveChannels("gr*"));
    }

    [Fact]
    public async Task Cancelling_ends_a_reader_that_waits_and_its_subscription()
    {
        using var stop = new CancellationTokenSource();
        var reader = new MessageReader(Cache.Channels.Subscribe("news", stop.Token));
        Assert.False(reader.HasNext);

        await stop.CancelAsync();

        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(reader.NextAsync);
        Assert.Equal(stop.Token, exception.CancellationToken);
        Assert.Equal(0, Cache.Channels.SubscriberCount("news"));
    }

    [Fact]
    public async Task Cancelling_ends_a_reader_that_has_messages_waiting()
    {
        using var stop = new CancellationTokenSource();
        var reader = new MessageReader(Cache.Channels.Subscribe("news", stop.Token));
        Cache.Channels.Publish("news", 1);
        Cache.Channels.Publish("news", 2);
        Assert.Equal("news=1", await reader.NextAsync());

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(reader.NextAsync);
    }

    [Fact]
    public async Task A_token_that_is_cancelled_already_gives_a_subscription_that_is_over()
    {
        var reader = new MessageReader(Cache.Channels.Subscribe("news", new CancellationToken(canceled: true)));

        Assert.Equal(0, Cache.Channels.Publish("news", "x"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(reader.NextAsync);
    }

    [Fact]
    public async Task The_loops_own_token_cancels_too()
    {
        using var stop = new CancellationTokenSource();
        await using ChannelSubscription subscription = Cache.Channels.Subscribe("news", Token);
        await using IAsyncEnumerator<ChannelMessage> messages = subscription.GetAsyncEnumerator(stop.Token);
        ValueTask<bool> next = messages.MoveNextAsync();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }

    [Fact]
    public async Task Disposing_a_subscription_ends_its_reader()
    {
        ChannelSubscription subscription = Cache.Channels.Subscribe("news", Token);
        var reader = new MessageReader(subscription);
        Assert.False(reader.HasNext);

        await subscription.DisposeAsync();

        Assert.Null(await reader.NextAsync());
        Assert.False(subscription.Add("more"));
        Assert.Equal(0, Cache.Channels.SubscriberCount("news"));
    }

    [Fact]
    public async Task Closing_the_cache_ends_readers_after_what_is_queued()
    {
        var cache = new EmbeddedCache();
        var reader = new MessageReader(cache.Channels.Subscribe("news", Token));
        var waiting = new MessageReader(cache.Channels.Open(cancellationToken: Token));
        Assert.False(waiting.HasNext);
        cache.Channels.Publish("news", "last");

        await cache.DisposeAsync();

        Assert.Equal("news=last", await reader.NextAsync());
        Assert.Null(await reader.NextAsync());
        Assert.Null(await waiting.NextAsync());
        Assert.Throws<ObjectDisposedException>(() => cache.Channels.Publish("news", "x"));
        Assert.Throws<ObjectDisposedException>(() => cache.Channels.PublishSharded("news", "x"));
        Assert.Throws<ObjectDisposedException>(() => cache.Channels.Subscribe("news", Token));
    }

    [Fact]
    public void A_subscription_can_be_read_once()
    {
        using ChannelSubscription subscription = Cache.Channels.Subscribe("news", Token);
        _ = subscription.GetAsyncEnumerator(Token);

        Assert.Throws<InvalidOperationException>(() => subscription.GetAsyncEnumerator(Token));
    }

    [Fact]
    public async Task A_second_read_while_the_first_waits_is_refused()
    {
        await using ChannelSubscription subscription = Cache.Channels.Subscribe("news", Token);
        IAsyncEnumerator<ChannelMessage> messages = subscription.GetAsyncEnumerator(Token);
        ValueTask<bool> first = messages.MoveNextAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await messages.MoveNextAsync());

        Cache.Channels.Publish("news", "x");
        Assert.True(await first);
    }

    [Theory]
    [InlineData(0, 1, SlowSubscriberPolicy.Disconnect, "MaxMessages = 0 is out of range")]
    [InlineData(16_777_217, 1, SlowSubscriberPolicy.Disconnect, "MaxMessages = 16777217 is out of range")]
    [InlineData(1, 0, SlowSubscriberPolicy.Disconnect, "MaxBytes = 0 is out of range")]
    [InlineData(1, 1, (SlowSubscriberPolicy)7, "WhenFull = 7 is out of range")]
    public void Options_out_of_range_are_refused(int maxMessages, long maxBytes, SlowSubscriberPolicy whenFull, string expected)
    {
        var options = new SubscribeOptions { MaxMessages = maxMessages, MaxBytes = maxBytes, WhenFull = whenFull };

        var exception = Assert.Throws<ArgumentOutOfRangeException>(() => Cache.Channels.Subscribe("news", options, Token));

        Assert.StartsWith(expected, exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, Cache.Channels.SubscriberCount("news"));
    }

    [Fact]
    public void Publishing_to_nobody_and_reading_what_is_there_allocates_nothing_but_the_message()
    {
        byte[] payload = new byte[100];
        using ChannelSubscription subscription = Cache.Channels.Subscribe("news", Token);
        IAsyncEnumerator<ChannelMessage> messages = subscription.GetAsyncEnumerator(Token);

        long nobody = Allocations.Least(() => Cache.Channels.Publish("nobody", payload));
        long read = Allocations.Least(() =>
        {
            Cache.Channels.Publish("news", payload.AsSpan());
            ValueTask<bool> next = messages.MoveNextAsync();
            Assert.True(next.IsCompletedSuccessfully);
        });

        Assert.True(nobody < 1_000, $"{nobody} bytes");
        Assert.InRange(read, 124_000, 130_000);     // an array of 100 bytes each time
    }

    [Fact]
    public async Task Subscribers_share_the_bytes_of_a_message()
    {
        var one = new MessageReader(Cache.Channels.Subscribe("news", Token));
        var two = new MessageReader(Cache.Channels.SubscribePattern("n*", Token));
        Cache.Channels.Publish("news", "hello");

        ReadOnlyMemory<byte> first = (await one.NextMessageAsync())!.Value.Payload;
        ReadOnlyMemory<byte> second = (await two.NextMessageAsync())!.Value.Payload;

        Assert.True(first.Equals(second));
    }

    [Fact]
    public void The_default_message_is_empty()
    {
        ChannelMessage message = default;

        Assert.Equal(("", null, false, 0, 0), (message.Channel, message.Pattern, message.IsSharded, message.Payload.Length, message.ChannelBytes.Length));
        Assert.Equal("", message.GetString());
    }
}
