using System.Buffers.Binary;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>Writes values in the encodings of Redis 7.0 (RDB version 10).</summary>
/// <remarks>
/// A small collection is a listpack or an intset here as there, so its bytes are copied. Deadlines of a hash's fields have no place in this version, and are
/// left out. The shard is locked.
/// </remarks>
internal static class RdbValueWriter
{
    private const ulong PackedNode = 2;

    /// <summary>The encoding that <see cref="Write"/> uses for an entry's value.</summary>
    public static RdbType TypeOf(ValueKind kind, ReadOnlySpan<byte> value) => kind switch
    {
        ValueKind.String => RdbType.String,
        ValueKind.List => RdbType.ListQuickList2,
        ValueKind.Stream => RdbType.StreamListPacks2,
        ValueKind.Hash => CollectionForm.IsShell(kind, value) || PackedHash.IsReportedAsTable(value) ? RdbType.Hash : RdbType.HashListPack,
        ValueKind.Set => CollectionForm.IsShell(kind, value) || PackedSet.IsReportedAsTable(value) ? RdbType.Set : RdbType.SetIntSet,
        ValueKind.SortedSet => CollectionForm.IsShell(kind, value) ? RdbType.SortedSet : RdbType.SortedSetListPack,
        _ => throw new NotSupportedException($"Values of the kind {kind} have no RDB encoding."),
    };

    /// <summary>Writes a value.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="value">The record's value.</param>
    /// <param name="shell">The collection that it refers to; null if it holds all itself.</param>
    public static void Write(RdbWriter writer, ValueKind kind, ReadOnlySpan<byte> value, Collection? shell)
    {
        switch (TypeOf(kind, value))
        {
            case RdbType.String:
                writer.String(value);
                break;
            case RdbType.ListQuickList2:
                WriteList(writer, value, (ListBody?)shell);
                break;
            case RdbType.Hash:
                WriteHash(writer, value, (HashBody?)shell);
                break;
            case RdbType.Set:
                WriteSet(writer, value, (SetBody?)shell);
                break;
            case RdbType.SortedSet:
                WriteSortedSet(writer, (SortedSetBody)shell!);
                break;
            case RdbType.StreamListPacks2:
                WriteStream(writer, (StreamData)shell!);
                break;
            default:
                writer.String(value[1..]);
                break;
        }
    }

    private static void WriteList(RdbWriter writer, ReadOnlySpan<byte> value, ListBody? body)
    {
        int nodes = body?.Nodes ?? 1;
        writer.Number((ulong)nodes);
        for (int i = 0; i < nodes; i++)
        {
            writer.Number(PackedNode);
            writer.String(body == null ? value[1..] : body.Pack(i));
        }
    }

    private static void WriteHash(RdbWriter writer, ReadOnlySpan<byte> value, HashBody? body)
    {
        if (body != null)
        {
            writer.Number((ulong)body.Count);
            foreach (Member field in body.Fields)
            {
                writer.String(field.Name);
                writer.String(field.Value);
            }

            return;
        }

        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        writer.Number((ulong)PackedHash.Count(value));
        for (PackedHash.Pairs pairs = PackedHash.PairsOf(value); pairs.MoveNext();)
        {
            writer.String(pairs.Field.AsText(text));
            writer.String(pairs.Value.AsText(text));
        }
    }

    private static void WriteSet(RdbWriter writer, ReadOnlySpan<byte> value, SetBody? body)
    {
        if (body != null)
        {
            writer.Number((ulong)body.Count);
            foreach (Member member in body.Members)
            {
                writer.String(member.Name);
            }

            return;
        }

        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        writer.Number((ulong)PackedSet.Count(value));
        for (PackedSet.Members members = PackedSet.MembersOf(value); members.MoveNext();)
        {
            writer.String(members.Current.AsText(text));
        }
    }

    // From the highest score down, as Redis does it, whose skip list then adds each at its head.
    private static void WriteSortedSet(RdbWriter writer, SortedSetBody body)
    {
        writer.Number((ulong)body.Count);
        RankPlace place = body.Order.At((int)body.Count - 1);
        do
        {
            body.Order.Get(place, out double score, out uint record);
            writer.String(body.Members.At(record).Name);
            writer.Double(score);
        }
        while (body.Order.Previous(ref place));
    }

    private static void WriteStream(RdbWriter writer, StreamData stream)
    {
        writer.Number((ulong)stream.Nodes.Count);
        for (IdPosition i = stream.Nodes.First; stream.Nodes.IsValid(i); i = stream.Nodes.Next(i))
        {
            WriteStreamNode(writer, stream.Nodes.IdOf(i), stream.Nodes.Pack(i));
        }

        WriteStreamNumbers(writer, stream.Length, stream.LastId, stream.FirstId, stream.MaxDeletedId, stream.EntriesAdded);
        WriteGroups(writer, stream.Groups);
    }

    /// <summary>Writes a stream's node.</summary>
    internal static void WriteStreamNode(RdbWriter writer, StreamId node, ReadOnlySpan<byte> pack)
    {
        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(id, node.Milliseconds);
        BinaryPrimitives.WriteUInt64BigEndian(id[8..], node.Sequence);
        writer.String(id);
        writer.String(pack);
    }

    /// <summary>Writes what stands behind a stream's nodes.</summary>
    internal static void WriteStreamNumbers(RdbWriter writer, long length, StreamId lastId, StreamId firstId, StreamId maxDeletedId, long entriesAdded)
    {
        writer.Number((ulong)length);
        writer.IdNumbers(lastId);
        writer.IdNumbers(firstId);
        writer.IdNumbers(maxDeletedId);
        writer.Number((ulong)entriesAdded);
    }

    /// <summary>Writes a stream's groups.</summary>
    internal static void WriteGroups(RdbWriter writer, IReadOnlyList<StreamGroup> groups)
    {
        writer.Number((ulong)groups.Count);
        foreach (StreamGroup group in groups)
        {
            WriteGroup(writer, group);
        }
    }

    private static void WriteGroup(RdbWriter writer, StreamGroup group)
    {
        writer.String(group.Name);
        writer.IdNumbers(group.LastId);
        writer.Number((ulong)group.EntriesRead);
        writer.Number((ulong)group.Pending.Count);
        for (IdPosition i = group.Pending.First; group.Pending.IsValid(i); i = group.Pending.Next(i))
        {
            PendingEntry entry = group.Pending.ValueAt(i);
            writer.Id(group.Pending.IdAt(i));
            writer.Time(entry.DeliveredAt);
            writer.Number((ulong)entry.Deliveries);
        }

        writer.Number((ulong)group.Consumers.Count);
        foreach (StreamConsumer consumer in group.Consumers)
        {
            writer.String(consumer.Name);
            writer.Time(consumer.SeenAt);
            writer.Number((ulong)consumer.Pending.Count);
            for (IdPosition i = consumer.Pending.First; consumer.Pending.IsValid(i); i = consumer.Pending.Next(i))
            {
                writer.Id(consumer.Pending.IdAt(i));
            }
        }
    }
}
