using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded;

/// <summary>A message that came on a channel.</summary>
/// <remarks>All subscribers share the message's bytes, which stay valid as long as anybody holds them.</remarks>
public readonly struct ChannelMessage
{
    private readonly QueuedMessage _message;
    private readonly ICacheSerializer? _serializer;

    internal ChannelMessage(in QueuedMessage message, ICacheSerializer serializer)
    {
        _message = message;
        _serializer = serializer;
    }

    /// <summary>The channel on which it was published, as text; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Channel => _message.Channel?.Text ?? "";

    /// <summary>The channel's name as bytes.</summary>
    public ReadOnlyMemory<byte> ChannelBytes => _message.Channel?.Bytes;

    /// <summary>The pattern through which it came; <see langword="null"/> if its channel was subscribed to by name.</summary>
    public string? Pattern => _message.Subscription is { Kind: ChannelKind.Pattern } subscription ? subscription.Name.Text : null;

    /// <summary>Whether <see cref="Channel"/> is a sharded channel.</summary>
    public bool IsSharded => _message.Subscription is { Kind: ChannelKind.Sharded };

    /// <summary>What was published.</summary>
    public ReadOnlyMemory<byte> Payload => _message.Payload;

    /// <summary>What was published, as text.</summary>
    /// <exception cref="FormatException">It is not valid UTF-8.</exception>
    public string GetString() => Get<string>()!;

    /// <summary>What was published, as a <typeparamref name="T"/>: in its plain form if it has one, otherwise through the cache's serializer.</summary>
    /// <exception cref="FormatException">It is not a <typeparamref name="T"/>.</exception>
    public T? Get<T>() => ValueCodec.Decode<T>(_message.Payload ?? [], _serializer ?? MessagePackCacheSerializer.Default, _message.Channel?.Bytes ?? []);
}
