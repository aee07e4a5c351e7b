using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>One cache line of a table: seven slots and what guards them.</summary>
/// <remarks>
/// <code>
///   0  u32  version        odd while entries whose home is here are being rearranged; changes whenever one is replaced or removed
///   4  u8   overflow       how many entries were put further along because this bucket was full; 255 = stays there
///   5  u8   referenced     one bit a slot: read since the evictor last looked at the entry
///   6  u16  tags           two bits a slot: which node of the evictor's queues is the entry's, 0 = none (see EntryQueues)
///   8  7 slots of u64:     reference to the record (low 32 bits), slot hash (high 32 bits); 0 = empty
/// </code>
/// One vector comparison over the whole line finds the slots with a given hash: the hashes are every second 32-bit lane from lane 3.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal unsafe struct Bucket
{
    public const int Bytes = 64;
    public const int Slots = 7;

    /// <summary>Versions begin here, so that a live header is never 0.</summary>
    public const uint FirstVersion = 2;

    // What a slot has beside its content: the referenced bit, and above it the tag.
    private const uint Referenced = 1;

    private const uint HashLanes = 0xAAA8;
    private const byte OverflowStuck = byte.MaxValue;

    [FieldOffset(0)]
    public ulong Header;

    [FieldOffset(0)]
    public uint Version;

    [FieldOffset(4)]
    public byte Overflow;

    [FieldOffset(5)]
    private byte _referenced;

    [FieldOffset(6)]
    private ushort _tags;

    [FieldOffset(8)]
    private fixed ulong _slots[Slots];

    /// <summary>The slots with this hash, as a set of lanes for <see cref="BitOperations.TrailingZeroCount(uint)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint LanesWith(Bucket* bucket, uint hash) => LanesWith(bucket, hash, out _);

    /// <summary>As the other, and the header, with one load of the line: a second one would wait for the same cache miss again.</summary>
    /// <remarks>
    /// Nothing says in which order the lanes are read. A reader without a lock therefore reads a slot again, after this, before it follows
    /// it. To find nothing here is right in any order: there was a moment at which the key was in none of the lanes.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint LanesWith(Bucket* bucket, uint hash, out ulong header)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<uint> line = Vector512.Load((uint*)bucket);
            header = line.AsUInt64().ToScalar();
            return (uint)Vector512.Equals(line, Vector512.Create(hash)).ExtractMostSignificantBits() & HashLanes;
        }

        Vector256<uint> wanted = Vector256.Create(hash);
        Vector256<uint> firstHalf = Vector256.Load((uint*)bucket);
        header = firstHalf.AsUInt64().ToScalar();
        uint low = Vector256.Equals(firstHalf, wanted).ExtractMostSignificantBits();
        uint high = Vector256.Equals(Vector256.Load((uint*)bucket + 8), wanted).ExtractMostSignificantBits();
        return (low | (high << 8)) & HashLanes;
    }

    /// <summary>The slot of a lane, 0 to 6.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SlotOfLane(int lane) => (lane - 3) >> 1;

    /// <summary>The address of a slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong* SlotAt(Bucket* bucket, int slot) => (ulong*)bucket + 1 + slot;

    /// <summary>A slot's content.</summary>
    public static ulong Pack(uint hash, uint reference) => ((ulong)hash << 32) | reference;

    /// <summary>An empty slot, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EmptySlot(Bucket* bucket)
    {
        ulong* slots = (ulong*)bucket + 1;
        for (int i = 0; i < Slots; i++)
        {
            if (slots[i] == 0)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Ends the validity of everything that was read under the current version.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Bump(Bucket* home)
    {
        // Release before (the change itself), and a full store order after: what follows may recycle memory.
        Volatile.Write(ref home->Version, home->Version + 2);
        Volatile.WriteBarrier();
    }

    /// <summary>Begins a rearrangement: readers wait or start again.</summary>
    public static void BeginChange(Bucket* home)
    {
        Volatile.Write(ref home->Version, home->Version | 1);
        Volatile.WriteBarrier();
    }

    /// <summary>Ends a rearrangement.</summary>
    public static void EndChange(Bucket* home)
    {
        Volatile.Write(ref home->Version, (home->Version | 1) + 1);
        Volatile.WriteBarrier();
    }

    public static void CountOverflow(Bucket* bucket)
    {
        if (bucket->Overflow != OverflowStuck)
        {
            bucket->Overflow++;
        }
    }

    public static void UncountOverflow(Bucket* bucket)
    {
        if (bucket->Overflow != OverflowStuck)
        {
            bucket->Overflow--;
        }
    }

    /// <summary>A slot's tag and referenced bit, to be carried along when its entry moves.</summary>
    public static uint AccessOf(Bucket* bucket, int slot) => (TagOf(bucket, slot) << 1) | (((uint)bucket->_referenced >> slot) & 1);

    /// <summary>Sets what <see cref="AccessOf"/> tells; the caller holds the shard's lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetAccess(Bucket* bucket, int slot, uint access)
    {
        SetTag(bucket, slot, access >> 1);
        bucket->_referenced = (byte)((bucket->_referenced & ~(1u << slot)) | ((access & Referenced) << slot));
    }

    /// <summary>The tag of the entry's node in the evictor's queues; 0 = it is in none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TagOf(Bucket* bucket, int slot) => ((uint)bucket->_tags >> (2 * slot)) & 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetTag(Bucket* bucket, int slot, uint tag) =>
        bucket->_tags = (ushort)((bucket->_tags & ~(3u << (2 * slot))) | (tag << (2 * slot)));

    /// <summary>Notes a use of a slot; the caller holds the shard's lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MarkUsed(Bucket* bucket, int slot) => bucket->_referenced |= (byte)(1 << slot);

    /// <summary>Whether a slot was used since this was last asked. A use that a reader notes at the same moment may be lost.</summary>
    public static bool TakeUse(Bucket* bucket, int slot)
    {
        bool isUsed = ((bucket->_referenced >> slot) & 1) != 0;
        bucket->_referenced &= (byte)~(1 << slot);
        return isUsed;
    }

    /// <summary>Notes a read of a slot, without a lock; see <see cref="MarkUsedSlow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MarkUsed(Bucket* bucket, int slot, ulong headerBefore)
    {
        ulong bit = 1UL << (40 + slot);
        if ((headerBefore & bit) == 0)
        {
            MarkUsedSlow(bucket, headerBefore, bit);
        }
    }

    // The bucket's memory may have been recycled since the reader's last check, so a plain store could hit somebody else's data.
    // Comparing the whole header, version included, makes the write happen only if the line is still what the reader saw.
    private static void MarkUsedSlow(Bucket* bucket, ulong headerBefore, ulong bit) =>
        Interlocked.CompareExchange(ref bucket->Header, headerBefore | bit, headerBefore);
}
