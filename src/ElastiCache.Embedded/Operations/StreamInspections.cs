using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Looks at a stream, or a group of it, while the shard is locked.</summary>
internal interface IStreamVisitor
{
    void Visit(StreamData stream, long now);
}

/// <inheritdoc cref="IStreamVisitor"/>
internal interface IStreamGroupVisitor
{
    void Visit(StreamGroup group, long now);
}

/// <summary>What XINFO and XPENDING look at. Nothing is changed, and no consumer counts as seen.</summary>
internal sealed class StreamInspections
{
    private readonly Store _store;

    public StreamInspections(Store store)
    {
        _store = store;
    }

    /// <summary>Looks at a stream: XINFO STREAM, XINFO GROUPS.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    /// <exception cref="StreamException">There is no such key.</exception>
    public void Visit<TVisitor>(int database, in KeyProbe key, ref TVisitor visitor)
        where TVisitor : struct, IStreamVisitor
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.Stream, out Entry entry))
        {
            throw StreamErrors.NoSuchKey(key);
        }

        visitor.Visit(StreamRecord.Of(read.Shard, entry), _store.Clock.UnixMilliseconds);
    }

    /// <summary>Looks at a group: XINFO CONSUMERS.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    /// <exception cref="StreamException">There is no such key or group.</exception>
    public void VisitGroup<TVisitor>(int database, in KeyProbe key, ReadOnlySpan<byte> group, ref TVisitor visitor)
        where TVisitor : struct, IStreamGroupVisitor
    {
        using var read = new KeyRead(_store, database, key);
        if (!StreamRecord.TryFindGroup(read, key, group, out StreamData stream, out StreamGroup found))
        {
            throw stream == null ? StreamErrors.NoSuchKey(key) : StreamErrors.NoSuchGroup(key, group);
        }

        visitor.Visit(found, _store.Clock.UnixMilliseconds);
    }

    /// <summary>Looks at a group: XPENDING.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    /// <exception cref="StreamException">There is no such key or group.</exception>
    public void VisitPending<TVisitor>(int database, in KeyProbe key, ReadOnlySpan<byte> group, ref TVisitor visitor)
        where TVisitor : struct, IStreamGroupVisitor
    {
        using var read = new KeyRead(_store, database, key);
        if (!StreamRecord.TryFindGroup(read, key, group, out _, out StreamGroup found))
        {
            throw StreamErrors.NoSuchKeyOrGroup(key, group);
        }

        visitor.Visit(found, _store.Clock.UnixMilliseconds);
    }
}
