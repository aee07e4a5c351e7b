using System.Buffers.Binary;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>Reads streams from RDB encodings.</summary>
/// <remarks>
/// <code>
///   nodes        n × (string: the node's ID, 16 bytes big-endian; string: its listpack)
///   numbers      length, last ID; since Redis 7.0 also first ID, greatest deleted ID, entries ever added
///   groups       n × (name; last ID; entries read, since 7.0;
///                     pending  n × (ID, time of delivery in 8 bytes, deliveries)
///                     consumers n × (name; seen in 8 bytes; active in 8 bytes, since 7.2; pending n × ID))
/// </code>
/// </remarks>
internal static class RdbStreamReader
{
    private const int IdBytes = 16;
    private const int PendingBytes = IdBytes + sizeof(long) + 1;

    /// <summary>Reads a stream.</summary>
    /// <exception cref="RdbDataException">It is damaged.</exception>
    public static RdbStream Read(RdbType type, ref RdbReader reader)
    {
        var stream = new RdbStream();
        long live = ReadNodes(ref reader, stream, out StreamId greatest);
        stream.Length = (long)reader.ReadNumber();
        stream.LastId = ReadId(ref reader);
        if (type == RdbType.StreamListPacks)
        {
            stream.EntriesAdded = stream.Length;
        }
        else
        {
            ReadId(ref reader);     // the first, which the nodes have told
            stream.MaxDeletedId = ReadId(ref reader);
            stream.EntriesAdded = (long)reader.ReadNumber();
        }

        if (stream.Length != live || (live > 0 && greatest > stream.LastId) || stream.EntriesAdded < live)
        {
            throw new RdbDataException("A stream's numbers contradict its entries.");
        }

        var names = new HashSet<byte[]>(KeyComparer.Instance);
        for (int left = reader.ReadCount(5); left > 0; left--)
        {
            stream.Groups.Add(ReadGroup(type, ref reader, names));
        }

        return stream;
    }

    private static long ReadNodes(ref RdbReader reader, RdbStream stream, out StreamId greatest)
    {
        long live = 0;
        greatest = StreamId.Min;
        for (int left = reader.ReadCount(2); left > 0; left--)
        {
            ReadOnlySpan<byte> name = reader.ReadString();
            if (name.Length != IdBytes)
            {
                throw new RdbDataException("The ID of a stream's node has not 16 bytes.");
            }

            var id = new StreamId(BinaryPrimitives.ReadUInt64BigEndian(name), BinaryPrimitives.ReadUInt64BigEndian(name[8..]));
            if (stream.Nodes.Count > 0 && id <= stream.Nodes[^1].Id)
            {
                throw new RdbDataException("The nodes of a stream are not in order.");
            }

            byte[] pack = reader.ReadString().ToArray();
            StreamNodeCheck check = StreamNodeCheck.Run(pack, id);
            if (live == 0 && check.LiveEntries > 0)
            {
                stream.FirstId = check.FirstId;
            }

            live += check.LiveEntries;
            greatest = check.LastId > greatest ? check.LastId : greatest;
            stream.Nodes.Add((id, pack));
        }

        return live;
    }

    private static RdbStreamGroup ReadGroup(RdbType type, ref RdbReader reader, HashSet<byte[]> names)
    {
        byte[] name = reader.ReadString().ToArray();
        StreamId lastId = ReadId(ref reader);
        long? read = type == RdbType.StreamListPacks ? null : (long)reader.ReadNumber();
        var group = new RdbStreamGroup(name, lastId, read);
        if (read < StreamGroup.Unknown)
        {
            throw new RdbDataException("A group has read less than nothing.");
        }

        if (!names.Add(name))
        {
            throw new RdbDataException("Two groups of a stream have the same name.");
        }

        var pending = new Dictionary<StreamId, RdbPendingEntry>();
        for (int left = reader.ReadCount(PendingBytes); left > 0; left--)
        {
            StreamId id = reader.ReadStreamId();
            var entry = new RdbPendingEntry(id, reader.ReadTime(), (long)reader.ReadNumber());
            if (entry.Deliveries < 0)
            {
                throw new RdbDataException("An entry was delivered less than never.");
            }

            if (!pending.TryAdd(id, entry))
            {
                throw new RdbDataException("An entry is pending twice.");
            }
        }

        var consumers = new HashSet<byte[]>(KeyComparer.Instance);
        for (int left = reader.ReadCount(2 + sizeof(long)); left > 0; left--)
        {
            group.Consumers.Add(ReadConsumer(type, ref reader, consumers, pending));
        }

        return pending.Count == 0 ? group : throw new RdbDataException("An entry is pending with nobody.");
    }

    private static RdbStreamConsumer ReadConsumer(RdbType type, ref RdbReader reader, HashSet<byte[]> names, Dictionary<StreamId, RdbPendingEntry> pending)
    {
        byte[] name = reader.ReadString().ToArray();
        var consumer = new RdbStreamConsumer(name, reader.ReadTime());
        if (!names.Add(name))
        {
            throw new RdbDataException("Two consumers of a group have the same name.");
        }

        if (type == RdbType.StreamListPacks3)
        {
            reader.ReadTime();
        }

        for (int left = reader.ReadCount(IdBytes); left > 0; left--)
        {
            if (!pending.Remove(reader.ReadStreamId(), out RdbPendingEntry entry))
            {
                throw new RdbDataException("An entry is pending with a consumer and not with its group.");
            }

            consumer.Pending.Add(entry);
        }

        return consumer;
    }

    private static StreamId ReadId(ref RdbReader reader)
    {
        ulong milliseconds = reader.ReadNumber();
        return new StreamId(milliseconds, reader.ReadNumber());
    }
}
