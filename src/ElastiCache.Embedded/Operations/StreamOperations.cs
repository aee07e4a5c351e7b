using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Which ID a new entry shall have.</summary>
/// <param name="IsGiven">False: the present time, and the next number in it.</param>
/// <param name="HasSequence">False: the next number in the given millisecond.</param>
/// <param name="Id">What is given of it.</param>
internal readonly record struct StreamNewId(bool IsGiven, bool HasSequence, StreamId Id)
{
    /// <summary>The whole ID is given.</summary>
    public static StreamNewId Given(StreamId id) => new(true, true, id);
}

/// <summary>How XADD adds.</summary>
internal readonly record struct StreamAdding
{
    public StreamNewId Id { get; init; }

    /// <summary>NOMKSTREAM: only if there is such a stream.</summary>
    public bool OnlyIfExists { get; init; }

    /// <summary>What is deleted afterwards.</summary>
    public StreamTrim Trim { get; init; }
}

/// <summary>What the commands on a stream's entries do. Groups: <see cref="StreamGroupOperations"/>, <see cref="StreamClaims"/>; reading on: <see cref="StreamReads"/>.</summary>
/// <remarks>
/// The log gets the commands with the IDs and lengths that came of them: <c>XADD k MAXLEN = 100 1526919030474-0 f v</c>. What was trimmed is always the
/// beginning, so the exact length afterwards says all.
/// </remarks>
internal sealed class StreamOperations
{
    private readonly Store _store;

    public StreamOperations(Store store)
    {
        _store = store;
        Groups = new StreamGroupOperations(store);
        Reads = new StreamReads(store);
        Claims = new StreamClaims(store);
        Inspections = new StreamInspections(store);
    }

    public StreamGroupOperations Groups { get; }

    public StreamReads Reads { get; }

    public StreamClaims Claims { get; }

    public StreamInspections Inspections { get; }

    /// <summary>OBJECT ENCODING.</summary>
    public static string Encoding => "stream";

    /// <summary>XADD. O(1), and O(entries) for those that are trimmed one by one.</summary>
    /// <returns>The entry's ID; null if the stream had to exist and does not.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="StreamException">The ID is not greater than the last one. Nothing has changed.</exception>
    /// <exception cref="ArgumentException">The entry is too large. Nothing has changed.</exception>
    public StreamId? Add<TFields>(int database, in KeyProbe key, in StreamAdding adding, TFields fields, ref JournalTicket ticket)
        where TFields : struct, IStreamFields, allows ref struct
    {
        if (adding.Id is { IsGiven: true, HasSequence: true } && adding.Id.Id == StreamId.Min)
        {
            throw StreamErrors.IdZero();
        }

        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool exists = write.TryFind(key, ValueKind.Stream, out Entry current);
        if (!exists && adding.OnlyIfExists)
        {
            return null;
        }

        StreamData? stream = exists ? StreamRecord.Of(write.Shard, current) : null;
        StreamId id = NewId(key, adding.Id, stream?.LastId ?? StreamId.Min);
        long bytes = RequireSize(key, fields);
        write.Shard.Room.Ensure(bytes, key, current);
        write.Reserve(key.Length + bytes);
        if (stream == null)
        {
            stream = StreamRecord.Create(write.Shard, database, key);
        }
        else
        {
            write.Shard.BeginChange(database, current);
        }

        stream.Add(id, fields, _store.Encodings);
        long trimmed = adding.Trim.Strategy == StreamTrimStrategy.None ? 0 : stream.Trim(adding.Trim);
        LogAdd(write, key, id, fields, trimmed == 0 ? -1 : stream.Length);
        write.Notify(KeyEventClass.Stream, "xadd"u8, key);
        if (trimmed > 0)
        {
            write.Notify(KeyEventClass.Stream, "xtrim"u8, key);
        }

        return id;
    }

    /// <summary>XTRIM. O(nodes) for what goes by whole nodes, O(entries) for the rest.</summary>
    /// <returns>How many entries were deleted.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Trim(int database, in KeyProbe key, in StreamTrim trim, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.Stream, out Entry current))
        {
            return 0;
        }

        StreamData stream = StreamRecord.Of(write.Shard, current);
        write.Shard.Snapshot.HandOver(database, current);
        long trimmed = stream.Trim(trim);
        if (trimmed > 0)
        {
            write.Shard.BeginChange(database, current);
            write.Effect(5, changes: trimmed)?.Argument("XTRIM"u8).Argument(key).Argument("MAXLEN"u8).Argument("="u8).Argument(stream.Length);
            write.Notify(KeyEventClass.Stream, "xtrim"u8, key);
        }

        return trimmed;
    }

    /// <summary>XDEL. O(log n) an ID.</summary>
    /// <returns>How many were there. The stream stays, even without entries.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Delete(int database, in KeyProbe key, ReadOnlySpan<StreamId> ids, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.Stream, out Entry current))
        {
            return 0;
        }

        StreamData stream = StreamRecord.Of(write.Shard, current);
        var deleted = new StreamIdEffect(write.Shard, database, key, "XDEL"u8);
        foreach (StreamId id in ids)
        {
            if (!stream.Contains(id))
            {
                continue;
            }

            if (deleted.Count == 0)
            {
                write.Shard.BeginChange(database, current);
            }

            stream.Delete(id);
            deleted.Add(id);
        }

        deleted.End();
        if (deleted.Count > 0)
        {
            write.Notify(KeyEventClass.Stream, "xdel"u8, key);
        }

        return deleted.Count;
    }

    /// <summary>XLEN. O(1).</summary>
    /// <returns>The number of entries; 0 if there is no such key.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Length(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, ValueKind.Stream, out Entry entry) ? StreamRecord.Of(read.Shard, entry).Length : 0;
    }

    /// <summary>XRANGE and XREVRANGE: hands over the entries between two IDs, both inclusive. O(log n + entries).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="from">The smallest ID.</param>
    /// <param name="to">The greatest ID.</param>
    /// <param name="isReverse">Whether the greatest comes first.</param>
    /// <param name="count">The most entries; 0 for all.</param>
    /// <param name="sink">Takes them; the shard is locked.</param>
    /// <returns>Whether there is such a key.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public bool Range<TSink>(int database, in KeyProbe key, StreamId from, StreamId to, bool isReverse, long count, ref TSink sink)
        where TSink : struct, IStreamSink
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.Stream, out Entry entry))
        {
            return false;
        }

        StreamIterator entries = StreamRecord.Of(read.Shard, entry).Iterate(from, to, isReverse);
        for (long i = 0; (count == 0 || i < count) && entries.MoveNext(); i++)
        {
            sink.Entry(entries.Id, entries.Fields);
        }

        return true;
    }

    /// <summary>XSETID: sets the numbers that outlive the entries. O(1).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="lastId">The ID that the next one must exceed.</param>
    /// <param name="entriesAdded">How many entries were ever added; null to keep the number.</param>
    /// <param name="maxDeletedId">The greatest ID that was ever deleted; null to keep it.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="StreamException">There is no such key, or the ID is smaller than one that the stream has. Nothing has changed.</exception>
    /// <exception cref="ArgumentException">Fewer entries were added than are there. Nothing has changed.</exception>
    public void SetNumbers(int database, in KeyProbe key, StreamId lastId, long? entriesAdded, StreamId? maxDeletedId, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.Stream, out Entry current))
        {
            throw StreamErrors.NoSuchKey(key);
        }

        StreamData stream = StreamRecord.Of(write.Shard, current);
        if (stream.Length > 0)
        {
            StreamId last = stream.LastIdThere();
            if (lastId < last)
            {
                throw StreamErrors.LastIdTooSmall(key, last);
            }

            if (entriesAdded is { } added && stream.Length > added)
            {
                throw StreamErrors.TooFewAdded(key, stream.Length);
            }
        }

        write.Shard.Snapshot.HandOver(database, current);
        stream.SetNumbers(lastId, entriesAdded, maxDeletedId);
        write.Effect(7)?.Argument("XSETID"u8).Argument(key).Argument(lastId)
            .Argument("ENTRIESADDED"u8).Argument(stream.EntriesAdded).Argument("MAXDELETEDID"u8).Argument(stream.MaxDeletedId);
        write.Notify(KeyEventClass.Stream, "xsetid"u8, key);
    }

    private StreamId NewId(in KeyProbe key, in StreamNewId wanted, StreamId last)
    {
        if (last == StreamId.Max)
        {
            throw StreamErrors.Exhausted(key);
        }

        StreamId id = wanted.Id;
        if (!wanted.IsGiven)
        {
            ulong now = (ulong)_store.Clock.UnixMilliseconds;
            id = now > last.Milliseconds ? new StreamId(now, 0) : last.Next;
        }
        else if (!wanted.HasSequence && id.Milliseconds == last.Milliseconds)
        {
            id = last.Sequence != ulong.MaxValue ? last.Next : last;
        }

        return id > last ? id : throw StreamErrors.IdTooSmall(key, last);
    }

    private static long RequireSize<TFields>(in KeyProbe key, TFields fields)
        where TFields : struct, IStreamFields, allows ref struct
    {
        long bytes = StreamNode.MostBytes(fields);
        return bytes <= StreamData.MostPackBytes ? bytes : throw StreamErrors.EntryTooLarge(key);
    }

    private static void LogAdd<TFields>(in KeyWrite write, in KeyProbe key, StreamId id, TFields fields, long lengthAfterTrim)
        where TFields : struct, IStreamFields, allows ref struct
    {
        bool isTrimmed = lengthAfterTrim >= 0;
        EffectBuffer? effect = write.Effect(3 + (isTrimmed ? 3 : 0) + (2 * fields.Count));
        if (effect == null)
        {
            return;
        }

        effect.Argument("XADD"u8).Argument(key);
        if (isTrimmed)
        {
            effect.Argument("MAXLEN"u8).Argument("="u8).Argument(lengthAfterTrim);
        }

        effect.Argument(id);
        for (int i = 0; i < fields.Count; i++)
        {
            effect.Argument(fields.Field(i)).Argument(fields.Value(i));
        }
    }
}
