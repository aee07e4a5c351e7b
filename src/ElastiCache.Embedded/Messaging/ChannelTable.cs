using System.Collections.Concurrent;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Messaging;

/// <summary>Channels by their names, each with its subscriptions.</summary>
/// <remarks>
/// Publishers read without a lock: a dictionary whose look-ups take none, and for each channel an array that is never changed, only replaced. Changing it
/// is therefore O(subscribers of the channel), and guarded by the hub's lock.
/// </remarks>
internal sealed class ChannelTable
{
    private readonly ConcurrentDictionary<byte[], Channel> _channels = new(KeyComparer.Instance);

    /// <summary>Channels that have subscribers.</summary>
    public int Count => _channels.Count;

    /// <summary>Gives a message to a channel's subscribers in the order in which they came.</summary>
    /// <returns>How many there were.</returns>
    public int Deliver(ref PublishedMessage message)
    {
        if (!_channels.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(message.Channel, out Channel? channel))
        {
            return 0;
        }

        message.Name = channel.Name;
        Subscription[] subscriptions = channel.Subscriptions;
        foreach (Subscription subscription in subscriptions)
        {
            subscription.Subscriber.Deliver(subscription, ref message);
        }

        return subscriptions.Length;
    }

    /// <summary>The subscribers of a channel.</summary>
    public int CountOf(ReadOnlySpan<byte> name) =>
        _channels.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out Channel? channel) ? channel.Subscriptions.Length : 0;

    /// <summary>The names of the channels that have subscribers, in no order.</summary>
    public IEnumerable<ChannelName> Names() => _channels.Select(pair => pair.Value.Name);

    /// <summary>The name to subscribe under: the one that is in use already, so that all share it.</summary>
    public ChannelName NameFor(ReadOnlySpan<byte> name) =>
        _channels.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out Channel? channel) ? channel.Name : new ChannelName(name.ToArray());

    public void Add(Subscription subscription)
    {
        Channel channel = _channels.GetOrAdd(subscription.Name.Bytes, static (_, name) => new Channel(name), subscription.Name);
        channel.Subscriptions = [.. channel.Subscriptions, subscription];
    }

    public void Remove(Subscription subscription)
    {
        Channel channel = _channels[subscription.Name.Bytes];
        channel.Subscriptions = Array.FindAll(channel.Subscriptions, other => other != subscription);
        if (channel.Subscriptions.Length == 0)
        {
            // A publisher may still have it in its hands: it finds no subscription there.
            _channels.TryRemove(subscription.Name.Bytes, out _);
        }
    }

    private sealed class Channel(ChannelName name)
    {
        private volatile Subscription[] _subscriptions = [];

        public ChannelName Name => name;

        public Subscription[] Subscriptions
        {
            get => _subscriptions;
            set => _subscriptions = value;
        }
    }
}
