using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Messaging;

/// <summary>Who gets messages: a queue of the typed API, or a client's connection.</summary>
/// <remarks>What it has subscribed to is kept here and guarded by the lock of its <see cref="ChannelHub"/>. It belongs to one hub all its life.</remarks>
internal abstract class Subscriber
{
    private readonly Dictionary<byte[], Subscription>?[] _byKind = new Dictionary<byte[], Subscription>?[3];

    /// <summary>Subscriptions to channels and patterns, which Redis counts together.</summary>
    public int ChannelsAndPatterns => Count(ChannelKind.Channel) + Count(ChannelKind.Pattern);

    /// <summary>Subscriptions of all kinds.</summary>
    public int Total => ChannelsAndPatterns + Count(ChannelKind.Sharded);

    /// <summary>Whether it takes no further subscriptions.</summary>
    internal bool IsClosed { get; set; }

    /// <summary>Takes a message. Called on the publisher's thread, perhaps with shards of the store locked.</summary>
    /// <remarks>
    /// It must not wait, throw, or run a user's code. A lock of its own is the last that is taken: nothing is locked inside it.
    /// </remarks>
    public abstract void Deliver(Subscription subscription, ref PublishedMessage message);

    /// <summary>The hub closes: no message comes any more. No lock is held.</summary>
    public virtual void HubClosed()
    {
    }

    /// <summary>Subscriptions of one kind.</summary>
    public int Count(ChannelKind kind) => _byKind[(int)kind]?.Count ?? 0;

    /// <summary>The names of one kind, in no order.</summary>
    internal byte[][] Names(ChannelKind kind) => _byKind[(int)kind] is { } names ? [.. names.Keys] : [];

    internal bool TryGet(ChannelKind kind, ReadOnlySpan<byte> name, out Subscription? subscription)
    {
        subscription = null;
        return _byKind[(int)kind] is { } names && names.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out subscription);
    }

    internal void Add(Subscription subscription) =>
        (_byKind[(int)subscription.Kind] ??= new(KeyComparer.Instance)).Add(subscription.Name.Bytes, subscription);

    internal void Remove(Subscription subscription) => _byKind[(int)subscription.Kind]!.Remove(subscription.Name.Bytes);

    /// <summary>Takes all subscriptions away.</summary>
    internal List<Subscription> RemoveAll()
    {
        var all = new List<Subscription>();
        foreach (Dictionary<byte[], Subscription>? names in _byKind)
        {
            if (names != null)
            {
                all.AddRange(names.Values);
                names.Clear();
            }
        }

        return all;
    }
}
