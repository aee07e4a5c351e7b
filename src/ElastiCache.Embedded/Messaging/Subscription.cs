using System.Text;

namespace ElastiCache.Embedded.Messaging;

/// <summary>The three separate worlds of names that can be subscribed to.</summary>
internal enum ChannelKind
{
    /// <summary>A channel by its name: SUBSCRIBE.</summary>
    Channel,

    /// <summary>All channels whose names match a glob pattern: PSUBSCRIBE.</summary>
    Pattern,

    /// <summary>A sharded channel by its name: SSUBSCRIBE. The name says nothing about the channel of the same name.</summary>
    Sharded,
}

/// <summary>A channel's or pattern's name: bytes on the wire, text in the typed API, decoded once.</summary>
internal sealed class ChannelName(byte[] bytes)
{
    private string? _text;

    public byte[] Bytes => bytes;

    /// <summary>The name as text; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Text => _text ??= Encoding.UTF8.GetString(bytes);
}

/// <summary>One subscriber's subscription to one name.</summary>
internal class Subscription(Subscriber subscriber, ChannelKind kind, ChannelName name)
{
    private volatile bool _isActive = true;

    public Subscriber Subscriber => subscriber;

    public ChannelKind Kind => kind;

    public ChannelName Name => name;

    /// <summary>
    /// Whether it has not been ended. A publisher that began earlier may still come with a message afterwards; a subscriber that must not see one asks
    /// here, with its own lock held, and ends subscriptions before it takes that lock to say so.
    /// </summary>
    public bool IsActive => _isActive;

    internal void End() => _isActive = false;
}
