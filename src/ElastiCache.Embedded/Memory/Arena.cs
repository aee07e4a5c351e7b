using System.Runtime.CompilerServices;

namespace ElastiCache.Embedded.Memory;

/// <summary>One cache's native memory: a reserved range of addresses, handed out in spans of 4 KB units.</summary>
/// <remarks>
/// <code>
///   base                                                            base + Reserved
///   | slab 16 KB | free | 3 MB value | slab | slab |  free  | never used yet …        |
///     \_ units of 4 KB; everything smaller than a unit is the business of BlockAllocator
/// </code>
/// Inside the range 32 bits are enough for an address: a <i>reference</i> counts granules of <see cref="GranuleBytes"/> from
/// the base, so 8-byte granules reach 32 GB and 16-byte granules 64 GB. Reference 0 is never handed out.
/// <para>
/// Free spans are kept in lists by length (exact up to 64 units, then by power of two), first fit, and join their neighbours when
/// freed; the first and last unit of a free span know its length (boundary tags, Knuth 1973). Memory of free spans is given back
/// to the system once more than <see cref="RetainedBytes"/> of it is idle (<see cref="PageReturn"/>), so mass deletes shrink the process.
/// Each length has two lists, of spans with pages and of spans without; the former are used first.
/// </para>
/// <para>
/// The range stays mapped until the arena is finalized, not when the cache is disposed: a reader without a lock may still look at
/// it, and finds zeros. Disposal gives the memory back at once (<see cref="DiscardAll"/>); only addresses wait for the collector.
/// </para>
/// </remarks>
internal sealed unsafe class Arena
{
    /// <summary>The unit of spans.</summary>
    public const int UnitBytes = 4096;

    private const int UnitShift = 12;
    private const int ExactBins = 64;
    private const int Bins = ExactBins + 32;
    private const uint FreeMark = 0x8000_0000;
    private const uint LargeMark = 0x4000_0000;

    // Reads may run past a short block's end by a vector's width; nothing is handed out in the last unit.
    private const long SlackBytes = 64 * 1024;

    // A slab is four units or longer, so its first unit divided by four belongs to it alone.
    private const int SlabIndexShift = 2;

    // The process has become larger by this part of what it was: whoever takes a span gives pages back before, should the pool have no thread.
    private const int ShareToHelp = 32;

    // An arena of which so much is free again takes no new pages soon.
    private const int ShrunkShare = 4;

    private readonly Lock _lock = new();
    private readonly PagesAhead _pagesAhead;
    private readonly PageReturn _pageReturn;
    private readonly long _reservedBytes;
    private readonly long _unitCount;
    private readonly byte* _mapsBase;
    private readonly long _mapsBytes;
    private readonly uint* _owner;      // a unit: its slab's first unit, or LargeMark/FreeMark | length at both ends of a span
    private readonly uint* _next;       // free lists, by first unit; 0 = end
    private readonly uint* _previous;
    private readonly uint* _resident;   // units of a free span that may be backed by memory
    private readonly Slab* _slabs;      // by first unit / 4
    private readonly uint[] _bins = new uint[Bins * 2];     // of a length: those with pages, and those without
    private bool _isDiscarded;
    private uint _frontier = 1;         // the first unit that was never handed out; unit 0 holds the null reference
    private long _usedUnits;
    private long _freedUnits;
    private long _mostUnits;
    private long _budgetUnits = uint.MaxValue;      // the last that was given with a request
    private long _idleResidentUnits;
    private long _alarmUnits = long.MaxValue;
    private Action? _alarm;

    /// <summary>Reserves addresses for <paramref name="maxBytes"/> of data.</summary>
    /// <exception cref="InsufficientMemoryException">The system refuses the address space.</exception>
    public Arena(long maxBytes)
    {
        GranuleShift = System.Numerics.BitOperations.Log2((uint)GranuleFor(maxBytes));
        _reservedBytes = Math.Min(maxBytes + SlackBytes, (1L << 32) << GranuleShift) & -UnitBytes;
        _unitCount = (_reservedBytes - SlackBytes) >> UnitShift;
        Base = VirtualMemory.Reserve(_reservedBytes);
        VirtualMemory.PreferHugePages(Base, _reservedBytes);
        long slabBytes = ((_unitCount >> SlabIndexShift) + 1) * sizeof(Slab);
        _mapsBytes = ((_unitCount + 1) * 4 * sizeof(uint)) + slabBytes + UnitBytes;
        _pagesAhead = new PagesAhead(this);
        _pageReturn = new PageReturn(this);
        _mapsBase = ReserveMaps();
        VirtualMemory.Commit(_mapsBase, _mapsBytes);
        _slabs = (Slab*)_mapsBase;
        _owner = (uint*)(_mapsBase + slabBytes);
        _next = _owner + _unitCount + 1;
        _previous = _next + _unitCount + 1;
        _resident = _previous + _unitCount + 1;
    }

    ~Arena()
    {
        if (_mapsBase != null)     // the constructor got to its end
        {
            VirtualMemory.Release(Base, _reservedBytes);
            VirtualMemory.Release(_mapsBase, _mapsBytes);
        }
    }

    /// <summary>The first address.</summary>
    public byte* Base { get; }

    /// <summary>A reference times this many bytes (as a shift) is an offset from <see cref="Base"/>.</summary>
    public int GranuleShift { get; }

    /// <summary>The granule of references, in bytes: 8, or more where more than 32 GB are to be reached.</summary>
    public int GranuleBytes => 1 << GranuleShift;

    /// <summary>Bytes that can be handed out at most, whatever the budget.</summary>
    public long CapacityBytes => _unitCount << UnitShift;

    /// <summary>Bytes in spans that are handed out.</summary>
    public long UsedBytes => Volatile.Read(ref _usedUnits) << UnitShift;

    /// <summary>Bytes of free spans that may still be backed by memory.</summary>
    public long IdleBytes => Volatile.Read(ref _idleResidentUnits) << UnitShift;

    /// <summary>Bytes of the maps over what was ever handed out.</summary>
    public long MapBytesInUse => Math.Min(_mapsBytes, (_frontier * 4L * sizeof(uint)) + (((_frontier >> SlabIndexShift) + 1) * (long)sizeof(Slab)));

    /// <summary>How much idle memory is kept for reuse before it is given back: 2 MB or 1/64 of what is in use.</summary>
    public long RetainedBytes => Math.Max(2L << 20, (_usedUnits << UnitShift) >> 6);

    /// <summary>Whether pages should be given back.</summary>
    public bool HoldsTooMuch => IdleBytes > RetainedBytes;

    /// <summary>By how much units with pages, used and idle, are more than ever since pages were last given back, if so many are idle that they wait for that.</summary>
    public long UnitsBeyondMost => HoldsTooMuch ? Volatile.Read(ref _usedUnits) + Volatile.Read(ref _idleResidentUnits) - Volatile.Read(ref _mostUnits) : 0;

    /// <summary>How many units were ever freed: as long as it stays the same, no span is getting longer.</summary>
    public long FreedUnits => Volatile.Read(ref _freedUnits);

    /// <summary>The granule with which references reach so many bytes.</summary>
    public static int GranuleFor(long maxBytes)
    {
        int granule = 8;
        while (maxBytes > (1L << 32) * granule)
        {
            granule *= 2;
        }

        return granule;
    }

    /// <summary>The address behind a reference.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* At(uint reference) => Base + ((ulong)reference << GranuleShift);

    /// <summary>The reference of an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReferenceOf(byte* address) => (uint)((ulong)(address - Base) >> GranuleShift);

    /// <summary>The slab that holds the block at an address; null when the block is a span of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Slab* SlabOf(byte* block)
    {
        uint owner = _owner[(block - Base) >> UnitShift];
        return (owner & LargeMark) != 0 ? null : _slabs + (owner >> SlabIndexShift);
    }

    /// <summary>The length of the span that begins at an address, in units.</summary>
    public int UnitsOf(byte* span) => (int)(_owner[UnitOf(span)] & ~LargeMark);

    /// <summary>Hands out a span if that keeps <see cref="UsedBytes"/> at or below a limit.</summary>
    /// <param name="units">Length in units.</param>
    /// <param name="limitBytes">The budget; <see cref="long.MaxValue"/> for none.</param>
    /// <returns>Its address, contents undefined; null when the limit or the address space forbids it.</returns>
    public byte* TryAllocate(int units, long limitBytes)
    {
        byte* span = TryTake(units, limitBytes, out bool hasPagesToTouch);
        if (hasPagesToTouch)
        {
            _pagesAhead.Start();
        }

        if (UnitsBeyondMost > 0)
        {
            _pageReturn.Hurry();
            while (UnitsBeyondMost > Volatile.Read(ref _mostUnits) / ShareToHelp && DiscardLargestIdle())
            {
            }
        }

        return span;
    }

    /// <summary>Calls back once, when <see cref="UsedBytes"/> first reaches a level. The callback runs under the arena's lock: it must be short.</summary>
    public void NotifyAt(long bytes, Action reached)
    {
        lock (_lock)
        {
            _alarm = reached;
            _alarmUnits = bytes >> UnitShift;
        }
    }

    /// <summary>Makes a span a slab: from now on every address in it leads to the slab's description.</summary>
    public Slab* MakeSlab(byte* span, int units)
    {
        uint first = UnitOf(span);
        for (uint unit = first; unit < first + (uint)units; unit++)
        {
            _owner[unit] = first;
        }

        Slab* slab = _slabs + (first >> SlabIndexShift);
        *slab = default;
        slab->Start = span;
        slab->Units = (ushort)units;
        return slab;
    }

    /// <summary>Takes a span back. What is idle beyond what is kept for reuse goes back to the system a little later (<see cref="PageReturn"/>).</summary>
    public void Free(byte* span, int units)
    {
        lock (_lock)
        {
            _usedUnits -= units;
            _freedUnits += units;
            _idleResidentUnits += units;
            LinkFreed(UnitOf(span), (uint)units, (uint)units);
        }

        if (HoldsTooMuch)
        {
            _pageReturn.Start();
        }
    }

    /// <summary>Gives back the pages of one of the largest free spans that have any; while the system is at it, nobody else gets that span.</summary>
    /// <param name="leastUnits">How long it is at least: up to 64 units, or a power of two.</param>
    /// <returns>False if none is so long and has pages.</returns>
    public bool DiscardLargestIdle(int leastUnits = 1)
    {
        uint first = 0, length;
        lock (_lock)
        {
            for (int bin = (2 * Bins) - 2; bin >= BinOf((uint)leastUnits) && first == 0; bin -= 2)
            {
                first = _bins[bin];
            }

            if (first == 0)
            {
                return false;
            }

            _idleResidentUnits -= _resident[first];
            length = Unlink(first);
            _owner[first] = LargeMark | length;
            _owner[first + length - 1] = LargeMark | length;
        }

        VirtualMemory.Discard(AddressOf(first), (long)length << UnitShift);
        lock (_lock)
        {
            if (!_isDiscarded)
            {
                LinkFreed(first, length, resident: 0);
            }
        }

        return true;
    }

    /// <summary>Is told that all pages were given back that should be. What was touched ahead of use follows if much of the arena is free again.</summary>
    public void EndReturn()
    {
        lock (_lock)
        {
            _mostUnits = _usedUnits + _idleResidentUnits;
            if (_usedUnits < _frontier / ShrunkShare * (ShrunkShare - 1))
            {
                _pagesAhead.GiveBack((long)_frontier << UnitShift);
            }
        }
    }

    /// <summary>Gives back the pages of all free spans, and what was touched ahead of use.</summary>
    public void DiscardIdle()
    {
        lock (_lock)
        {
            _pagesAhead.GiveBack((long)_frontier << UnitShift);
        }

        while (DiscardLargestIdle())
        {
        }
    }

    /// <summary>Gives all memory back. Every span is void; stray readers find zeros.</summary>
    public void DiscardAll()
    {
        long touched = _pagesAhead.Stop();
        lock (_lock)
        {
            VirtualMemory.Discard(Base, Math.Max(touched, (long)_frontier << UnitShift));
            VirtualMemory.Discard(_mapsBase, _mapsBytes);
            Array.Clear(_bins);
            _isDiscarded = true;
            _frontier = (uint)_unitCount;
            _usedUnits = 0;
            _idleResidentUnits = 0;
        }
    }

    private byte* TryTake(int units, long limitBytes, out bool hasPagesToTouch)
    {
        hasPagesToTouch = false;
        lock (_lock)
        {
            if (limitBytes != long.MaxValue)
            {
                _budgetUnits = limitBytes >> UnitShift;
                if (_usedUnits + units > _budgetUnits)
                {
                    return null;
                }
            }

            uint first = TakeFree((uint)units);
            if (first == 0)
            {
                if (_frontier + (long)units > _unitCount)
                {
                    return null;
                }

                first = _frontier;
                _frontier += (uint)units;
                VirtualMemory.Commit(AddressOf(first), (long)units << UnitShift);
                hasPagesToTouch = _pagesAhead.HasWork((long)_frontier << UnitShift, MostFrontier(units) << UnitShift);
            }

            _owner[first] = LargeMark | (uint)units;
            _owner[first + (uint)units - 1] = LargeMark | (uint)units;
            _usedUnits += units;
            if (!HoldsTooMuch)
            {
                _mostUnits = Math.Max(_mostUnits, _usedUnits + _idleResidentUnits);
            }

            if (_usedUnits >= _alarmUnits)
            {
                _alarmUnits = long.MaxValue;
                _alarm!();
            }

            return AddressOf(first);
        }
    }

    // Where the frontier can be at most when the budget is used up and no free span was used again.
    private long MostFrontier(int unitsTaken) => Math.Min(_unitCount, _frontier + Math.Max(0, _budgetUnits - _usedUnits - unitsTaken));

    private byte* ReserveMaps()
    {
        try
        {
            return VirtualMemory.Reserve(_mapsBytes);
        }
        catch
        {
            VirtualMemory.Release(Base, _reservedBytes);
            throw;
        }
    }

    // The list of spans with pages; that of spans without comes after it.
    private static int BinOf(uint length) => 2 * (length <= ExactBins
        ? (int)length - 1
        : ExactBins + System.Numerics.BitOperations.Log2(length) - 6);

    private int BinOf(uint first, uint length) => BinOf(length) + (_resident[first] == 0 ? 1 : 0);

    private byte* AddressOf(uint unit) => Base + ((long)unit << UnitShift);

    private uint UnitOf(byte* address) => (uint)((address - Base) >> UnitShift);

    private uint TakeFree(uint units)
    {
        for (int bin = BinOf(units); bin < 2 * Bins; bin++)
        {
            for (uint first = _bins[bin]; first != 0; first = _next[first])
            {
                uint length = _owner[first] & ~FreeMark;
                if (length < units)
                {
                    continue;   // only in a power-of-two bin
                }

                uint resident = _resident[first];
                Unlink(first);
                uint taken = Math.Min(resident, units);
                _idleResidentUnits -= taken;
                if (length > units)
                {
                    Link(first + units, length - units, resident - taken);
                }

                return first;
            }
        }

        return 0;
    }

    // With its free neighbours it becomes one span.
    private void LinkFreed(uint first, uint length, uint resident)
    {
        if (first + length < _frontier && (_owner[first + length] & FreeMark) != 0)
        {
            uint after = first + length;
            resident += _resident[after];
            length += Unlink(after);
        }

        if (first > 1 && (_owner[first - 1] & FreeMark) != 0)
        {
            uint before = first - (_owner[first - 1] & ~FreeMark);
            resident += _resident[before];
            length += Unlink(before);
            first = before;
        }

        Link(first, length, resident);
    }

    private void Link(uint first, uint length, uint resident)
    {
        _owner[first] = FreeMark | length;
        _owner[first + length - 1] = FreeMark | length;
        _resident[first] = Math.Min(resident, length);
        ref uint head = ref _bins[BinOf(first, length)];
        _next[first] = head;
        _previous[first] = 0;
        if (head != 0)
        {
            _previous[head] = first;
        }

        head = first;
    }

    private uint Unlink(uint first)
    {
        uint length = _owner[first] & ~FreeMark;
        uint next = _next[first];
        uint previous = _previous[first];
        if (next != 0)
        {
            _previous[next] = previous;
        }

        if (previous != 0)
        {
            _next[previous] = next;
        }
        else
        {
            _bins[BinOf(first, length)] = next;
        }

        return length;
    }
}
