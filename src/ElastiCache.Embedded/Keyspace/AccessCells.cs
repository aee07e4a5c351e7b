using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Notes of keys' uses in sets of four cells, written by any thread without a lock.</summary>
/// <remarks>
/// <code>
///   hash, 32 bits   low bits: the set     high 8 bits: the check
///   cell, u32       bits 0..7  check, 1 to 255      bits 8..31  the note (<see cref="AccessMoment"/>)        0 = empty
///   set, 16 bytes   four cells in no order
/// </code>
/// A set keeps the warmest: who finds no cell of its own takes an empty one, else the coldest if that is colder. So a key that has no cell in a full set is no warmer than any
/// cell in it, and the coldest of them is a bound: its idle time is a lower bound of the key's, its frequency an upper bound. Two keys with one check share a cell, which has the later of their
/// times, or counts the uses of both: again such a bound. <b>No key seems to have been used less than it was.</b>
/// <para>
/// A frequency is raised from what is known, and of a key that was displaced the bound is known: when it is used again it goes on from there (Metwally, Agrawal and El Abbadi 2005, "Space-Saving").
/// Where a counter sinks by one in more than a minute, a bound may be too low by one: counters of different minutes don't sink at the same moment.
/// </para>
/// <para>
/// For that a full set must stay full as long as a key of it has no cell. So where one goes its cell is left to another that has none, with the bound for a note, and emptied if all have one. Without that, cells of keys
/// that are gone would hold frequencies that no new key reaches.
/// </para>
/// <para>
/// The memory is managed and outlives whoever holds this object, so a reader without a lock may write here, which it may not do in buckets and records. A cell is only ever changed by
/// comparing and exchanging it: a plain store could take a cell from a key that got it just now, or the use of another thread from a frequency.
/// </para>
/// </remarks>
internal sealed unsafe class AccessCells
{
    public const int CellsASet = 4;

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

    /// <summary>Whether a use would change nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsUpToDate(uint hash, AccessMoment now)
    {
        uint* set = SetOf(hash);
        uint own = Matches(set, hash);
        bool isUpToDate = own != 0 && now.IsUpToDate(set[BitOperations.TrailingZeroCount(own)] >> CheckBits);
        GC.KeepAlive(this);
        return isUpToDate;
    }

    /// <summary>Notes a use. The key goes on from what is known of it: here, in the cells that are being replaced, or, of one that was displaced, by the coldest of its set.</summary>
    /// <param name="hash">The key's hash.</param>
    /// <param name="old">The cells that these replace, while not all is brought over; null if it is.</param>
    /// <param name="now">The moment.</param>
    /// <param name="note">The key's note from now on, if anything was written.</param>
    /// <returns>Whether anything was written.</returns>
    public bool Use(uint hash, AccessCells? old, AccessMoment now, out uint note)
    {
        uint* set = SetOf(hash);
        uint? before = old?.NoteOf(hash, now);
        uint seen;
        int cell;
        do
        {
            cell = Find(set, hash, now, out seen);
            uint? known = seen == 0 ? before : now.Warmer(before, seen >> CheckBits);
            note = now.AfterUse(known ?? now.Fresh);
            bool isOwn = (seen & CheckMask) == CheckOf(hash);
            if (seen != 0 && (isOwn ? note == seen >> CheckBits : now.ColdnessOf(seen >> CheckBits) <= now.ColdnessOf(note)))
            {
                GC.KeepAlive(this);
                return false;
            }
        }
        while (!TryChange(set, cell, seen, hash, note));

        GC.KeepAlive(this);
        return true;
    }

    /// <summary>Notes what is known of a key, unless more is noted.</summary>
    /// <returns>Whether anything was written.</returns>
    public bool Raise(uint hash, uint note, AccessMoment now)
    {
        uint* set = SetOf(hash);
        uint seen;
        int cell;
        do
        {
            cell = Find(set, hash, now, out seen);
            if (seen != 0 && now.ColdnessOf(seen >> CheckBits) <= now.ColdnessOf(note))
            {
                GC.KeepAlive(this);
                return false;
            }
        }
        while (!TryChange(set, cell, seen, hash, note));

        GC.KeepAlive(this);
        return true;
    }

    /// <summary>The note of a key, or a bound of it.</summary>
    /// <returns>Null if nothing is known: the key has no cell, and none was ever displaced.</returns>
    public uint? NoteOf(uint hash, AccessMoment now)
    {
        uint* set = SetOf(hash);
        uint? warmest = null;
        for (uint own = Matches(set, hash); own != 0; own &= own - 1)
        {
            uint note = set[BitOperations.TrailingZeroCount(own)] >> CheckBits;
            warmest = now.Warmer(warmest, note);
        }

        Coldest(set, now, out uint coldest);
        GC.KeepAlive(this);
        return warmest ?? (coldest == 0 ? null : coldest >> CheckBits);
    }

    /// <summary>Whether there is a cell for a hash.</summary>
    public bool Has(uint hash)
    {
        bool has = Matches(SetOf(hash), hash) != 0;
        GC.KeepAlive(this);
        return has;
    }

    /// <summary>Whether two hashes are told apart by nothing here.</summary>
    public bool HaveOneCell(uint a, uint b) => HaveOneSet(a, b) && CheckOf(a) == CheckOf(b);

    /// <summary>Whether two hashes have one set.</summary>
    public bool HaveOneSet(uint a, uint b) => ((a ^ b) & SetMask) == 0;

    /// <summary>Gives a cell up, which no other key has.</summary>
    /// <param name="hash">The key's hash.</param>
    /// <param name="heir">That of a key of the same set that has no cell; null if there is none.</param>
    /// <param name="now">The moment.</param>
    public void Forget(uint hash, uint? heir, AccessMoment now)
    {
        uint* set = SetOf(hash);
        for (uint own = Matches(set, hash); own != 0; own &= own - 1)
        {
            int cell = BitOperations.TrailingZeroCount(own);
            uint seen = Volatile.Read(ref set[cell]);
            Coldest(set, now, out uint coldest);
            if ((seen & CheckMask) == CheckOf(hash))
            {
                // While another cell is empty none was ever displaced; the heir is noted elsewhere, in the cells that are being replaced. A key that takes this one at this moment keeps it.
                Interlocked.CompareExchange(ref set[cell], coldest == 0 || heir is not { } other ? 0 : (coldest & ~CheckMask) | CheckOf(other), seen);
            }
        }

        GC.KeepAlive(this);
    }

    private static bool TryChange(uint* set, int cell, uint seen, uint hash, uint note) =>
        Interlocked.CompareExchange(ref set[cell], (note << CheckBits) | CheckOf(hash), seen) == seen;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint CheckOf(uint hash) => Math.Max(hash >> (32 - CheckBits), 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint* SetOf(uint hash) => _cells + (ulong)((hash & SetMask) * CellsASet);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Matches(uint* set, uint hash) =>
        Vector128.Equals(Vector128.Load(set) & Vector128.Create(CheckMask), Vector128.Create(CheckOf(hash))).ExtractMostSignificantBits();

    // The key's cell, or else the coldest, with what was in it.
    private static int Find(uint* set, uint hash, AccessMoment now, out uint seen)
    {
        uint own = Matches(set, hash);
        int cell = BitOperations.TrailingZeroCount(own);
        seen = own == 0 ? 0 : Volatile.Read(ref set[cell]);
        if (own == 0 || (seen & CheckMask) != CheckOf(hash))
        {
            cell = Coldest(set, now, out seen);
        }

        return cell;
    }

    // With what was in it when it was the coldest. An empty one is colder than any.
    private static int Coldest(uint* set, AccessMoment now, out uint seen)
    {
        int found = 0;
        long most = -1;
        seen = 0;
        for (int cell = 0; cell < CellsASet; cell++)
        {
            uint content = Volatile.Read(ref set[cell]);
            long coldness = content == 0 ? uint.MaxValue : now.ColdnessOf(content >> CheckBits);
            if (coldness > most)
            {
                (found, most, seen) = (cell, coldness, content);
            }
        }

        return found;
    }
}
