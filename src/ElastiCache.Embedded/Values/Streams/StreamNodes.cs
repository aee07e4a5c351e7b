using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Values;

/// <summary>Where a node's listpack lies.</summary>
internal unsafe struct StreamNodeBlock
{
    public byte* Pack;
    public int Shared;      // 1 + its place in the snapshot that shares it; 0 = in none
}

/// <summary>The nodes of a stream by their IDs, each a <see cref="StreamNode"/> in a block of its own.</summary>
internal sealed unsafe class StreamNodes
{
    // Spare room worth a copy when a node is full and stays as it is.
    private const int MostWastedShare = 8;

    // What counting deletions may add to a node.
    private const int CountGrowthBytes = 8;

    private readonly BlockAllocator _blocks;
    private readonly IdMap<StreamNodeBlock> _map;
    private StreamNodesSnapshot? _snapshot;
    private long _packBytes;

    public StreamNodes(BlockAllocator blocks)
        : this(blocks, new IdMap<StreamNodeBlock>(blocks))
    {
    }

    private StreamNodes(BlockAllocator blocks, IdMap<StreamNodeBlock> map)
    {
        _blocks = blocks;
        _map = map;
    }

    /// <summary>The number of nodes.</summary>
    public long Count => _map.Count;

    /// <summary>Native bytes of all.</summary>
    public long NativeBytes => _packBytes + _map.NativeBytes;

    /// <inheritdoc cref="IdMap{T}.First"/>
    public IdPosition First => _map.First;

    /// <inheritdoc cref="IdMap{T}.Last"/>
    public IdPosition Last => _map.Last;

    /// <inheritdoc cref="IdMap{T}.IsValid"/>
    public bool IsValid(IdPosition position) => _map.IsValid(position);

    /// <inheritdoc cref="IdMap{T}.Next"/>
    public IdPosition Next(IdPosition position) => _map.Next(position);

    /// <inheritdoc cref="IdMap{T}.Previous"/>
    public IdPosition Previous(IdPosition position) => _map.Previous(position);

    /// <summary>The node that an entry would be in; the first if the ID is before all nodes.</summary>
    public IdPosition For(StreamId id)
    {
        IdPosition position = _map.SeekBack(id);
        return _map.IsValid(position) ? position : _map.First;
    }

    /// <summary>The ID of a node, which is that of its first entry.</summary>
    public StreamId IdOf(IdPosition position) => _map.IdAt(position);

    /// <summary>A node's listpack.</summary>
    public ReadOnlySpan<byte> Pack(IdPosition position) => Whole(_map.ValueAt(position).Pack);

    /// <summary>A node's listpack, for a change that keeps every element's length.</summary>
    public Span<byte> PackForChange(IdPosition position)
    {
        ref StreamNodeBlock node = ref _map.ValueAt(position);
        Own(ref node);
        return Whole(node.Pack);
    }

    /// <summary>Adds a node at the end.</summary>
    /// <param name="id">Its ID, greater than all.</param>
    /// <param name="bytes">The room that it shall have.</param>
    /// <returns>The room.</returns>
    public Span<byte> Add(StreamId id, long bytes)
    {
        byte* pack = Allocate(bytes);
        _map.Add(id) = new StreamNodeBlock { Pack = pack };
        return Room(pack);
    }

    /// <summary>Adds a node with all its entries, as when a file is loaded.</summary>
    public void Add(StreamId id, ReadOnlySpan<byte> pack) => pack.CopyTo(Add(id, pack.Length));

    /// <summary>Makes sure that a node has room for so many bytes more.</summary>
    /// <param name="position">The node.</param>
    /// <param name="moreBytes">The bytes.</param>
    /// <param name="mostBytes">The most that it may become while doubling.</param>
    /// <returns>The node and its room.</returns>
    public Span<byte> Grow(IdPosition position, long moreBytes, long mostBytes)
    {
        ref StreamNodeBlock node = ref _map.ValueAt(position);
        long total = ListPack.TotalBytes(Room(node.Pack));
        if (_blocks.CapacityOf(node.Pack) < total + moreBytes)
        {
            Move(ref node, Math.Max(total + moreBytes, Math.Min(2 * total, mostBytes)));
        }
        else
        {
            Own(ref node);
        }

        return Room(node.Pack);
    }

    /// <summary>Gives back what a node has too much, now that it grows no further.</summary>
    public void Trim(IdPosition position)
    {
        ref StreamNodeBlock node = ref _map.ValueAt(position);
        long total = ListPack.TotalBytes(Room(node.Pack));
        long capacity = _blocks.CapacityOf(node.Pack);
        if (capacity - total > capacity / MostWastedShare)
        {
            Move(ref node, total);
        }
    }

    /// <summary>Counts entries of a node as deleted, which are marked already.</summary>
    public void CountDeleted(IdPosition position, long entries) =>
        StreamNode.CountDeleted(Grow(position, CountGrowthBytes, 0), entries);

    /// <summary>Removes a node.</summary>
    /// <returns>The position of the next one.</returns>
    public IdPosition Remove(IdPosition position)
    {
        Drop(_map.ValueAt(position));
        return _map.RemoveAt(position);
    }

    /// <summary>Gives memory back, from the end.</summary>
    /// <param name="nodes">How many nodes' at most, about.</param>
    /// <returns>Whether there is more.</returns>
    public bool FreeSlice(int nodes)
    {
        for (; nodes > 0 && _map.Count > 0; nodes--)
        {
            Remove(_map.Last);
        }

        return _map.Count > 0 || _map.FreeSlice(1);
    }

    /// <summary>Begins a snapshot, which a second one must not overlap. O(nodes).</summary>
    public StreamNodesSnapshot BeginSnapshot()
    {
        _snapshot = new StreamNodesSnapshot(this, _blocks);
        int index = 0;
        for (IdPosition i = First; IsValid(i); i = Next(i))
        {
            ref StreamNodeBlock node = ref _map.ValueAt(i);
            _snapshot.Share(index, IdOf(i), node.Pack);
            node.Shared = ++index;
        }

        return _snapshot;
    }

    /// <summary>Ends the sharing of blocks.</summary>
    internal void EndSharing() => _snapshot = null;

    /// <summary>A deep copy in the memory of an allocator.</summary>
    public StreamNodes CopyTo(BlockAllocator blocks)
    {
        var copy = new StreamNodes(blocks, _map.CopyTo(blocks));
        for (IdPosition i = copy.First; copy.IsValid(i); i = copy.Next(i))
        {
            ref StreamNodeBlock node = ref copy._map.ValueAt(i);
            ReadOnlySpan<byte> pack = Whole(node.Pack);
            node = new StreamNodeBlock { Pack = copy.Allocate(pack.Length) };
            pack.CopyTo(copy.Room(node.Pack));
        }

        return copy;
    }

    /// <summary>A listpack in a block.</summary>
    internal static Span<byte> Whole(byte* pack) => new(pack, ListPack.TotalBytes(new ReadOnlySpan<byte>(pack, ListPack.HeaderBytes)));

    private Span<byte> Room(byte* pack) => new(pack, (int)Math.Min(int.MaxValue, _blocks.CapacityOf(pack)));

    private void Move(ref StreamNodeBlock node, long bytes)
    {
        byte* moved = Allocate(bytes);
        Whole(node.Pack).CopyTo(Room(moved));
        Drop(node);
        node = new StreamNodeBlock { Pack = moved };
    }

    // A block that a snapshot shares stays as it is.
    private void Own(ref StreamNodeBlock node)
    {
        if (IsShared(node))
        {
            Move(ref node, _blocks.CapacityOf(node.Pack));
        }
    }

    private bool IsShared(in StreamNodeBlock node) => _snapshot != null && node.Shared != 0 && _snapshot.Needs(node.Shared - 1);

    private byte* Allocate(long bytes)
    {
        byte* pack = _blocks.AllocateFixed(bytes);
        _packBytes += _blocks.CapacityOf(pack);
        return pack;
    }

    private void Drop(in StreamNodeBlock node)
    {
        _packBytes -= _blocks.CapacityOf(node.Pack);
        if (IsShared(node))
        {
            _snapshot!.TakeOver(node.Shared - 1);
        }
        else
        {
            _blocks.Free(node.Pack);
        }
    }
}
