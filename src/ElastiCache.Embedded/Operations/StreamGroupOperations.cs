using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>What XGROUP and XACK do.</summary>
/// <remarks>
/// A change of a group is none to those who WATCH the stream, and wakes nobody who waits for entries; but for the end of a group, for which its readers may be
/// waiting. The log gets the commands with the IDs that <c>$</c> stood for.
/// </remarks>
internal sealed class StreamGroupOperations
{
    private readonly Store _store;

    public StreamGroupOperations(Store store)
    {
        _store = store;
    }

    /// <summary>XGROUP CREATE. O(1).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The stream.</param>
    /// <param name="group">The group's name.</param>
    /// <param name="after">The group gets the entries behind this one; null: those behind the last there is.</param>
    /// <param name="entriesRead">How many entries it counts as read, or <see cref="StreamGroup.Unknown"/>.</param>
    /// <param name="createsStream">MKSTREAM.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="StreamException">There is such a group, or no such stream. Nothing has changed.</exception>
    public void Create(int database, in KeyProbe key, ReadOnlySpan<byte> group, StreamId? after, long entriesRead, bool createsStream, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool exists = write.TryFind(key, ValueKind.Stream, out Entry current);
        if (!exists && !createsStream)
        {
            throw StreamErrors.NoSuchStream(key);
        }

        StreamData? stream = exists ? StreamRecord.Of(write.Shard, current) : null;
        if (stream?.FindGroup(group) != null)
        {
            throw StreamErrors.GroupExists(key, group);
        }

        if (stream == null)
        {
            stream = StreamRecord.Create(write.Shard, database, key);
        }
        else
        {
            write.Shard.Snapshot.HandOver(database, current);
        }

        StreamId last = after ?? stream.LastId;
        stream.AddGroup(group, last, entriesRead);
        write.Effect(exists ? 7 : 8)?.Argument("XGROUP"u8).Argument("CREATE"u8).Argument(key).Argument(group).Argument(last)
            .Argument("ENTRIESREAD"u8).Argument(entriesRead).ArgumentIf(!exists, "MKSTREAM"u8);
        write.Notify(KeyEventClass.Stream, "xgroup-create"u8, key);
    }

    /// <summary>XGROUP SETID. O(1).</summary>
    /// <inheritdoc cref="Create"/>
    public void SetLastId(int database, in KeyProbe key, ReadOnlySpan<byte> group, StreamId? after, long entriesRead, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        StreamGroup found = Require(write, key, group, out Entry current, out StreamData stream);
        write.Shard.Snapshot.HandOver(database, current);
        found.LastId = after ?? stream.LastId;
        found.EntriesRead = entriesRead;
        LogLastId(write.Shard, database, key, found, changes: 1);
        write.Notify(KeyEventClass.Stream, "xgroup-setid"u8, key);
    }

    /// <summary>XGROUP DESTROY. O(pending entries).</summary>
    /// <returns>Whether there was such a group.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="StreamException">There is no such stream.</exception>
    public bool Destroy(int database, in KeyProbe key, ReadOnlySpan<byte> group, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!StreamRecord.TryFindGroup(write, key, group, out Entry current, out StreamData stream, out StreamGroup found))
        {
            return current.Exists ? false : throw StreamErrors.NoSuchStream(key);
        }

        write.Shard.BeginChange(database, current);
        stream.RemoveGroup(found);
        write.Effect(4)?.Argument("XGROUP"u8).Argument("DESTROY"u8).Argument(key).Argument(group);
        write.Notify(KeyEventClass.Stream, "xgroup-destroy"u8, key);
        return true;
    }

    /// <summary>XGROUP CREATECONSUMER. O(1).</summary>
    /// <returns>Whether it is new.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="StreamException">There is no such stream or group.</exception>
    public bool CreateConsumer(int database, in KeyProbe key, ReadOnlySpan<byte> group, ReadOnlySpan<byte> consumer, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        StreamGroup found = Require(write, key, group, out Entry current, out _);
        if (found.FindConsumer(consumer) != null)
        {
            return false;
        }

        write.Shard.Snapshot.HandOver(database, current);
        AddConsumer(_store, write.Shard, database, key, found, consumer);
        return true;
    }

    /// <summary>XGROUP DELCONSUMER. O(what it has pending).</summary>
    /// <returns>How many entries were pending with it; they are pending no more. 0 if there is no such consumer.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="StreamException">There is no such stream or group.</exception>
    public long DeleteConsumer(int database, in KeyProbe key, ReadOnlySpan<byte> group, ReadOnlySpan<byte> consumer, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        StreamGroup found = Require(write, key, group, out Entry current, out _);
        if (found.FindConsumer(consumer) is not { } existing)
        {
            return 0;
        }

        write.Shard.Snapshot.HandOver(database, current);
        long pending = found.RemoveConsumer(existing);
        write.Effect(5)?.Argument("XGROUP"u8).Argument("DELCONSUMER"u8).Argument(key).Argument(group).Argument(consumer);
        write.Notify(KeyEventClass.Stream, "xgroup-delconsumer"u8, key);
        return pending;
    }

    /// <summary>XACK: the entries are done with. O(log n) an ID.</summary>
    /// <returns>How many of them were pending; 0 if there is no such key or group.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Acknowledge(int database, in KeyProbe key, ReadOnlySpan<byte> group, ReadOnlySpan<StreamId> ids, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!StreamRecord.TryFindGroup(write, key, group, out Entry current, out _, out StreamGroup found))
        {
            return 0;
        }

        write.Shard.Snapshot.HandOver(database, current);
        var acknowledged = new StreamIdEffect(write.Shard, database, key, "XACK"u8, group);
        foreach (StreamId id in ids)
        {
            if (found.Release(id))
            {
                acknowledged.Add(id);
            }
        }

        acknowledged.End();
        return acknowledged.Count;
    }

    /// <summary>Whether there is such a stream, and such a group.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public (bool Stream, bool Group) Exists(int database, in KeyProbe key, ReadOnlySpan<byte> group)
    {
        using var read = new KeyRead(_store, database, key);
        bool hasGroup = StreamRecord.TryFindGroup(read, key, group, out StreamData stream, out _);
        return (stream != null, hasGroup);
    }

    /// <summary>Adds a consumer with everything that belongs to it. The change has begun.</summary>
    internal static StreamConsumer AddConsumer(Store store, Shard shard, int database, in KeyProbe key, StreamGroup group, ReadOnlySpan<byte> name)
    {
        StreamConsumer consumer = group.AddConsumer(name, store.Clock.UnixMilliseconds)!;
        shard.Effect(database, 5)?.Argument("XGROUP"u8).Argument("CREATECONSUMER"u8).Argument(key).Argument(group.Name).Argument(name);
        KeyNotice.Raise(store, KeyEventClass.Stream, "xgroup-createconsumer"u8, database, key);
        return consumer;
    }

    /// <summary>Logs how far a group has come.</summary>
    /// <param name="shard">The key's shard.</param>
    /// <param name="database">Its database.</param>
    /// <param name="key">The stream.</param>
    /// <param name="group">The group.</param>
    /// <param name="changes">1, or 0 where the entries that it was given are counted.</param>
    internal static void LogLastId(Shard shard, int database, in KeyProbe key, StreamGroup group, int changes) =>
        shard.Effect(database, 7, changes: changes)?.Argument("XGROUP"u8).Argument("SETID"u8).Argument(key).Argument(group.Name).Argument(group.LastId)
            .Argument("ENTRIESREAD"u8).Argument(group.EntriesRead);

    private static StreamGroup Require(in KeyWrite write, in KeyProbe key, ReadOnlySpan<byte> group, out Entry current, out StreamData stream)
    {
        if (StreamRecord.TryFindGroup(write, key, group, out current, out stream, out StreamGroup found))
        {
            return found;
        }

        throw current.Exists ? StreamErrors.NoSuchGroup(key, group) : StreamErrors.NoSuchStream(key);
    }
}
