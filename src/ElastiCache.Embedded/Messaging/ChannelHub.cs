using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Messaging;

/// <summary>Publish and subscribe within one cache: who has subscribed to what, and the way of a message to them.</summary>
/// <remarks>
/// <code>
///   Publish ──► subscriptions at all? ──► channels ──► array of subscriptions ──► Subscriber.Deliver, one after the other,
///                (one volatile read)  └─► patterns ──► those that match       ──►   on the publisher's thread
/// </code>
/// Publishing takes no lock here, so publishers don't wait for each other; each subscriber has a lock of its own, held for the time of putting a message
/// into its buffer. One publisher's messages reach a subscriber in their order. Two publishers at once are not ordered against each other, and may reach
/// two subscribers in different orders. A subscription is active when <see cref="Subscribe"/> returns: whatever is published from then on, reaches it.
/// One node owns all shards, so a sharded channel differs from an ordinary one in its name space only: it matches no pattern.
/// <para>
/// Lock order: any shard's lock, then the hub's or a subscriber's, never both of these. So a message may be published with shards locked, which keyspace
/// events do, and a transaction may subscribe.
/// </para>
/// </remarks>
internal sealed class ChannelHub
{
    private readonly Lock _lock = new();
    private readonly ChannelTable _channels = new();
    private readonly ChannelTable _sharded = new();
    private readonly PatternTable _patterns = new();
    private readonly HashSet<Subscriber> _subscribers = [];
    private int _subscriptions;
    private bool _isClosed;

    /// <summary>Whether anybody would get any message.</summary>
    public bool HasSubscriptions => Volatile.Read(ref _subscriptions) != 0;

    /// <summary>Different patterns that have subscribers: PUBSUB NUMPAT.</summary>
    public int PatternCount => _patterns.Count;

    /// <summary>Channels that have subscribers, those of patterns not counted.</summary>
    public int ChannelCount => _channels.Count;

    /// <summary>Sharded channels that have subscribers.</summary>
    public int ShardedChannelCount => _sharded.Count;

    /// <summary>Gives a message to all who have subscribed to a channel, or to a pattern that it matches. O(subscribers + patterns).</summary>
    /// <returns>How many subscriptions got it; a subscriber counts once for its channel and once for each of its patterns that match.</returns>
    public int Publish(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload)
    {
        if (!HasSubscriptions)
        {
            return 0;
        }

        var message = new PublishedMessage(channel, payload);
        int receivers = _channels.Deliver(ref message);
        return receivers + _patterns.Deliver(ref message);
    }

    /// <summary>Gives a message to all who have subscribed to a sharded channel. O(subscribers).</summary>
    /// <returns>How many there were.</returns>
    public int PublishSharded(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload)
    {
        if (!HasSubscriptions)
        {
            return 0;
        }

        var message = new PublishedMessage(channel, payload);
        return _sharded.Deliver(ref message);
    }

    /// <summary>Makes a subscriber known, so that it hears of the hub's end even while it has no subscription.</summary>
    /// <returns>False if the hub is closed.</returns>
    public bool Open(Subscriber subscriber)
    {
        lock (_lock)
        {
            return !_isClosed && _subscribers.Add(subscriber);
        }
    }

    /// <summary>Subscribes to a name. O(subscribers that it has).</summary>
    /// <returns>Whether that is new; to subscribe twice is to subscribe once, and a closed subscriber gets nothing.</returns>
    public bool Subscribe(Subscriber subscriber, ChannelKind kind, ReadOnlySpan<byte> name)
    {
        lock (_lock)
        {
            if (_isClosed || subscriber.IsClosed || subscriber.TryGet(kind, name, out _))
            {
                return false;
            }

            ChannelName shared = kind == ChannelKind.Pattern ? _patterns.NameFor(name) : TableOf(kind).NameFor(name);
            var subscription = new Subscription(subscriber, kind, shared);
            subscriber.Add(subscription);
            _subscribers.Add(subscriber);
            if (kind == ChannelKind.Pattern)
            {
                _patterns.Add(subscription);
            }
            else
            {
                TableOf(kind).Add(subscription);
            }

            Volatile.Write(ref _subscriptions, _subscriptions + 1);
            return true;
        }
    }

    /// <summary>Ends a subscription. A message whose publication began earlier may still come; see <see cref="Subscription.IsActive"/>.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Unsubscribe(Subscriber subscriber, ChannelKind kind, ReadOnlySpan<byte> name)
    {
        lock (_lock)
        {
            if (!subscriber.TryGet(kind, name, out Subscription? subscription))
            {
                return false;
            }

            subscriber.Remove(subscription!);
            Remove(subscription!);
            return true;
        }
    }

    /// <summary>What a subscriber has subscribed to, in no order.</summary>
    public byte[][] NamesOf(Subscriber subscriber, ChannelKind kind)
    {
        lock (_lock)
        {
            return subscriber.Names(kind);
        }
    }

    /// <summary>Ends all subscriptions of a subscriber for good. O(its subscriptions × the subscribers of each).</summary>
    public void Close(Subscriber subscriber)
    {
        lock (_lock)
        {
            subscriber.IsClosed = true;
            _subscribers.Remove(subscriber);
            foreach (Subscription subscription in subscriber.RemoveAll())
            {
                Remove(subscription);
            }
        }
    }

    /// <summary>Ends everything.</summary>
    public void Close()
    {
        Subscriber[] subscribers;
        lock (_lock)
        {
            _isClosed = true;
            subscribers = [.. _subscribers];
        }

        foreach (Subscriber subscriber in subscribers)
        {
            Close(subscriber);
            subscriber.HubClosed();
        }
    }

    /// <summary>The subscribers of a channel, those of patterns not counted: PUBSUB NUMSUB and SHARDNUMSUB.</summary>
    public int SubscriberCount(ChannelKind kind, ReadOnlySpan<byte> channel) => TableOf(kind).CountOf(channel);

    /// <summary>The channels that have subscribers, those of patterns not counted, in no order: PUBSUB CHANNELS and SHARDCHANNELS. O(channels).</summary>
    /// <param name="kind">Which name space.</param>
    /// <param name="pattern">What their names must match.</param>
    /// <param name="all">Whether all will do.</param>
    public List<ChannelName> ActiveChannels(ChannelKind kind, ReadOnlySpan<byte> pattern, bool all)
    {
        var active = new List<ChannelName>();
        foreach (ChannelName name in TableOf(kind).Names())
        {
            if (all || Glob.IsMatch(pattern, name.Bytes))
            {
                active.Add(name);
            }
        }

        return active;
    }

    private ChannelTable TableOf(ChannelKind kind) => kind == ChannelKind.Sharded ? _sharded : _channels;

    private void Remove(Subscription subscription)
    {
        subscription.End();
        if (subscription.Kind == ChannelKind.Pattern)
        {
            _patterns.Remove(subscription);
        }
        else
        {
            TableOf(subscription.Kind).Remove(subscription);
        }

        Volatile.Write(ref _subscriptions, _subscriptions - 1);
    }
}
