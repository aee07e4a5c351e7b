using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>What a reader without a lock needs to find a table's buckets: one read-mostly cache line.</summary>
/// <remarks>
/// <c>Directory</c> holds the reference of the chunk directory in its low and an epoch in its high 32 bits. The epoch differs for
/// every directory that was ever published, so an unchanged word proves that the buckets seen through it are still this table's.
/// It is 0 before the first entry, and for the moment in which the other fields change.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal struct TableWord
{
    public const int Bytes = 64;

    [FieldOffset(0)]
    public ulong Directory;

    [FieldOffset(8)]
    public uint Buckets;

    /// <summary>Buckets of a chunk, minus one: probing wraps inside the chunk.</summary>
    [FieldOffset(12)]
    public uint ProbeMask;

    /// <summary>What readers note of what they use.</summary>
    [FieldOffset(16)]
    public AccessNotes Notes;
}

/// <summary>What is noted of a use.</summary>
[Flags]
internal enum AccessNotes : byte
{
    None = 0,

    /// <summary>That it was, for the evictor: from half of the budget on.</summary>
    Use = 1,

    /// <summary>When it was, or how often, for OBJECT IDLETIME and FREQ (<see cref="AccessTracker"/>).</summary>
    Tracked = 2,
}
