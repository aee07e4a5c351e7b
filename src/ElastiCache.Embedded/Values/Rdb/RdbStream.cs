namespace ElastiCache.Embedded.Values;

/// <summary>A stream that was read from an RDB encoding and checked.</summary>
internal sealed class RdbStream
{
    /// <summary>The nodes, by ascending IDs.</summary>
    public List<(StreamId Id, byte[] Pack)> Nodes { get; } = [];

    public long Length { get; set; }

    public StreamId FirstId { get; set; }

    public StreamId LastId { get; set; }

    public StreamId MaxDeletedId { get; set; }

    public long EntriesAdded { get; set; }

    public List<RdbStreamGroup> Groups { get; } = [];
}

/// <summary>A group of consumers of an <see cref="RdbStream"/>.</summary>
/// <param name="Name">Its name, of which there is one in the stream.</param>
/// <param name="LastId">The greatest ID that was delivered.</param>
/// <param name="EntriesRead">How many entries it has read; null in encodings that don't say so.</param>
internal sealed record RdbStreamGroup(byte[] Name, StreamId LastId, long? EntriesRead)
{
    public List<RdbStreamConsumer> Consumers { get; } = [];
}

/// <summary>A consumer and what it has pending.</summary>
internal sealed record RdbStreamConsumer(byte[] Name, long SeenAt)
{
    public List<RdbPendingEntry> Pending { get; } = [];
}

/// <summary>An entry that was delivered and not yet acknowledged.</summary>
internal readonly record struct RdbPendingEntry(StreamId Id, long DeliveredAt, long Deliveries);
