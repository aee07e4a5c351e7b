using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Where reading goes on in a stream.</summary>
/// <param name="Start">Which of the following it is.</param>
/// <param name="After">The ID behind which to read, for <see cref="StreamStart.After"/>.</param>
internal readonly record struct StreamCursor(StreamStart Start, StreamId After)
{
    public static StreamCursor Behind(StreamId id) => new(StreamStart.After, id);

    public static StreamCursor End => new(StreamStart.End, default);

    public static StreamCursor New => new(StreamStart.New, default);
}

/// <summary>Kinds of <see cref="StreamCursor"/>.</summary>
internal enum StreamStart
{
    /// <summary>An ID: entries behind it; for a group, what the consumer has pending behind it.</summary>
    After,

    /// <summary><c>$</c>: entries that come from now on.</summary>
    End,

    /// <summary><c>&gt;</c>: entries that nobody in the group has got.</summary>
    New,
}

/// <summary>As whom a stream is read by XREADGROUP.</summary>
internal readonly ref struct GroupReader(ReadOnlySpan<byte> group, ReadOnlySpan<byte> consumer, bool acknowledges)
{
    public ReadOnlySpan<byte> Group { get; } = group;

    public ReadOnlySpan<byte> Consumer { get; } = consumer;

    /// <summary>NOACK: what is delivered does not become pending.</summary>
    public bool Acknowledges { get; } = acknowledges;
}

/// <summary>What XREAD and XREADGROUP do, without the waiting.</summary>
/// <remarks>
/// All streams are read at one moment. The log gets what a read by a group changed in the words of Redis: XCLAIM for what became pending, XGROUP SETID for how far the
/// group has come. That a consumer looked again at what it has pending is not logged, as in Redis, although it counts as a delivery.
/// </remarks>
internal sealed class StreamReads
{
    // About what a pending entry takes in both maps, and in the log.
    private const int PendingBytes = 80;

    private readonly Store _store;

    public StreamReads(Store store)
    {
        _store = store;
    }

    /// <summary>Replaces the cursors that stand for the end by the last IDs. For a missing stream that is 0-0.</summary>
    /// <exception cref="WrongTypeException">A key holds something else.</exception>
    public void Resolve<TKeys>(int database, TKeys keys, Span<StreamCursor> cursors)
        where TKeys : struct, IKeyList, allows ref struct
    {
        KeyScratch scratch = default;
        for (int i = 0; i < keys.Count; i++)
        {
            keys.Probe(i, ref scratch, out KeyProbe key);
            using var read = new KeyRead(_store, database, key);
            StreamId last = read.TryFind(key, ValueKind.Stream, out Entry entry) ? StreamRecord.Of(read.Shard, entry).LastId : StreamId.Min;
            cursors[i] = cursors[i].Start == StreamStart.End ? StreamCursor.Behind(last) : cursors[i];
        }
    }

    /// <summary>XREAD: hands over the entries behind the cursors. O(log n + entries) a stream.</summary>
    /// <param name="database">The database.</param>
    /// <param name="keys">The streams.</param>
    /// <param name="cursors">A cursor each.</param>
    /// <param name="count">The most entries of each; 0 for all.</param>
    /// <param name="sink">Takes the streams that have some.</param>
    /// <returns>How many streams had some.</returns>
    /// <exception cref="WrongTypeException">A key holds something else.</exception>
    public int Read<TKeys, TSink>(int database, TKeys keys, ReadOnlySpan<StreamCursor> cursors, long count, ref TSink sink)
        where TKeys : struct, IKeyList, allows ref struct
        where TSink : struct, IStreamsSink
    {
        KeyScratch scratch = default;
        int served = 0;
        using var read = new MultiKeyRead(_store, ShardSet.Of(_store, keys));
        for (int i = 0; i < keys.Count; i++)
        {
            keys.Probe(i, ref scratch, out KeyProbe key);
            if (!TryFind(read.ShardOf(key), database, key, out Entry entry))
            {
                continue;
            }

            EntryAccess.MarkUsed(entry);
            StreamIterator entries = StreamRecord.Of(read.ShardOf(key), entry).Iterate(cursors[i].After.Next, StreamId.Max);
            if (cursors[i].After == StreamId.Max || !entries.MoveNext())
            {
                continue;
            }

            served++;
            sink.Begin(i, key);
            long taken = 0;
            do
            {
                sink.Entry(entries.Id, entries.Fields);
            }
            while (++taken != count && entries.MoveNext());

            sink.End();
        }

        return served;
    }

    /// <summary>XREADGROUP: hands over entries that are new to the group, or what the consumer has pending. O(log n + entries) a stream.</summary>
    /// <param name="database">The database.</param>
    /// <param name="keys">The streams.</param>
    /// <param name="cursors">A cursor each: new entries, or pending ones behind an ID.</param>
    /// <param name="reader">Group and consumer. A consumer that is not there is created as soon as it gets something.</param>
    /// <param name="count">The most entries of each stream; 0 for all.</param>
    /// <param name="sink">Takes the streams that have some, and those whose pending entries are asked for.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>How many streams were handed over.</returns>
    /// <exception cref="WrongTypeException">A key holds something else. Nothing has changed.</exception>
    /// <exception cref="StreamException">There is no such key or group. Nothing has changed.</exception>
    public int ReadAs<TKeys, TSink>(
        int database, TKeys keys, ReadOnlySpan<StreamCursor> cursors, scoped in GroupReader reader, long count, ref TSink sink, ref JournalTicket ticket)
        where TKeys : struct, IKeyList, allows ref struct
        where TSink : struct, IStreamsSink
    {
        KeyScratch scratch = default;
        if (keys.Count == 1)
        {
            keys.Probe(0, ref scratch, out KeyProbe key);
            using var write = new KeyWrite(_store, database, key, ref ticket);
            RequireGroup(write.Shard, database, key, reader);
            return Deliver(write.Shard, database, key, 0, cursors[0], reader, count, ref sink) ? 1 : 0;
        }

        using var writes = new MultiKeyWrite(_store, ShardSet.Of(_store, keys), ref ticket);
        for (int i = 0; i < keys.Count; i++)
        {
            keys.Probe(i, ref scratch, out KeyProbe key);
            RequireGroup(writes.ShardOf(key), database, key, reader);
        }

        int served = 0;
        for (int i = 0; i < keys.Count; i++)
        {
            keys.Probe(i, ref scratch, out KeyProbe key);
            served += Deliver(writes.ShardOf(key), database, key, i, cursors[i], reader, count, ref sink) ? 1 : 0;
        }

        return served;
    }

    /// <summary>Whether a stream has entries behind an ID. Takes a look without using it.</summary>
    /// <returns>False also if the key holds something else.</returns>
    public bool HasMore(int database, in KeyProbe key, StreamId after)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, out Entry entry) && entry.Kind == ValueKind.Stream && StreamRecord.Of(read.Shard, entry).LastId > after;
    }

    /// <summary>Whether a stream has entries that are new to a group. Takes a look without using it.</summary>
    /// <exception cref="StreamException">There is no such stream or group any more.</exception>
    public bool HasNew(int database, in KeyProbe key, ReadOnlySpan<byte> group)
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, out Entry entry) || entry.Kind != ValueKind.Stream)
        {
            throw StreamErrors.StreamGone(key);
        }

        StreamData stream = StreamRecord.Of(read.Shard, entry);
        StreamGroup found = stream.FindGroup(group) ?? throw StreamErrors.GroupGone(key, group);
        return stream.Length > 0 && stream.LastIdThere() > found.LastId;
    }

    private void RequireGroup(Shard shard, int database, in KeyProbe key, scoped in GroupReader reader)
    {
        if (!TryFind(shard, database, key, out Entry entry) || StreamRecord.Of(shard, entry).FindGroup(reader.Group) == null)
        {
            throw StreamErrors.NoSuchKeyOrGroup(key, reader.Group, StreamErrors.InReadGroup);
        }
    }

    private bool TryFind(Shard shard, int database, in KeyProbe key, out Entry entry)
    {
        bool found = shard.TryFind(database, key, out entry);
        _store.Accesses.Count(found);
        return found && entry.Kind != ValueKind.Stream
            ? throw new WrongTypeException(entry.Key, TypeNames.Of(entry.Kind), TypeNames.Of(ValueKind.Stream))
            : found;
    }

    private bool Deliver<TSink>(
        Shard shard, int database, in KeyProbe key, int index, StreamCursor cursor, scoped in GroupReader reader, long count, ref TSink sink)
        where TSink : struct, IStreamsSink
    {
        if (!shard.TryFind(database, key, out Entry entry))
        {
            return false;       // expired between two looks at the clock
        }

        EntryAccess.MarkUsed(entry);
        StreamData stream = StreamRecord.Of(shard, entry);
        StreamGroup group = stream.FindGroup(reader.Group)!;
        bool isHistory = cursor.Start == StreamStart.After;
        StreamIterator entries = stream.Iterate(group.LastId.Next, StreamId.Max);
        bool hasNew = !isHistory && group.LastId != StreamId.Max && entries.MoveNext();
        if (!hasNew && !isHistory)
        {
            return false;
        }

        if (hasNew && !reader.Acknowledges)
        {
            shard.Room.Ensure(PendingBytes * (count == 0 ? stream.Length : Math.Min(count, stream.Length)), key, entry);
        }

        shard.Snapshot.HandOver(database, entry);
        StreamConsumer consumer = group.FindConsumer(reader.Consumer)
            ?? StreamGroupOperations.AddConsumer(_store, shard, database, key, group, reader.Consumer);
        consumer.SeenAt = _store.Clock.UnixMilliseconds;
        sink.Begin(index, key);
        if (isHistory)
        {
            DeliverPending(stream, group, consumer, cursor.After, count, ref sink);
        }
        else
        {
            var claims = new StreamIdEffect(shard, database, key, "XCLAIM"u8, reader.Group, reader.Consumer) { ChangesAnId = 0 };
            DeliverNew(stream, group, consumer, ref entries, reader, count, ref claims, ref sink);
            claims.End();
            StreamGroupOperations.LogLastId(shard, database, key, group, changes: 1);
        }

        sink.End();
        return true;
    }

    private void DeliverNew<TSink>(
        StreamData stream, StreamGroup group, StreamConsumer consumer, ref StreamIterator entries, scoped in GroupReader reader, long count,
        scoped ref StreamIdEffect claims, ref TSink sink)
        where TSink : struct, IStreamsSink
    {
        long now = _store.Clock.UnixMilliseconds;
        long taken = 0;
        do
        {
            StreamProgress.Advance(stream, group, entries.Id);
            sink.Entry(entries.Id, entries.Fields);
            if (!reader.Acknowledges)
            {
                group.Assign(entries.Id, consumer, now, deliveries: 1);
                claims.AddClaim(entries.Id, now, 1, group.LastId);
            }
        }
        while (++taken != count && entries.MoveNext());
    }

    private void DeliverPending<TSink>(StreamData stream, StreamGroup group, StreamConsumer consumer, StreamId after, long count, ref TSink sink)
        where TSink : struct, IStreamsSink
    {
        if (after == StreamId.Max)
        {
            return;
        }

        long now = _store.Clock.UnixMilliseconds;
        IdMap<NoValue> pending = consumer.Pending;
        long taken = 0;
        for (IdPosition i = pending.Seek(after.Next); pending.IsValid(i) && (count == 0 || taken < count); i = pending.Next(i), taken++)
        {
            StreamId id = pending.IdAt(i);
            StreamIterator entry = stream.Iterate(id, id);
            if (entry.MoveNext())
            {
                sink.Entry(id, entry.Fields);
                group.Redeliver(id, now);
            }
            else
            {
                sink.Deleted(id);
            }
        }
    }
}
