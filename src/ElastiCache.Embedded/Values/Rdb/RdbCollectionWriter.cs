using System.Buffers;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>Writes a large collection as it was when its snapshot began, slice by slice. The shard is locked for each slice.</summary>
/// <remarks>
/// The number of elements stands in front of them, so it is known from the beginning, but for a hash whose fields have deadlines: those that have passed are
/// left out, and such a hash is gathered first. Its deadlines themselves have no place in the encoding (see <see cref="TakeDeadlines"/>).
/// </remarks>
internal sealed class RdbCollectionWriter(ValueKind kind, CollectionSnapshot snapshot, long nowUnixMs)
{
    private const ulong PackedNode = 2;

    private readonly ArrayBufferWriter<byte>? _gathered = snapshot is MemberSnapshot { HasDeadlines: true } ? new ArrayBufferWriter<byte>() : null;
    private readonly ArrayBufferWriter<byte> _deadlines = new();
    private long _count;
    private bool _hasBegun;

    /// <summary>The encoding.</summary>
    public RdbType Type => kind switch
    {
        ValueKind.List => RdbType.ListQuickList2,
        ValueKind.Hash => RdbType.Hash,
        ValueKind.Set => RdbType.Set,
        ValueKind.SortedSet => RdbType.SortedSet,
        _ => RdbType.StreamListPacks2,
    };

    /// <summary>Whether everything has been written.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether nothing is written before the last slice.</summary>
    public bool IsGathered => _gathered != null;

    /// <summary>Bytes of deadlines that wait to be taken.</summary>
    public int DeadlineBytes => _deadlines.WrittenCount;

    /// <summary>Whether, once all is written, there turned out to be nothing to write: every field's deadline has passed.</summary>
    public bool IsEmpty => IsDone && _gathered != null && _count == 0;

    /// <summary>Writes the next slice.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="elements">About how many elements.</param>
    public void WriteSlice(IBufferWriter<byte> output, int elements)
    {
        var writer = new RdbWriter(_gathered ?? output, compresses: true);
        switch (snapshot)
        {
            case MemberSnapshot members:
                WriteMembers(writer, members, elements);
                break;
            case ListSnapshot list:
                WriteNodes(writer, list, elements);
                break;
            case StreamSnapshot stream:
                WriteStream(writer, stream, elements);
                break;
            default:
                throw new NotSupportedException($"There is no encoding for {snapshot.GetType().Name}.");
        }

        _hasBegun = true;
        IsDone = snapshot.IsDone;
        if (IsDone && _gathered != null && _count > 0)
        {
            new RdbWriter(output, compresses: true).Number((ulong)_count);
            output.Write(_gathered.WrittenSpan);
        }
    }

    /// <summary>Takes the deadlines of the fields so far: for each, Unix ms in 8 bytes and the field as a string.</summary>
    public byte[] TakeDeadlines()
    {
        byte[] taken = _deadlines.WrittenSpan.ToArray();
        _deadlines.ResetWrittenCount();
        return taken;
    }

    private void WriteMembers(RdbWriter writer, MemberSnapshot members, int elements)
    {
        if (!_hasBegun && _gathered == null)
        {
            writer.Number((ulong)members.Count);
        }

        var sink = new MemberSink(writer, new RdbWriter(_deadlines, compresses: false), kind, nowUnixMs);
        members.Read(elements, ref sink);
        _count += sink.Count;
    }

    private void WriteNodes(RdbWriter writer, ListSnapshot list, int elements)
    {
        if (!_hasBegun)
        {
            writer.Number((ulong)list.Nodes);
        }

        for (int left = elements; left > 0 && !list.IsDone; list.MoveNext())
        {
            left -= Math.Max(1, ListPack.Count(list.Pack));
            writer.Number(PackedNode);
            writer.String(list.Pack);
        }
    }

    private void WriteStream(RdbWriter writer, StreamSnapshot stream, int elements)
    {
        if (!_hasBegun)
        {
            writer.Number((ulong)stream.Nodes.Count);
        }

        for (int left = elements; left > 0 && !stream.Nodes.IsDone; stream.Nodes.MoveNext())
        {
            left -= (int)Math.Max(1, StreamNode.EntriesWithDeleted(stream.Nodes.Pack));
            RdbValueWriter.WriteStreamNode(writer, stream.Nodes.Id, stream.Nodes.Pack);
        }

        if (stream.Nodes.IsDone)
        {
            RdbValueWriter.WriteStreamNumbers(writer, stream.Length, stream.LastId, stream.FirstId, stream.MaxDeletedId, stream.EntriesAdded);
            RdbValueWriter.WriteGroups(writer, stream.Groups);
        }
    }

    private struct MemberSink(RdbWriter writer, RdbWriter deadlines, ValueKind kind, long nowUnixMs) : IMemberSink
    {
        public long Count { get; private set; }

        public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value, long deadline)
        {
            if (deadline <= nowUnixMs)
            {
                return;
            }

            Count++;
            writer.String(name);
            if (deadline != Record.NoExpiry)
            {
                deadlines.Time(deadline);
                deadlines.String(name);
            }

            if (kind == ValueKind.Hash)
            {
                writer.String(value);
            }
            else if (kind == ValueKind.SortedSet)
            {
                writer.Raw(value);      // eight bytes, as they are in the file
            }
        }
    }
}
