namespace ElastiCache.Embedded.Messaging;

/// <summary>A message on its way to its subscribers, in the publisher's memory. Those that keep it share one copy.</summary>
internal ref struct PublishedMessage(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload)
{
    private readonly ReadOnlySpan<byte> _channel = channel;
    private readonly ReadOnlySpan<byte> _payload = payload;
    private ChannelName? _name;
    private byte[]? _copy;

    public readonly ReadOnlySpan<byte> Channel => _channel;

    public readonly ReadOnlySpan<byte> Payload => _payload;

    /// <summary>The channel's name to keep: the one that its own subscribers hold already, if there are any.</summary>
    public ChannelName Name
    {
        get => _name ??= new ChannelName(_channel.ToArray());
        set => _name = value;
    }

    /// <summary>The payload to keep; made when the first subscriber asks, and then the same for all.</summary>
    public byte[] Copy() => _copy ??= _payload.IsEmpty ? [] : _payload.ToArray();
}
