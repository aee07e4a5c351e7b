using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Values;

/// <summary>A stream: a log of entries, each with an ID greater than those before it, and the groups of consumers that read it.</summary>
/// <remarks>
/// <code>
///   nodes    1-0 ─► 1-0 … 1-99     by ID of their first entries (<see cref="StreamNodes"/>), entries packed (<see cref="StreamNode"/>)
///            2-5 ─► 2-5 … 9-0
///   groups   "mail"   last delivered 2-7   pending 1-3, 2-6 (<see cref="StreamGroup"/>)
/// </code>
/// Five numbers outlive the entries: the greatest ID ever given out, so that IDs never repeat; the smallest ID there is; the greatest ID ever deleted, which tells
/// whether entries were numbered without gaps; and how many were ever added, to say how far a group lags behind. A stream without entries stays.
/// Guarded by the shard's lock.
/// </remarks>
internal sealed class StreamData : Collection
{
    /// <summary>The most that all fields and values of one entry, or a node, may take: 1 GB.</summary>
    public const long MostPackBytes = 1L << 30;

    private const int EntriesANode = 100;

    private readonly BlockAllocator _blocks;
    private readonly StreamNodes _nodes;
    private readonly List<StreamGroup> _groups = [];

    public StreamData(BlockAllocator blocks)
        : this(blocks, new StreamNodes(blocks))
    {
    }

    private StreamData(BlockAllocator blocks, StreamNodes nodes)
    {
        _blocks = blocks;
        _nodes = nodes;
    }

    /// <summary>The entries that are not deleted.</summary>
    public long Length { get; private set; }

    /// <inheritdoc/>
    public override long Count => Length;

    /// <summary>The greatest ID that was ever given out.</summary>
    public StreamId LastId { get; private set; }

    /// <summary>The smallest ID that is there; 0-0 if there is none.</summary>
    public StreamId FirstId { get; private set; }

    /// <summary>The greatest ID that XDEL has deleted; trimming does not count.</summary>
    public StreamId MaxDeletedId { get; private set; }

    /// <summary>How many entries were ever added.</summary>
    public long EntriesAdded { get; private set; }

    /// <summary>The groups, in the order of their names.</summary>
    public IReadOnlyList<StreamGroup> Groups => _groups;

    /// <summary>The nodes, for whoever writes them to a file.</summary>
    public StreamNodes Nodes => _nodes;

    /// <inheritdoc/>
    public override long NativeBytes
    {
        get
        {
            long bytes = _nodes.NativeBytes;
            foreach (StreamGroup group in _groups)
            {
                bytes += group.NativeBytes;
            }

            return bytes;
        }
    }

    /// <summary>Walks the entries between two IDs.</summary>
    public StreamIterator Iterate(StreamId from, StreamId to, bool isReverse = false) => new(_nodes, from, to, isReverse);

    /// <summary>Whether an entry is there.</summary>
    public bool Contains(StreamId id) => Iterate(id, id).MoveNext();

    /// <summary>The greatest ID that is there; 0-0 if there is none.</summary>
    public StreamId LastIdThere()
    {
        StreamIterator last = Iterate(StreamId.Min, StreamId.Max, isReverse: true);
        return last.MoveNext() ? last.Id : StreamId.Min;
    }

    /// <summary>Adds an entry.</summary>
    /// <param name="id">Greater than <see cref="LastId"/>.</param>
    /// <param name="fields">Its fields and values.</param>
    /// <param name="limits">The sizes of nodes.</param>
    public void Add<TFields>(StreamId id, TFields fields, EncodingLimits limits)
        where TFields : struct, IStreamFields, allows ref struct
    {
        long needed = StreamNode.MostBytes(fields);
        long mostNodeBytes = limits.StreamNodeMaxBytes is > 0 and < MostPackBytes ? limits.StreamNodeMaxBytes : MostPackBytes;
        IdPosition last = _nodes.Last;
        if (_nodes.IsValid(last) && HasRoom(_nodes.Pack(last), fields, mostNodeBytes, limits.StreamNodeMaxEntries))
        {
            StreamId node = _nodes.IdOf(last);
            var difference = new StreamId(id.Milliseconds - node.Milliseconds, id.Sequence - node.Sequence);
            StreamNode.Append(_nodes.Grow(last, needed, mostNodeBytes), difference, fields);
        }
        else
        {
            if (_nodes.IsValid(last))
            {
                _nodes.Trim(last);
            }

            StreamNode.Create(_nodes.Add(id, needed + ListPack.EmptyBytes), fields);
        }

        LastId = id;
        EntriesAdded++;
        if (++Length == 1)
        {
            FirstId = id;
        }
    }

    /// <summary>Deletes an entry.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Delete(StreamId id)
    {
        StreamIterator entry = Iterate(id, id);
        if (!entry.MoveNext())
        {
            return false;
        }

        if (StreamNode.Entries(_nodes.Pack(entry.Node)) == 1)
        {
            _nodes.Remove(entry.Node);
        }
        else
        {
            StreamNode.MarkDeleted(_nodes.PackForChange(entry.Node), entry.At);
            _nodes.CountDeleted(entry.Node, 1);
        }

        Length--;
        MaxDeletedId = id > MaxDeletedId ? id : MaxDeletedId;
        if (id == FirstId)
        {
            FindFirst();
        }

        return true;
    }

    /// <summary>Deletes the oldest entries.</summary>
    /// <returns>How many.</returns>
    public long Trim(in StreamTrim trim)
    {
        long deleted = 0;
        IdPosition node = _nodes.First;
        while (_nodes.IsValid(node) && !IsShortEnough(trim))
        {
            ReadOnlySpan<byte> pack = _nodes.Pack(node);
            long entries = StreamNode.Entries(pack);
            if (trim.Limit != 0 && deleted + entries > trim.Limit)
            {
                break;
            }

            if (GoesWhole(trim, node, pack, entries))
            {
                node = _nodes.Remove(node);
                Length -= entries;
                deleted += entries;
                continue;
            }

            if (!trim.IsApproximate)
            {
                deleted += TrimWithin(trim, node);
            }

            break;
        }

        if (deleted > 0)
        {
            FindFirst();
        }

        return deleted;
    }

    /// <summary>Sets the numbers that outlive the entries: XSETID.</summary>
    public void SetNumbers(StreamId lastId, long? entriesAdded, StreamId? maxDeletedId)
    {
        LastId = lastId;
        EntriesAdded = entriesAdded ?? EntriesAdded;
        MaxDeletedId = maxDeletedId ?? MaxDeletedId;
    }

    /// <summary>Takes over what a file says, after its nodes were added to <see cref="Nodes"/>.</summary>
    public void Restore(long length, StreamId firstId, StreamId lastId, StreamId maxDeletedId, long entriesAdded)
    {
        Length = length;
        FirstId = firstId;
        SetNumbers(lastId, entriesAdded, maxDeletedId);
    }

    /// <summary>Finds a group; null if there is none of that name.</summary>
    public StreamGroup? FindGroup(ReadOnlySpan<byte> name)
    {
        int index = NamedList.IndexOf(_groups, name);
        return index >= 0 ? _groups[index] : null;
    }

    /// <summary>Adds a group.</summary>
    /// <returns>The group; null if there is one of that name.</returns>
    public StreamGroup? AddGroup(ReadOnlySpan<byte> name, StreamId lastId, long entriesRead)
    {
        int index = NamedList.IndexOf(_groups, name);
        if (index >= 0)
        {
            return null;
        }

        var group = new StreamGroup(_blocks, name.ToArray()) { LastId = lastId, EntriesRead = entriesRead };
        _groups.Insert(~index, group);
        return group;
    }

    /// <summary>Removes a group with its consumers.</summary>
    public void RemoveGroup(StreamGroup group)
    {
        _groups.Remove(group);
        group.Free();
    }

    /// <inheritdoc/>
    protected override CollectionSnapshot CreateSnapshot()
    {
        // First, as there may be no memory for it: nothing is shared then.
        StreamGroup[] groups = [.. _groups.Select(group => group.CopyTo(_blocks))];
        return new StreamSnapshot(this, _nodes.BeginSnapshot(), groups);
    }

    /// <inheritdoc/>
    public override bool FreeSlice(int elements)
    {
        if (_nodes.FreeSlice(Math.Max(1, elements / EntriesANode)))
        {
            return true;
        }

        if (_groups.Count > 0 && !_groups[^1].FreeSlice(elements))
        {
            _groups.RemoveAt(_groups.Count - 1);
        }

        return _groups.Count > 0;
    }

    /// <inheritdoc/>
    public override Collection CopyTo(Shard shard)
    {
        var copy = new StreamData(shard.Allocator, _nodes.CopyTo(shard.Allocator));
        copy.Restore(Length, FirstId, LastId, MaxDeletedId, EntriesAdded);
        foreach (StreamGroup group in _groups)
        {
            copy._groups.Add(group.CopyTo(shard.Allocator));
        }

        return copy;
    }

    private static bool HasRoom<TFields>(ReadOnlySpan<byte> pack, TFields fields, long mostBytes, long mostEntries)
        where TFields : struct, IStreamFields, allows ref struct
    {
        long bytes = 0;
        for (int i = 0; i < fields.Count; i++)
        {
            bytes += fields.Field(i).Length + (long)fields.Value(i).Length;
        }

        return pack.Length + bytes < mostBytes && (mostEntries <= 0 || StreamNode.EntriesWithDeleted(pack) < mostEntries);
    }

    private bool IsShortEnough(in StreamTrim trim) =>
        trim.Strategy == StreamTrimStrategy.None || (trim.Strategy == StreamTrimStrategy.MaxLength && Length <= trim.MaxLength);

    private bool GoesWhole(in StreamTrim trim, IdPosition node, ReadOnlySpan<byte> pack, long entries) =>
        trim.Strategy == StreamTrimStrategy.MaxLength
            ? Length - entries >= trim.MaxLength
            : LastIdOf(pack, _nodes.IdOf(node)) < trim.MinId;

    // Deleted or not: that is how Redis looks at it, and what is approximate shall be so alike.
    private static StreamId LastIdOf(ReadOnlySpan<byte> pack, StreamId node) => StreamNode.Read(pack, node, StreamNode.LastEntry(pack)).Id;

    private long TrimWithin(in StreamTrim trim, IdPosition node)
    {
        Span<byte> pack = _nodes.PackForChange(node);
        long deleted = 0;
        for (int at = StreamNode.FirstEntry(pack); at >= 0 && !IsShortEnough(trim);)
        {
            StreamNodeEntry entry = StreamNode.Read(pack, _nodes.IdOf(node), at);
            if (trim.Strategy == StreamTrimStrategy.MinId && entry.Id >= trim.MinId)
            {
                break;
            }

            if (!entry.IsDeleted)
            {
                StreamNode.MarkDeleted(pack, at);
                deleted++;
                Length--;
            }

            at = entry.End;
        }

        if (deleted > 0)
        {
            _nodes.CountDeleted(node, deleted);
        }

        return deleted;
    }

    private void FindFirst()
    {
        StreamIterator first = Iterate(StreamId.Min, StreamId.Max);
        FirstId = first.MoveNext() ? first.Id : StreamId.Min;
    }
}
