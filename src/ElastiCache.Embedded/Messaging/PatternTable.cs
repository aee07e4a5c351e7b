using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Messaging;

/// <summary>Patterns, each with its subscriptions. A published message is compared with every pattern, as in Redis.</summary>
/// <remarks>Publishers read one array without a lock; a change, under the hub's lock, replaces it and is O(patterns).</remarks>
internal sealed class PatternTable
{
    private readonly Dictionary<byte[], Pattern> _byName = new(KeyComparer.Instance);
    private volatile Pattern[] _patterns = [];

    /// <summary>Different patterns that have subscribers: PUBSUB NUMPAT.</summary>
    public int Count => _patterns.Length;

    /// <summary>Gives a message to the subscribers of all matching patterns.</summary>
    /// <returns>How many subscriptions matched.</returns>
    public int Deliver(ref PublishedMessage message)
    {
        int receivers = 0;
        foreach (Pattern pattern in _patterns)
        {
            if (Glob.IsMatch(pattern.Name.Bytes, message.Channel))
            {
                Subscription[] subscriptions = pattern.Subscriptions;
                receivers += subscriptions.Length;
                foreach (Subscription subscription in subscriptions)
                {
                    subscription.Subscriber.Deliver(subscription, ref message);
                }
            }
        }

        return receivers;
    }

    /// <summary>The name to subscribe under.</summary>
    public ChannelName NameFor(ReadOnlySpan<byte> name) =>
        _byName.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out Pattern? pattern) ? pattern.Name : new ChannelName(name.ToArray());

    public void Add(Subscription subscription)
    {
        bool isNew = !_byName.TryGetValue(subscription.Name.Bytes, out Pattern? pattern);
        if (isNew)
        {
            _byName.Add(subscription.Name.Bytes, pattern = new Pattern(subscription.Name));
        }

        pattern!.Subscriptions = [.. pattern.Subscriptions, subscription];
        if (isNew)
        {
            _patterns = [.. _patterns, pattern];
        }
    }

    public void Remove(Subscription subscription)
    {
        Pattern pattern = _byName[subscription.Name.Bytes];
        pattern.Subscriptions = Array.FindAll(pattern.Subscriptions, other => other != subscription);
        if (pattern.Subscriptions.Length == 0)
        {
            _byName.Remove(subscription.Name.Bytes);
            _patterns = Array.FindAll(_patterns, other => other != pattern);
        }
    }

    private sealed class Pattern(ChannelName name)
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
