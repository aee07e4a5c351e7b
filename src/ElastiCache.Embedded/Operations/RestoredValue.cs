using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Stores a value that came from an RDB encoding under a key that is free. The shard is locked. Nothing is logged here. Deadlines of fields are not its business.</summary>
internal readonly ref struct RestoredValue(Store store, Shard shard, int database)
{
    // Header, table, tree and the rounding of blocks, for an element.
    private const int ElementOverheadBytes = 48;

    /// <summary>About how much memory a value takes.</summary>
    public static long BytesFor(RdbValue value)
    {
        if (value.Stream is not { } stream)
        {
            return value.Items.Bytes + ((value.Items.Count + (long)(value.FieldDeadlines?.Count ?? 0)) * ElementOverheadBytes);
        }

        long bytes = 0;
        foreach ((_, byte[] pack) in stream.Nodes)
        {
            bytes += pack.Length + ElementOverheadBytes;
        }

        foreach (RdbStreamGroup group in stream.Groups)
        {
            foreach (RdbStreamConsumer consumer in group.Consumers)
            {
                bytes += (1L + consumer.Pending.Count) * 2 * ElementOverheadBytes;
            }
        }

        return bytes;
    }

    /// <summary>Stores a value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="deadline">Its deadline in Unix ms, or <see cref="Record.NoExpiry"/>.</param>
    /// <param name="marks">Flags and priority.</param>
    /// <exception cref="CacheFullException">The budget has no room. The key is free.</exception>
    public void Store(in KeyProbe key, RdbValue value, long deadline, EntryMarks marks = default)
    {
        switch (value.Kind)
        {
            case ValueKind.String:
                StringRecord.Replace(shard, database, default, key, value.Items.Name(0).Span, default);
                break;
            case ValueKind.List:
                new ListEdit(store, shard, database).Push(default, key, new BufferedNames(value.Items), atHead: false);
                break;
            case ValueKind.Set:
                StoredSet.Replace(store, shard, database, default, key, value.Items);
                break;
            case ValueKind.Hash:
                StoreHash(key, new BufferedFieldValues(value.Items));
                break;
            case ValueKind.SortedSet:
                StoreSortedSet(key, value);
                break;
            default:
                StoreStream(key, value.Stream!);
                break;
        }

        if ((deadline != Record.NoExpiry || !marks.IsDefault) && shard.TryFind(database, key, out Entry entry))
        {
            shard.Rewrite(database, entry, key, entry.Extras with { Deadline = deadline, Marks = marks });
        }
    }

    private void StoreHash(in KeyProbe key, BufferedFieldValues fields)
    {
        HashEdit edit = HashEdit.Begin(store, shard, database, default, key, fields);
        for (int i = 0; i < fields.Count; i++)
        {
            edit.Set(fields.Name(i), fields.Value(i));
        }

        edit.End(key);
    }

    private void StoreSortedSet(in KeyProbe key, RdbValue value)
    {
        var members = new List<(byte[] Member, double Score)>(value.Items.Count);
        for (int i = 0; i < value.Items.Count; i++)
        {
            members.Add((value.Items.Name(i).ToArray(), value.Score(i)));
        }

        new SortedSetEdit(store, shard, database).Replace(key, members);
    }

    private void StoreStream(in KeyProbe key, RdbStream from)
    {
        StreamData stream = StreamRecord.Create(shard, database, key);
        foreach ((StreamId id, byte[] pack) in from.Nodes)
        {
            stream.Nodes.Add(id, pack);
        }

        stream.Restore(from.Length, from.FirstId, from.LastId, from.MaxDeletedId, from.EntriesAdded);
        // By name, so that each is added at the end of a sorted list.
        foreach (RdbStreamGroup old in from.Groups.OrderBy(group => group.Name, ByName))
        {
            StreamGroup group = stream.AddGroup(old.Name, old.LastId, old.EntriesRead ?? StreamProgress.EntriesUpTo(stream, old.LastId))!;
            foreach (RdbStreamConsumer oldConsumer in old.Consumers.OrderBy(consumer => consumer.Name, ByName))
            {
                StreamConsumer consumer = group.AddConsumer(oldConsumer.Name, oldConsumer.SeenAt)!;
                foreach (RdbPendingEntry entry in oldConsumer.Pending)
                {
                    group.Assign(entry.Id, consumer, entry.DeliveredAt, entry.Deliveries);
                }
            }
        }
    }

    private static Comparer<byte[]> ByName { get; } = Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b));
}
