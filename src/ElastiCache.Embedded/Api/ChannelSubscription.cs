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
    private readonly SubscriptionQueue _queue;
    private readonly CancellationTokenRegistration _cancellation;
    private int _isEnumerated;

    internal ChannelSubscription(EmbeddedCache cache, SubscribeOptions options, CancellationToken cancellationToken)
    {
        _cache = cache;
        _queue = new SubscriptionQueue(cache.Hub, options);
        ObjectDisposedException.ThrowIf(!cache.Hub.Open(_queue), cache);
        _cancellation = CancelledBy(cancellationToken);
    }

    /// <summary>How many messages were dropped because the queue was full.</summary>
    public long DroppedMessages => _queue.Lost;

    internal SubscriptionQueue Queue => _queue;

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
    public IAsyncEnumerator<ChannelMessage> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _isEnumerated, 1) != 0)
        {
            throw new InvalidOperationException("A subscription can be enumerated once, because its messages are gone when they were read. Subscribe again.");
        }

        return new Enumerator(this, cancellationToken);
    }

    /// <summary>Ends the subscriptions; a reader that waits comes to its end. What is queued is lost.</summary>
    public void Dispose()
    {
        _cancellation.Unregister();
        _queue.Complete();
    }

    /// <summary>As <see cref="Dispose"/>; it never waits.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private bool Subscribe(ChannelKind kind, CacheKey name)
    {
        using var bytes = new NameBytes(stackalloc byte[NameBytes.ScratchBytes]);
        return _cache.Hub.Subscribe(_queue, kind, bytes.Of(name));
    }

    private bool Unsubscribe(ChannelKind kind, CacheKey name)
    {
        using var bytes = new NameBytes(stackalloc byte[NameBytes.ScratchBytes]);
        return _cache.Hub.Unsubscribe(_queue, kind, bytes.Of(name));
    }

    private CancellationTokenRegistration CancelledBy(CancellationToken cancellationToken) =>
        cancellationToken.UnsafeRegister(static (queue, token) => ((SubscriptionQueue)queue!).Cancel(token), _queue);

    private sealed class Enumerator : IAsyncEnumerator<ChannelMessage>
    {
        private readonly ChannelSubscription _subscription;
        private readonly SubscriptionQueue _queue;
        private readonly ICacheSerializer _serializer;
        private readonly CancellationTokenRegistration _cancellation;

        public Enumerator(ChannelSubscription subscription, CancellationToken cancellationToken)
        {
            _subscription = subscription;
            _queue = subscription._queue;
            _serializer = subscription._cache.Serializer;
            _cancellation = subscription.CancelledBy(cancellationToken);
        }

        public ChannelMessage Current => new(_queue.Current, _serializer);

        public ValueTask<bool> MoveNextAsync() => _queue.MoveNextAsync();

        public ValueTask DisposeAsync()
        {
            _cancellation.Unregister();
            return _subscription.DisposeAsync();
        }
    }
}
