using System.Text;
using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded.Tests.Messaging;

public sealed class ChannelHubTests
{
    private readonly ChannelHub _hub = new();

    [Fact]
    public void A_message_reaches_those_who_subscribed_to_its_channel_and_nobody_else()
    {
        (RecordingSubscriber one, RecordingSubscriber two, RecordingSubscriber other) = (new(), new(), new());
        Subscribe(one, "news");
        Subscribe(two, "news");
        Subscribe(other, "sports");

        Assert.Equal(2, Publish("news", "hello"));

        Assert.Equal(["news=hello"], one.Received);
        Assert.Equal(["news=hello"], two.Received);
        Assert.Empty(other.Received);
    }

    [Fact]
    public void Without_a_subscriber_a_message_reaches_nobody()
    {
        Assert.Equal(0, Publish("news", "hello"));

        Subscribe(new RecordingSubscriber(), "sports");

        Assert.Equal(0, Publish("news", "hello"));
    }

    [Fact]
    public void A_subscriber_counts_for_its_channel_and_for_each_pattern_that_matches()
    {
        var subscriber = new RecordingSubscriber();
        Subscribe(subscriber, "news.de");
        Subscribe(subscriber, "news.*", ChannelKind.Pattern);
        Subscribe(subscriber, "*", ChannelKind.Pattern);
        Subscribe(subscriber, "sports.*", ChannelKind.Pattern);

        Assert.Equal(3, Publish("news.de", "x"));

        Assert.Equal(["news.de=x", "news.*<-news.de=x", "*<-news.de=x"], subscriber.Received);
    }

    [Fact]
    public void To_subscribe_twice_is_to_subscribe_once()
    {
        var subscriber = new RecordingSubscriber();

        Assert.True(Subscribe(subscriber, "a"));
        Assert.False(Subscribe(subscriber, "a"));

        Assert.Equal(1, Publish("a", "x"));
        Assert.Equal(1, subscriber.Total);
    }

    [Fact]
    public void Sharded_channels_are_a_name_space_of_their_own_that_no_pattern_reaches()
    {
        (RecordingSubscriber plain, RecordingSubscriber sharded, RecordingSubscriber pattern) = (new(), new(), new());
        Subscribe(plain, "c");
        Subscribe(sharded, "c", ChannelKind.Sharded);
        Subscribe(pattern, "*", ChannelKind.Pattern);

        Assert.Equal(1, _hub.PublishSharded("c"u8, "to shards"u8));
        Assert.Equal(2, Publish("c", "to all"));

        Assert.Equal(["sharded c=to shards"], sharded.Received);
        Assert.Equal(["c=to all"], plain.Received);
        Assert.Equal(["*<-c=to all"], pattern.Received);
        Assert.Equal((1, 1, 0), (_hub.SubscriberCount(ChannelKind.Channel, "c"u8), _hub.SubscriberCount(ChannelKind.Sharded, "c"u8), plain.Count(ChannelKind.Sharded)));
    }

    [Fact]
    public void After_unsubscribing_nothing_comes_and_nothing_is_left()
    {
        var subscriber = new RecordingSubscriber();
        foreach (ChannelKind kind in Enum.GetValues<ChannelKind>())
        {
            Subscribe(subscriber, "a", kind);

            Assert.True(_hub.Unsubscribe(subscriber, kind, "a"u8));
            Assert.False(_hub.Unsubscribe(subscriber, kind, "a"u8));
        }

        Assert.Equal(0, Publish("a", "x") + _hub.PublishSharded("a"u8, "x"u8));
        Assert.False(_hub.HasSubscriptions);
        Assert.Equal(0, _hub.PatternCount);
        Assert.Empty(_hub.ActiveChannels(ChannelKind.Channel, default, all: true));
        Assert.Empty(_hub.ActiveChannels(ChannelKind.Sharded, default, all: true));
    }

    [Fact]
    public void A_subscription_that_ends_while_a_message_is_on_its_way_is_marked_as_ended_when_the_message_comes()
    {
        Subscription? ended = null;
        var second = new RecordingSubscriber();
        var first = new RecordingSubscriber { OnDelivery = () => _hub.Unsubscribe(second, ChannelKind.Channel, "a"u8) };
        Subscribe(first, "a");
        Subscribe(second, "a");
        second.TryGet(ChannelKind.Channel, "a"u8, out ended);

        // Counted when the message set out: the hub can't tell who is quick enough to end it meanwhile.
        Assert.Equal(2, Publish("a", "x"));

        Assert.False(ended!.IsActive);
        Assert.Equal(1, Publish("a", "y"));
        Assert.Equal(["a=x"], second.Received);
    }

    [Fact]
    public void A_subscriber_may_subscribe_others_while_it_gets_a_message()
    {
        var late = new RecordingSubscriber();
        var first = new RecordingSubscriber { OnDelivery = () => Subscribe(late, "a") };
        Subscribe(first, "a");

        Assert.Equal(1, Publish("a", "x"));
        Assert.Equal(2, Publish("a", "y"));

        Assert.Equal(["a=y"], late.Received);
    }

    [Fact]
    public void Names_are_bytes_and_empty_ones_are_names_too()
    {
        var subscriber = new RecordingSubscriber();
        _hub.Subscribe(subscriber, ChannelKind.Channel, default);
        _hub.Subscribe(subscriber, ChannelKind.Channel, [0, 255]);
        _hub.Subscribe(subscriber, ChannelKind.Pattern, default);

        // The empty pattern matches the empty name only, and a star does not: so Redis's glob does it.
        Assert.Equal(2, _hub.Publish(default, "x"u8));
        Assert.Equal(1, _hub.Publish([0, 255], default));
        Assert.Equal(0, _hub.Publish([0, 254], default));
    }

    [Fact]
    public void Channels_can_be_counted_and_listed_by_pattern()
    {
        (RecordingSubscriber one, RecordingSubscriber two) = (new(), new());
        Subscribe(one, "news.de");
        Subscribe(two, "news.de");
        Subscribe(two, "news.at");
        Subscribe(two, "sports");
        Subscribe(one, "*", ChannelKind.Pattern);
        Subscribe(two, "*", ChannelKind.Pattern);

        Assert.Equal(2, _hub.SubscriberCount(ChannelKind.Channel, "news.de"u8));
        Assert.Equal(0, _hub.SubscriberCount(ChannelKind.Channel, "nothing"u8));
        Assert.Equal(1, _hub.PatternCount);
        Assert.Equal(["news.at", "news.de"], _hub.ActiveChannels(ChannelKind.Channel, "news.*"u8, all: false).Select(name => name.Text).Order());
        Assert.Equal(["news.at", "news.de", "sports"], _hub.ActiveChannels(ChannelKind.Channel, default, all: true).Select(name => name.Text).Order());
    }

    [Fact]
    public void Closing_tells_every_subscriber_once_and_takes_no_more()
    {
        (RecordingSubscriber one, RecordingSubscriber idle, RecordingSubscriber late) = (new(), new(), new());
        Subscribe(one, "a");
        Assert.True(_hub.Open(idle));

        _hub.Close();

        Assert.True(one.IsHubClosed && idle.IsHubClosed);
        Assert.False(Subscribe(late, "a"));
        Assert.False(_hub.Open(late));
        Assert.Equal(0, Publish("a", "x"));
    }

    [Fact]
    public async Task Subscribing_unsubscribing_and_publishing_at_once_loses_no_message_of_a_subscription_that_stands()
    {
        const int Rounds = 3_000;
        const int Publishers = 2;
        string[] channels = ["a", "b"];
        var standing = new OrderChecker();
        foreach (string channel in channels)
        {
            Subscribe(standing, channel);
        }

        Subscribe(standing, "?", ChannelKind.Pattern);
        using var start = new Barrier(Publishers + 2);
        Task[] publishers = [.. Enumerable.Range(0, Publishers).Select(publisher => Task.Run(() =>
        {
            start.SignalAndWait();
            for (int i = 0; i < Rounds; i++)
            {
                foreach (string channel in channels)
                {
                    _hub.Publish(Encoding.UTF8.GetBytes(channel), Encoding.UTF8.GetBytes($"{publisher}:{i}"));
                }
            }
        }))];
        Task[] restless = [.. Enumerable.Range(0, 2).Select(seed => Task.Run(() =>
        {
            start.SignalAndWait();
            var random = new Random(seed);
            for (int i = 0; i < Rounds; i++)
            {
                var subscriber = new OrderChecker();
                for (int j = 0; j < 4; j++)
                {
                    Subscribe(subscriber, channels[random.Next(2)]);
                    Subscribe(subscriber, "*", ChannelKind.Pattern);
                    _hub.Unsubscribe(subscriber, ChannelKind.Channel, Encoding.UTF8.GetBytes(channels[random.Next(2)]));
                }

                _hub.Close(subscriber);
            }
        }))];

        await Task.WhenAll([.. publishers, .. restless]);

        Assert.Equal(2 * channels.Length * Publishers * Rounds, standing.Received);
        Assert.Equal(0, standing.Disorders);
        Assert.Equal((1, 1, 1), (_hub.SubscriberCount(ChannelKind.Channel, "a"u8), _hub.SubscriberCount(ChannelKind.Channel, "b"u8), _hub.PatternCount));
        _hub.Close(standing);
        Assert.False(_hub.HasSubscriptions);
    }

    private bool Subscribe(Subscriber subscriber, string name, ChannelKind kind = ChannelKind.Channel) =>
        _hub.Subscribe(subscriber, kind, Encoding.UTF8.GetBytes(name));

    private int Publish(string channel, string payload) => _hub.Publish(Encoding.UTF8.GetBytes(channel), Encoding.UTF8.GetBytes(payload));

    /// <summary>Counts messages, and those that come before one of the same publisher on the same subscription that was sent earlier.</summary>
    private sealed class OrderChecker : Subscriber
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<(Subscription, string, string), int> _latest = [];

        public int Received { get; private set; }

        public int Disorders { get; private set; }

        public override void Deliver(Subscription subscription, ref PublishedMessage message)
        {
            string[] parts = Encoding.UTF8.GetString(message.Payload).Split(':');
            int number = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
            lock (_lock)
            {
                Received++;
                var stream = (subscription, message.Name.Text, parts[0]);
                Disorders += _latest.TryGetValue(stream, out int latest) && latest >= number ? 1 : 0;
                _latest[stream] = number;
            }
        }
    }
}
