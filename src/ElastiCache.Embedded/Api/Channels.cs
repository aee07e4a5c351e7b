using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded;

/// <summary>Publish and subscribe: messages to whoever listens at this moment, and to nobody else.</summary>
/// <remarks>
/// <code>
///   cache.Channels.Publish("orders", order);
///   await foreach (ChannelMessage message in cache.Channels.Subscribe("orders", stopping)) …
///   await foreach (ChannelMessage message in cache.Channels.SubscribePattern("orders.*", stopping)) …
/// </code>
/// Subscribers are those in this process, and the clients of a server on this cache. Messages are not stored, not logged, and gone when nobody listens; for
/// messages that must wait for their reader use a stream. Channels have nothing to do with keys or databases, except that the cache itself publishes what
/// happens to keys when <see cref="EmbeddedCacheOptions.KeyspaceNotifications"/> asks for it.
/// <para>
/// A channel and a pattern have methods of their own, as they are commands of their own in Redis: <c>Subscribe("a*")</c> listens to the channel with the
/// name <c>a*</c>. Names that users chose can so never turn into patterns. Patterns are Redis's: <c>*</c>, <c>?</c>, <c>[abc]</c>, <c>[^a]</c>,
/// <c>[a-z]</c>, and <c>\</c> before a character that means itself. Sharded channels are a name space of their own, which no pattern reaches; here they
/// differ in nothing else.
/// </para>
/// One publisher's messages arrive in their order. Publishing never waits for a subscriber; see <see cref="SubscribeOptions"/> for those that are too slow.
/// </remarks>
public sealed class Channels
{
    private readonly EmbeddedCache _cache;

    internal Channels(EmbeddedCache cache)
    {
        _cache = cache;
    }

    /// <summary>How many different patterns have subscribers. O(1). Redis: PUBSUB NUMPAT.</summary>
    public long PatternCount => _cache.Hub.PatternCount;

    /// <summary>Sends bytes to a channel. O(subscribers + patterns). Redis: PUBLISH.</summary>
    /// <returns>How many got it. A subscriber counts once for the channel and once for each of its patterns that match.</returns>
    [SkipLocalsInit]
    public long Publish(CacheKey channel, ReadOnlySpan<byte> message)
    {
        _cache.Store.ThrowIfDisposed();
        if (!_cache.Hub.HasSubscriptions)
        {
            return 0;
        }

        using var name = new NameBytes(stackalloc byte[NameBytes.ScratchBytes]);
        return _cache.Hub.Publish(name.Of(channel), message);
    }

    /// <summary>Sends a value to a channel, in the form in which a string would be stored. O(subscribers + patterns). Redis: PUBLISH.</summary>
    /// <returns>As the other form.</returns>
    /// <exception cref="ArgumentException">The value is null, or text that is not valid UTF-16. Nothing is sent.</exception>
    /// <exception cref="ValueTooLargeException">It takes more than 512 MB. Nothing is sent.</exception>
    [SkipLocalsInit]
    public long Publish<T>(CacheKey channel, T message)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return Publish(channel, encoder.Encode(message, _cache.Serializer, channel));
    }

    /// <summary>Sends bytes to a sharded channel. O(subscribers). Redis: SPUBLISH.</summary>
    /// <returns>How many got it.</returns>
    [SkipLocalsInit]
    public long PublishSharded(CacheKey channel, ReadOnlySpan<byte> message)
    {
        _cache.Store.ThrowIfDisposed();
        if (!_cache.Hub.HasSubscriptions)
        {
            return 0;
        }

        using var name = new NameBytes(stackalloc byte[NameBytes.ScratchBytes]);
        return _cache.Hub.PublishSharded(name.Of(channel), message);
    }

    /// <summary>Sends a value to a sharded channel, in the form in which a string would be stored. O(subscribers). Redis: SPUBLISH.</summary>
    /// <returns>How many got it.</returns>
    /// <exception cref="ArgumentException">The value is null, or text that is not valid UTF-16. Nothing is sent.</exception>
    /// <exception cref="ValueTooLargeException">It takes more than 512 MB. Nothing is sent.</exception>
    [SkipLocalsInit]
    public long PublishSharded<T>(CacheKey channel, T message)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return PublishSharded(channel, encoder.Encode(message, _cache.Serializer, channel));
    }

    /// <summary>Begins a subscription to nothing yet: add channels and patterns to it.</summary>
    /// <param name="options">Limits of its queue; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public ChannelSubscription Open(SubscribeOptions? options = null, CancellationToken cancellationToken = default) =>
        new(_cache, (options ?? SubscribeOptions.Default).CheckedCopy(), cancellationToken);

    /// <summary>Subscribes to a channel by its name. O(subscribers of the channel). Redis: SUBSCRIBE.</summary>
    /// <inheritdoc cref="Subscribe(CacheKey, SubscribeOptions?, CancellationToken)"/>
    public ChannelSubscription Subscribe(CacheKey channel, CancellationToken cancellationToken) => Subscribe(channel, null, cancellationToken);

    /// <summary>Subscribes to a channel by its name. O(subscribers of the channel). Redis: SUBSCRIBE.</summary>
    /// <param name="channel">The name; a star in it is a star.</param>
    /// <param name="options">Limits of the queue; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the subscription: the reader gets an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The subscription, active already.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public ChannelSubscription Subscribe(CacheKey channel, SubscribeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChannelSubscription subscription = Open(options, cancellationToken);
        subscription.Add(channel);
        return subscription;
    }

    /// <summary>Subscribes to all channels whose names match a glob pattern. O(patterns of all subscribers). Redis: PSUBSCRIBE.</summary>
    /// <inheritdoc cref="SubscribePattern(CacheKey, SubscribeOptions?, CancellationToken)"/>
    public ChannelSubscription SubscribePattern(CacheKey pattern, CancellationToken cancellationToken) => SubscribePattern(pattern, null, cancellationToken);

    /// <summary>Subscribes to all channels whose names match a glob pattern. O(patterns of all subscribers). Redis: PSUBSCRIBE.</summary>
    /// <param name="pattern">The pattern, such as <c>news.*</c>. Every message on any channel is compared with it.</param>
    /// <param name="options">Limits of the queue; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the subscription: the reader gets an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The subscription, active already.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public ChannelSubscription SubscribePattern(CacheKey pattern, SubscribeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChannelSubscription subscription = Open(options, cancellationToken);
        subscription.AddPattern(pattern);
        return subscription;
    }

    /// <summary>Subscribes to a sharded channel by its name. O(subscribers of the channel). Redis: SSUBSCRIBE.</summary>
    /// <inheritdoc cref="SubscribeSharded(CacheKey, SubscribeOptions?, CancellationToken)"/>
    public ChannelSubscription SubscribeSharded(CacheKey channel, CancellationToken cancellationToken) => SubscribeSharded(channel, null, cancellationToken);

    /// <summary>Subscribes to a sharded channel by its name. O(subscribers of the channel). Redis: SSUBSCRIBE.</summary>
    /// <inheritdoc cref="Subscribe(CacheKey, SubscribeOptions?, CancellationToken)"/>
    public ChannelSubscription SubscribeSharded(CacheKey channel, SubscribeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChannelSubscription subscription = Open(options, cancellationToken);
        subscription.AddSharded(channel);
        return subscription;
    }

    /// <summary>How many have subscribed to a channel by its name. O(1). Redis: PUBSUB NUMSUB.</summary>
    public long SubscriberCount(CacheKey channel) => Count(ChannelKind.Channel, channel);

    /// <summary>How many have subscribed to a sharded channel. O(1). Redis: PUBSUB SHARDNUMSUB.</summary>
    public long ShardedSubscriberCount(CacheKey channel) => Count(ChannelKind.Sharded, channel);

    /// <summary>The channels that somebody has subscribed to by name, in no order. O(such channels). Redis: PUBSUB CHANNELS.</summary>
    /// <param name="pattern">A glob pattern that names must match; null for all.</param>
    public IReadOnlyList<string> ActiveChannels(string? pattern = null) => Active(ChannelKind.Channel, pattern);

    /// <summary>The sharded channels that somebody has subscribed to, in no order. O(such channels). Redis: PUBSUB SHARDCHANNELS.</summary>
    /// <param name="pattern">A glob pattern that names must match; null for all.</param>
    public IReadOnlyList<string> ActiveShardedChannels(string? pattern = null) => Active(ChannelKind.Sharded, pattern);

    private int Count(ChannelKind kind, CacheKey channel)
    {
        using var name = new NameBytes(stackalloc byte[NameBytes.ScratchBytes]);
        return _cache.Hub.SubscriberCount(kind, name.Of(channel));
    }

    private List<string> Active(ChannelKind kind, string? pattern)
    {
        using var bytes = new NameBytes(stackalloc byte[NameBytes.ScratchBytes]);
        return _cache.Hub.ActiveChannels(kind, bytes.Of(pattern ?? ""), pattern is null).ConvertAll(static name => name.Text);
    }
}
