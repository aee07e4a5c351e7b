namespace ElastiCache.Embedded.Memory;

/// <summary>The description of one slab: a span cut into equal blocks.</summary>
/// <remarks>
/// Blocks are handed out from the list of freed ones first, then from the part that was never used. Slabs with room form a
/// list in their shard's allocator. Descriptions lie apart from the blocks, so that freeing a block touches its first
/// bytes and this one cache line.
/// </remarks>
internal unsafe struct Slab
{
    /// <summary>No block, as an offset.</summary>
    public const ushort None = ushort.MaxValue;

    public byte* Start;
    public Slab* Next;          // slabs of the class that have room
    public Slab* Previous;
    public ushort Units;
    public ushort Live;         // blocks in use
    public ushort Used;         // blocks handed out at least once
    public ushort FreeHead;     // offset / 8 of the first freed block, or None
    public byte Class;
    public bool Movable;        // blocks are records, which the owner can move elsewhere
    public bool Listed;
    public bool Retired;        // being emptied: gets no new blocks
}
