using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Times of last use in sets of four cells, written by any thread without a lock.</summary>
/// <remarks>
/// <code>
///   hash, 32 bits   low bits: the set     high 8 bits: the check
///   cell, u32       bits 0..7  check, 1 to 255      bits 8..31  seconds, as Redis's clock of 24 bits        0 = empty
///   set, 16 bytes   four cells in no order
/// </code>
/// A set keeps the youngest: who finds no cell of its own takes an empty one, else the oldest if that is older. So a key that has no cell in a full set was used no later than
/// every cell in it says, and the oldest of them is a lower bound of its age. Two keys with one check share a cell, which then has the later of their times: again a
/// lower bound. No answer is ever above the truth.
/// <para>
/// For that a full set must stay full. Where a key goes, its cell is emptied only if another one is empty too, for then none was ever displaced; otherwise it gets the time of the
/// oldest, and is the next to be taken.
/// </para>
/// <para>
/// The memory is managed and outlives whoever holds this object, so a reader without a lock may write here, which it may not do in buckets and records. A cell is only ever changed by
/// comparing and exchanging it: a plain store could take a cell from a key that got it just now, whose age would then be above the truth.
/// </para>
/// </remarks>
internal sealed unsafe class AccessCells
{
    public const int CellsASet = 4;

    /// <summary>Times differ by this at most: 194 days, then they begin anew.</summary>
    public const uint TimeMask = 0xFF_FFFF;

    /// <summary>Above this an age is none, but a time that is ahead: of a thread that read the clock a moment later.</summary>
    public const uint MostAge = TimeMask - 3600;

    private const uint CheckMask = 0xFF;
    private const int CheckBits = 8;
    private const int LineBytes = 64;

    private readonly uint[] _memory;
    private readonly uint* _cells;

    /// <summary>Makes empty sets.</summary>
    /// <param name="cells">How many cells; a power of two, 4 at least.</param>
    public AccessCells(int cells)
    {
        _memory = GC.AllocateArray<uint>(cells + (LineBytes / sizeof(uint)), pinned: true);
        _cells = (uint*)((Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0) + LineBytes - 1) & -LineBytes);
        SetMask = ((uint)cells / CellsASet) - 1;
        Count = cells;
    }

    /// <summary>How many cells there are.</summary>
    public int Count { get; }

    /// <summary>The bits of a hash that tell the set.</summary>
    public uint SetMask { get; }

    /// <summary>Bytes on the managed heap.</summary>
    public long Bytes => (long)_memory.Length * sizeof(uint);

    /// <summary>Seconds from one time to another.</summary>
    public static uint Age(uint time, uint now)
    {
        uint age = (now - time) & TimeMask;
        return age > MostAge ? 0 : age;
    }

    /// <summary>Notes a use at a time, unless a later one is known.</summary>
    /// <param name="hash">The key's hash.</param>
    /// <param name="time">When it was used.</param>
    /// <param name="now">The present.</param>
    /// <returns>Whether anything was written.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Raise(uint hash, uint time, uint now)
    {
        uint* set = SetOf(hash);
        uint own = Matches(set, hash);
        bool isKnown = own != 0 && Age(set[BitOperations.TrailingZeroCount(own)] >> CheckBits, now) <= Age(time, now);
        GC.KeepAlive(this);
        return !isKnown && Write(set, hash, time, now);
    }

    /// <summary>The age of a key's last use, or a lower bound of it.</summary>
    /// <param name="hash">The key's hash.</param>
    /// <param name="now">The present.</param>
    /// <param name="isOwn">Whether the key has a cell.</param>
    /// <returns>Seconds. Null if nothing is known: the key has no cell, and none was ever displaced.</returns>
    public uint? AgeOf(uint hash, uint now, out bool isOwn)
    {
        uint* set = SetOf(hash);
        uint own = Matches(set, hash);
        isOwn = own != 0;
        uint youngest = MostAge;
        for (; own != 0; own &= own - 1)
        {
            youngest = Math.Min(youngest, Age(set[BitOperations.TrailingZeroCount(own)] >> CheckBits, now));
        }

        uint oldest = Oldest(set, now);
        GC.KeepAlive(this);
        return isOwn ? youngest : oldest == 0 ? null : Age(oldest >> CheckBits, now);
    }

    /// <summary>Whether there is a cell for a hash.</summary>
    public bool Has(uint hash)
    {
        bool has = Matches(SetOf(hash), hash) != 0;
        GC.KeepAlive(this);
        return has;
    }

    /// <summary>Whether two hashes are told apart by nothing here.</summary>
    public bool HaveOneCell(uint a, uint b) => ((a ^ b) & SetMask) == 0 && CheckOf(a) == CheckOf(b);

    /// <summary>Gives a cell up, which no other key has.</summary>
    public void Forget(uint hash, uint now)
    {
        uint* set = SetOf(hash);
        for (uint own = Matches(set, hash); own != 0; own &= own - 1)
        {
            int cell = BitOperations.TrailingZeroCount(own);
            uint seen = Volatile.Read(ref set[cell]);
            uint oldest = Oldest(set, now);
            if ((seen & CheckMask) == CheckOf(hash))
            {
                // A key that takes it at this moment keeps it.
                Interlocked.CompareExchange(ref set[cell], oldest == 0 ? 0 : (oldest & ~CheckMask) | CheckOf(hash), seen);
            }
        }

        GC.KeepAlive(this);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Write(uint* set, uint hash, uint time, uint now)
    {
        uint content = (time << CheckBits) | CheckOf(hash);
        uint seen;
        int cell;
        do
        {
            cell = Find(set, hash, now, out seen);
            if (seen != 0 && Age(seen >> CheckBits, now) <= Age(time, now))
            {
                GC.KeepAlive(this);
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref set[cell], content, seen) != seen);

        GC.KeepAlive(this);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint CheckOf(uint hash) => Math.Max(hash >> (32 - CheckBits), 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint* SetOf(uint hash) => _cells + (ulong)((hash & SetMask) * CellsASet);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Matches(uint* set, uint hash) =>
        Vector128.Equals(Vector128.Load(set) & Vector128.Create(CheckMask), Vector128.Create(CheckOf(hash))).ExtractMostSignificantBits();

    // The key's cell, or else the oldest, with what was in it; an empty one is older than any.
    private static int Find(uint* set, uint hash, uint now, out uint seen)
    {
        int found = 0;
        long most = -1;
        seen = 0;
        for (int cell = 0; cell < CellsASet; cell++)
        {
            uint content = Volatile.Read(ref set[cell]);
            long age = (content & CheckMask) == CheckOf(hash) ? long.MaxValue : AgeIn(content, now);
            if (age > most)
            {
                (found, most, seen) = (cell, age, content);
            }
        }

        return found;
    }

    private static uint Oldest(uint* set, uint now)
    {
        uint oldest = Volatile.Read(ref set[0]);
        for (int cell = 1; cell < CellsASet; cell++)
        {
            uint content = Volatile.Read(ref set[cell]);
            oldest = AgeIn(content, now) > AgeIn(oldest, now) ? content : oldest;
        }

        return oldest;
    }

    private static long AgeIn(uint content, uint now) => content == 0 ? uint.MaxValue : Age(content >> CheckBits, now);
}
