using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Values;

/// <summary>The nodes of a <see cref="ListBody"/> as they were at one moment.</summary>
/// <remarks>
/// It holds references to the list's own blocks. A list that is about to change or free a block which was not read yet leaves it here and works on a copy.
/// Beginning costs 12 bytes a node, 8 KB of elements each.
/// </remarks>
internal sealed unsafe class ListSnapshot : CollectionSnapshot
{
    private readonly ListBody _list;
    private readonly Arena _arena;
    private readonly BlockAllocator _allocator;
    private readonly SharedPack[] _packs;
    private int _next;

    internal ListSnapshot(ListBody list, Arena arena, BlockAllocator allocator, int nodes)
    {
        _list = list;
        _arena = arena;
        _allocator = allocator;
        _packs = new SharedPack[nodes];
        Count = list.Count;
    }

    /// <inheritdoc/>
    public override long Count { get; }

    /// <inheritdoc/>
    public override bool IsDone => _next == _packs.Length;

    /// <summary>The number of nodes.</summary>
    public int Nodes => _packs.Length;

    /// <summary>The next node's listpack, which stays valid until <see cref="MoveNext"/>.</summary>
    public ReadOnlySpan<byte> Pack => new(_arena.At(_packs[_next].Reference), _packs[_next].Bytes);

    /// <summary>Goes on to the next node.</summary>
    public void MoveNext() => Release(_next++);

    /// <summary>Shares a node of the list.</summary>
    internal void Share(int index, uint reference, int bytes) => _packs[index] = new SharedPack { Reference = reference, Bytes = bytes };

    /// <summary>Whether a node that was shared under this index is still to be read.</summary>
    internal bool Needs(int index) => index >= _next;

    /// <summary>Leaves a block to the snapshot, which frees it.</summary>
    internal void TakeOver(int index) => _packs[index].IsLeft = true;

    internal override void Free()
    {
        while (!IsDone)
        {
            MoveNext();
        }

        _list.EndSharing();
    }

    private void Release(int index)
    {
        if (_packs[index].IsLeft)
        {
            _allocator.Free(_arena.At(_packs[index].Reference));
        }
    }

    private struct SharedPack
    {
        public uint Reference;
        public int Bytes;
        public bool IsLeft;
    }
}
