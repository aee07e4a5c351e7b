using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Values;

/// <summary>A large list: a deque of listpacks in native memory.</summary>
/// <remarks>
/// <code>
///   nodes, a ring of (block, bytes, elements):     [ listpack ] [ listpack ] … [ listpack ]      up to 8 KB each by default
///                                                   head                            tail
/// </code>
/// Pushing and popping move bytes inside one node. An index is found by adding up the nodes' counts from the nearer end: 1,300 additions for a million
/// short elements. A node that would grow beyond the limit is split where the new element goes; an element larger than the limit has a node of
/// its own. (Redis's quicklist, Matt Stancliff 2014, without compression and with the nodes in an array instead of a chain.)
/// </remarks>
internal sealed unsafe class ListBody : Collection
{
    private const int SmallestBlock = 128;

    private readonly Arena _arena;
    private readonly BlockAllocator _allocator;
    private Node[] _nodes = new Node[4];
    private int _head;
    private ListSnapshot? _snapshot;
    private long _count;
    private long _blockBytes;

    public ListBody(Shard shard)
    {
        _arena = shard.Arena;
        _allocator = shard.Allocator;
    }

    private struct Node
    {
        public uint Reference;
        public int Bytes;
        public int Count;
        public int Shared;      // 1 + its place in the snapshot that shares its block; 0 = in none
    }

    public override long Count => _count;

    public override long NativeBytes => _blockBytes;

    /// <summary>The number of nodes.</summary>
    public int Nodes { get; private set; }

    /// <summary>The listpack of a node, counted from the head.</summary>
    public ReadOnlySpan<byte> Pack(int node) => Bytes(NodeAt(node), NodeAt(node).Bytes);

    /// <summary>The number of elements in a node.</summary>
    public int CountOf(int node) => NodeAt(node).Count;

    /// <summary>Adds an element at an end. Amortized O(1).</summary>
    public void Push(ReadOnlySpan<byte> value, bool atHead, in ListNodeLimit limit)
    {
        int size = ListPack.SizeOf(value);
        int node = atHead ? 0 : Nodes - 1;
        if (Nodes == 0 || !limit.Allows(NodeAt(node).Bytes + size, NodeAt(node).Count + 1))
        {
            node = atHead ? 0 : Nodes;
            AddNode(node, ListPack.EmptyBytes + size);
        }

        InsertInto(node, atHead ? ListPack.HeaderBytes : NodeAt(node).Bytes - 1, value, size, limit);
    }

    /// <summary>Adds the elements of a listpack at the tail, as a node of their own.</summary>
    public void AppendPack(ReadOnlySpan<byte> pack)
    {
        int count = ListPack.Count(pack);
        if (count == 0)
        {
            return;
        }

        AddNode(Nodes, pack.Length);
        ref Node added = ref NodeAt(Nodes - 1);
        pack.CopyTo(Bytes(added, pack.Length));
        added.Bytes = pack.Length;
        added.Count = count;
        _count += count;
    }

    /// <summary>Finds the element with an index from the head, which is in range. O(nodes).</summary>
    public void Locate(long index, out int node, out int position)
    {
        if (index < _count / 2)
        {
            node = 0;
            while (index >= NodeAt(node).Count)
            {
                index -= NodeAt(node++).Count;
            }

            position = ListPack.Seek(Pack(node), (int)index);
            return;
        }

        long fromTail = _count - 1 - index;
        node = Nodes - 1;
        while (fromTail >= NodeAt(node).Count)
        {
            fromTail -= NodeAt(node--).Count;
        }

        position = ListPack.Seek(Pack(node), NodeAt(node).Count - 1 - (int)fromTail);
    }

    /// <summary>Adds an element before the one at a place, or behind it. Places found before are void.</summary>
    public void Insert(int node, int position, bool behind, ReadOnlySpan<byte> value, in ListNodeLimit limit)
    {
        if (behind)
        {
            position += ListPack.ElementBytes(Pack(node), position);
        }

        int size = ListPack.SizeOf(value);
        if (!limit.Allows(NodeAt(node).Bytes + size, NodeAt(node).Count + 1))
        {
            node = MakeRoom(node, ref position, size, limit);
        }

        InsertInto(node, position, value, size, limit);
    }

    /// <summary>Puts a value in the place of an element. Places found before are void.</summary>
    public void Replace(int node, int position, ReadOnlySpan<byte> value, in ListNodeLimit limit)
    {
        ref Node target = ref NodeAt(node);
        int size = ListPack.SizeOf(value);
        int old = ListPack.ElementBytes(Pack(node), position);
        if (size <= old || limit.Allows(target.Bytes + size - old, target.Count))
        {
            Grow(ref target, target.Bytes + Math.Max(0, size - old), limit);
            target.Bytes = ListPack.Replace(Bytes(target, target.Bytes + Math.Max(0, size - old)), position, value);
            return;
        }

        Insert(node, position, behind: true, value, limit);

        // The split, if there was one, left the old element in this node.
        Delete(node, position, 1);
    }

    /// <summary>Removes elements of one node from a place on. A node that is empty then goes. Places found before are void.</summary>
    public void Delete(int node, int position, int count)
    {
        ref Node target = ref NodeAt(node);
        Own(ref target);
        target.Bytes = ListPack.Delete(Bytes(target, target.Bytes), position, count);
        target.Count -= count;
        _count -= count;
        if (target.Count == 0)
        {
            RemoveNode(node);
        }
    }

    /// <summary>Keeps a range of elements, which is in range, and drops the others. O(dropped).</summary>
    public void Keep(long first, long count)
    {
        DropFrom(atHead: false, _count - first - count);
        DropFrom(atHead: true, first);
    }

    /// <inheritdoc/>
    public override bool FreeSlice(int elements)
    {
        while (Nodes > 0 && elements > 0)
        {
            elements -= Math.Max(1, NodeAt(Nodes - 1).Count);
            _count -= NodeAt(Nodes - 1).Count;
            RemoveNode(Nodes - 1);
        }

        return Nodes > 0;
    }

    /// <inheritdoc/>
    public override Collection CopyTo(Shard shard)
    {
        var copy = new ListBody(shard);
        for (int i = 0; i < Nodes; i++)
        {
            copy.AppendPack(Pack(i));
        }

        return copy;
    }

    /// <inheritdoc/>
    protected override CollectionSnapshot CreateSnapshot()
    {
        _snapshot = new ListSnapshot(this, _arena, _allocator, Nodes);
        for (int i = 0; i < Nodes; i++)
        {
            ref Node node = ref NodeAt(i);
            node.Shared = i + 1;
            _snapshot.Share(i, node.Reference, node.Bytes);
        }

        return _snapshot;
    }

    /// <summary>Ends the sharing of blocks.</summary>
    internal void EndSharing() => _snapshot = null;

    private void DropFrom(bool atHead, long count)
    {
        while (count > 0)
        {
            int node = atHead ? 0 : Nodes - 1;
            int here = NodeAt(node).Count;
            if (count >= here)
            {
                count -= here;
                _count -= here;
                RemoveNode(node);
            }
            else
            {
                Delete(node, atHead ? ListPack.HeaderBytes : ListPack.Seek(Pack(node), here - (int)count), (int)count);
                count = 0;
            }
        }
    }

    // Splits a full node at a position, so that the element goes to the end of the first part, to the begin of the second, or to a node between them.
    private int MakeRoom(int node, ref int position, int size, in ListNodeLimit limit)
    {
        ReadOnlySpan<byte> pack = Pack(node);
        if (position != ListPack.HeaderBytes && position != pack.Length - 1)
        {
            Split(node, position);
        }

        bool isAtBegin = position == ListPack.HeaderBytes;
        int before = isAtBegin ? node - 1 : node;
        int after = isAtBegin ? node : node + 1;
        if (before >= 0 && limit.Allows(NodeAt(before).Bytes + size, NodeAt(before).Count + 1))
        {
            position = NodeAt(before).Bytes - 1;
            return before;
        }

        position = ListPack.HeaderBytes;
        if (after >= Nodes || !limit.Allows(NodeAt(after).Bytes + size, NodeAt(after).Count + 1))
        {
            AddNode(after, ListPack.EmptyBytes + size);
        }

        return after;
    }

    private void Split(int node, int position)
    {
        int total = NodeAt(node).Bytes;
        int kept = 0;
        for (int at = ListPack.HeaderBytes; at != position; at = ListPack.Next(Pack(node), at))
        {
            kept++;
        }

        // First, as there may be no memory for a copy of what a snapshot shares: nothing has changed then.
        Own(ref NodeAt(node));
        int moved = NodeAt(node).Count - kept;
        AddNode(node + 1, ListPack.EmptyBytes + total - position);
        ref Node first = ref NodeAt(node);
        ref Node second = ref NodeAt(node + 1);
        ReadOnlySpan<byte> tail = Bytes(first, total)[position..^1];
        second.Bytes = ListPack.CreateFrom(Bytes(second, ListPack.EmptyBytes + tail.Length), tail, moved);
        second.Count = moved;
        first.Bytes = ListPack.Delete(Bytes(first, total), position, moved);
        first.Count = kept;
    }

    private void InsertInto(int node, int position, ReadOnlySpan<byte> value, int size, in ListNodeLimit limit)
    {
        ref Node target = ref NodeAt(node);
        Grow(ref target, target.Bytes + size, limit);
        target.Bytes = ListPack.Insert(Bytes(target, target.Bytes + size), position, value);
        target.Count++;
        _count++;
    }

    private void Grow(ref Node node, int bytes, in ListNodeLimit limit)
    {
        long capacity = _allocator.CapacityOf(_arena.At(node.Reference));
        if (bytes > capacity)
        {
            Move(ref node, Math.Max(bytes, Math.Min(2 * capacity, limit.Bytes)));
        }
        else
        {
            Own(ref node);
        }
    }

    // A block that a snapshot shares stays as it is.
    private void Own(ref Node node)
    {
        if (IsShared(node))
        {
            Move(ref node, _allocator.CapacityOf(_arena.At(node.Reference)));
        }
    }

    private bool IsShared(in Node node) => _snapshot != null && node.Shared != 0 && _snapshot.Needs(node.Shared - 1);

    private void Move(ref Node node, long bytes)
    {
        byte* moved = _allocator.AllocateFixed(bytes);
        Bytes(node, node.Bytes).CopyTo(new Span<byte>(moved, node.Bytes));
        _blockBytes += _allocator.CapacityOf(moved);
        Drop(node);
        node.Reference = _arena.ReferenceOf(moved);
        node.Shared = 0;
    }

    private void Drop(in Node node)
    {
        byte* block = _arena.At(node.Reference);
        _blockBytes -= _allocator.CapacityOf(block);
        if (IsShared(node))
        {
            _snapshot!.TakeOver(node.Shared - 1);
        }
        else
        {
            _allocator.Free(block);
        }
    }

    private void AddNode(int index, int bytes)
    {
        if (Nodes == _nodes.Length)
        {
            var larger = new Node[2 * Nodes];
            for (int i = 0; i < Nodes; i++)
            {
                larger[i] = NodeAt(i);
            }

            (_nodes, _head) = (larger, 0);
        }

        byte* block = _allocator.AllocateFixed(Math.Max(bytes, SmallestBlock));
        _blockBytes += _allocator.CapacityOf(block);
        if (index == 0)
        {
            _head = (_head - 1) & (_nodes.Length - 1);
        }

        Nodes++;
        for (int i = Nodes - 1; i > index && index > 0; i--)
        {
            NodeAt(i) = NodeAt(i - 1);
        }

        NodeAt(index) = new Node { Reference = _arena.ReferenceOf(block), Bytes = ListPack.Create(new Span<byte>(block, ListPack.EmptyBytes)) };
    }

    private void RemoveNode(int index)
    {
        Drop(NodeAt(index));
        if (index == 0)
        {
            _head = (_head + 1) & (_nodes.Length - 1);
        }
        else
        {
            for (int i = index; i < Nodes - 1; i++)
            {
                NodeAt(i) = NodeAt(i + 1);
            }
        }

        Nodes--;
    }

    private ref Node NodeAt(int index) => ref _nodes[(_head + index) & (_nodes.Length - 1)];

    private Span<byte> Bytes(in Node node, int bytes) => new(_arena.At(node.Reference), bytes);
}

/// <summary>When a node of a list is full: Redis's list-max-listpack-size.</summary>
/// <param name="Bytes">The most bytes of a listpack.</param>
/// <param name="Elements">The most elements.</param>
internal readonly record struct ListNodeLimit(int Bytes, int Elements)
{
    private const int SmallestLimit = 4096;

    // With a limit by elements Redis still keeps nodes below this.
    private const int SafeBytes = 8192;

    /// <summary>Reads the setting: -1 to -5 for 4 KB to 64 KB, a positive number of elements otherwise.</summary>
    public static ListNodeLimit Of(int setting) => setting >= 0
        ? new ListNodeLimit(SafeBytes, Math.Max(1, setting))
        : new ListNodeLimit(SmallestLimit << (Math.Min(-setting, 5) - 1), int.MaxValue);

    /// <summary>Whether a listpack may have this size.</summary>
    public bool Allows(int bytes, int elements) => bytes <= Bytes && elements <= Elements;
}
