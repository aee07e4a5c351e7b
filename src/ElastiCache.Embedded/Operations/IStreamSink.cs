using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Takes a stream's entries while its shard is locked: copy or encode them and return.</summary>
internal interface IStreamSink
{
    /// <summary>An entry.</summary>
    void Entry(StreamId id, scoped StreamEntryFields fields);

    /// <summary>An entry that is pending, or was asked for by its ID, and was deleted.</summary>
    void Deleted(StreamId id);

    /// <summary>An ID alone.</summary>
    void Id(StreamId id);
}

/// <summary>Takes the entries of several streams.</summary>
internal interface IStreamsSink : IStreamSink
{
    /// <summary>The entries of a stream follow.</summary>
    /// <param name="index">Which of the streams that were asked for.</param>
    /// <param name="key">Its key.</param>
    void Begin(int index, scoped in KeyProbe key);

    /// <summary>They were all.</summary>
    void End();
}
