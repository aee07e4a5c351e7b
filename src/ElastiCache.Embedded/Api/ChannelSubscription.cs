using System.Diagnostics.CodeAnalysis;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded;

/// <summary>Subscriptions to channels and the queue of their messages, read by <c>await foreach</c>.</summary>
/// <remarks>
/// <code>
///   await foreach (ChannelMessage message in cache.Channels.Subscribe("orders", stopping))
///   {
///       Order? order = message.Get&lt;Order&gt;();
///   }
/// </code>
/// It is active as soon as it exists: what is published from then on waits in its queue, within the limits of <see cref="SubscribeOptions"/>, until it is
/// read. So subscribe first, then read the state that the messages are to keep up to date, then read messages. It ends when the loop is left, when it is
/// disposed, when its token is cancelled (an <see cref="OperationCanceledException"/>), when its reader is too slow
/// (<see cref="SubscriberTooSlowException"/>), or, after what is queued, when the cache closes. A subscription that is neither read nor disposed holds its
/// queue, and no more than that. One reader at a time; all other members may be used from any thread.
/// </remarks>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "It is a subscription; that it can be enumerated is how it is read.")]
public sealed class ChannelSubscription : IAsyncEnumerable<ChannelMessage>, IAsyncDisposable, IDisposable
{
    private readonly EmbeddedCache _cache;
    private readonly Reader _reader;

    internal ChannelSubscription(EmbeddedCache cache, SubscribeOptions options, CancellationToken cancellationToken)
    {
        _cache = cache;
        var queue = new SubscriptionQueue(cache.Hub, options);
        ObjectDisposedException.ThrowIf(!cache.Hub.Open(queue), cache);
        _reader = new Reader(queue, cache.Serializer, cancellationToken);
    }

    /// <summary>How many messages were dropped because the queue was full.</summary>
    public long DroppedMessages => Queue.Lost;

    internal SubscriptionQueue Queue => _reader.Queue;

    /// <summary>Subscribes to one more channel. O(subscribers of the channel). Redis: SUBSCRIBE.</summary>
    /// <returns>Whether that is new. A subscription that has ended takes none.</returns>
    public bool Add(CacheKey channel) => Subscribe(ChannelKind.Channel, channel);

    /// <summary>Subscribes to all channels whose names match one more glob pattern. O(patterns of all subscribers). Redis: PSUBSCRIBE.</summary>
    /// <returns>Whether that is new. A subscription that has ended takes none.</returns>
    /// <remarks>A message comes once for its channel and once for each pattern that it matches, as in Redis.</remarks>
    public bool AddPattern(CacheKey pattern) => Subscribe(ChannelKind.Pattern, pattern);

    /// <summary>Subscribes to one more sharded channel. O(subscribers of the channel). Redis: SSUBSCRIBE.</summary>
    /// <returns>Whether that is new. A subscription that has ended takes none.</returns>
    public bool AddSharded(CacheKey channel) => Subscribe(ChannelKind.Sharded, channel);

    /// <summary>Gives up one channel; what is queued already stays. O(subscribers of the channel). Redis: UNSUBSCRIBE.</summary>
    /// <returns>Whether it was subscribed to.</returns>
    public bool Remove(CacheKey channel) => Unsubscribe(ChannelKind.Channel, channel);

    /// <summary>Gives up one pattern; what is queued already stays. O(patterns of all subscribers). Redis: PUNSUBSCRIBE.</summary>
    /// <returns>Whether it was subscribed to.</returns>
    public bool RemovePattern(CacheKey pattern) => Unsubscribe(ChannelKind.Pattern, pattern);

    /// <summary>Gives up one sharded channel; what is queued already stays. O(subscribers of the channel). Redis: SUNSUBSCRIBE.</summary>
    /// <returns>Whether it was subscribed to.</returns>
    public bool RemoveSharded(CacheKey channel) => Unsubscribe(ChannelKind.Sharded, channel);

    /// <summary>Reads the messages. The subscriptions end with the enumeration.</summary>
    /// <param name="cancellationToken">Ends it, as the one that was given to Subscribe.</param>
    /// <exception cref="InvalidOperationException">It is or was read already.</exception>
    public IAsyncEnumerator<ChannelMessage> GetAsyncEnumerator(CancellationToken cancellationToken = default) => _reader.Begin(cancellationToken);

    /// <summary>Ends the subscriptions; a reader that waits comes to its end. What is queued is lost.</summary>
    public void Dispose() => _reader.End();

    /// <summary>As <see cref="Dispose"/>; it never waits.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private bool Subscribe(ChannelKind kind, CacheKey name)
    {
        using var bytes = new NameBytes(stackalloc byte[NameBytes.ScratchBytes]);
        return _cache.Hub.Subscribe(Queue, kind, bytes.Of(name));
    }

    private bool Unsubscribe(ChannelKind kind, CacheKey name)
    {
        using var bytes = new NameBytes(stackalloc byte[NameBytes.ScratchBytes]);
        return _cache.Hub.Unsubscribe(Queue, kind, bytes.Of(name));
    }

    private sealed class Reader(SubscriptionQueue queue, ICacheSerializer serializer, CancellationToken cancellationToken) : SubscriptionReader<ChannelMessage>(queue, cancellationToken)
    {
        public override ChannelMessage Current => new(Queue.Current, serializer);
    }
}
