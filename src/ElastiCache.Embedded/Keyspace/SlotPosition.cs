using System.Runtime.CompilerServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Where an entry stands in its table. Void after anything was added to the table or the shard was unlocked.</summary>
internal readonly unsafe struct SlotPosition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SlotPosition(Bucket* home, Bucket* bucket, int slot)
    {
        Home = home;
        Bucket = bucket;
        SlotIndex = slot;
    }

    public Bucket* Home { get; }

    public Bucket* Bucket { get; }

    public int SlotIndex { get; }

    public ulong* Slot => ElastiCache.Embedded.Keyspace.Bucket.SlotAt(Bucket, SlotIndex);

    /// <summary>The record's reference.</summary>
    public uint Reference => (uint)*Slot;

    public uint Hash => (uint)(*Slot >> 32);
}

/// <summary>Picks a record among those with an equal hash.</summary>
internal unsafe interface IRecordFilter
{
    bool Accepts(byte* record);
}

/// <summary>Takes the records of a walk.</summary>
internal unsafe interface IRecordVisitor
{
    void Visit(byte* record);
}
