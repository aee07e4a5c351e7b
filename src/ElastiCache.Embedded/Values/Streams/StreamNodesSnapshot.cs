using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Values;

/// <summary>The nodes of a stream as they were at one moment.</summary>
/// <remarks>They are the stream's own blocks. A stream that is about to change or free one which was not read yet leaves it here and works on a copy.</remarks>
internal sealed unsafe class StreamNodesSnapshot
{
    private readonly StreamNodes _stream;
    private readonly BlockAllocator _blocks;
    private readonly SharedPack[] _packs;
    private int _next;

    internal StreamNodesSnapshot(StreamNodes stream, BlockAllocator blocks)
    {
        _stream = stream;
        _blocks = blocks;
        _packs = new SharedPack[(int)stream.Count];
    }

    /// <summary>How many there are.</summary>
    public int Count => _packs.Length;

    /// <summary>Whether all have been read.</summary>
    public bool IsDone => _next == _packs.Length;

    /// <summary>The next node's ID.</summary>
    public StreamId Id => _packs[_next].Id;

    /// <summary>The next node's listpack, which stays valid until <see cref="MoveNext"/>.</summary>
    public ReadOnlySpan<byte> Pack => StreamNodes.Whole(_packs[_next].Pack);

    /// <summary>Goes on to the next node.</summary>
    public void MoveNext()
    {
        if (_packs[_next].IsLeft)
        {
            _blocks.Free(_packs[_next].Pack);
        }

        _next++;
    }

    /// <summary>Shares a node of the stream.</summary>
    internal void Share(int index, StreamId id, byte* pack) => _packs[index] = new SharedPack { Id = id, Pack = pack };

    /// <summary>Whether a node that was shared under this index is still to be read.</summary>
    internal bool Needs(int index) => index >= _next;

    /// <summary>Leaves a block to the snapshot, which frees it.</summary>
    internal void TakeOver(int index) => _packs[index].IsLeft = true;

    internal void Free()
    {
        while (!IsDone)
        {
            MoveNext();
        }

        _stream.EndSharing();
    }

    private struct SharedPack
    {
        public StreamId Id;
        public byte* Pack;
        public bool IsLeft;
    }
}
