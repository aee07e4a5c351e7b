using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>A <see cref="StreamData"/> as it was at one moment.</summary>
/// <remarks>
/// Nodes are shared with the stream (<see cref="StreamNodesSnapshot"/>); numbers and groups are copied when it begins, which costs O(pending entries).
/// </remarks>
internal sealed class StreamSnapshot : CollectionSnapshot
{
    private readonly IReadOnlyList<StreamGroup> _groups;

    internal StreamSnapshot(StreamData stream, StreamNodesSnapshot nodes, IReadOnlyList<StreamGroup> groups)
    {
        Nodes = nodes;
        _groups = groups;
        Length = stream.Length;
        FirstId = stream.FirstId;
        LastId = stream.LastId;
        MaxDeletedId = stream.MaxDeletedId;
        EntriesAdded = stream.EntriesAdded;
    }

    /// <summary>The nodes.</summary>
    public StreamNodesSnapshot Nodes { get; }

    /// <inheritdoc cref="StreamData.Groups"/>
    public IReadOnlyList<StreamGroup> Groups => _groups;

    /// <inheritdoc cref="StreamData.Length"/>
    public long Length { get; }

    /// <inheritdoc cref="StreamData.FirstId"/>
    public StreamId FirstId { get; }

    /// <inheritdoc cref="StreamData.LastId"/>
    public StreamId LastId { get; }

    /// <inheritdoc cref="StreamData.MaxDeletedId"/>
    public StreamId MaxDeletedId { get; }

    /// <inheritdoc cref="StreamData.EntriesAdded"/>
    public long EntriesAdded { get; }

    /// <inheritdoc/>
    public override long Count => Length;

    /// <inheritdoc/>
    public override bool IsDone => Nodes.IsDone;

    internal override void Free()
    {
        Nodes.Free();
        foreach (StreamGroup group in _groups)
        {
            group.Free();
        }
    }
}
