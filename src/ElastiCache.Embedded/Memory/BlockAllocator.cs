namespace ElastiCache.Embedded.Memory;

/// <summary>One shard's blocks, from 16 bytes to 512 MB. Guarded by the shard's lock.</summary>
/// <remarks>
/// A block up to 16 KB comes from a slab of its size class (<see cref="SizeClasses"/>), a larger one is a span of the arena.
/// <code>
///   freed block:   0  u8  0 (a live record's first byte is never 0)
///                  2  u16 offset / 8 of the next freed block of this slab, 0xFFFF = end
/// </code>
/// Freed blocks are reused last in, first out: the next record is written where the cache is warm. A slab whose last block is
/// freed goes back to the arena at once. What remains in half-empty slabs is <see cref="FreeBlockBytes"/>; when it grows, the
/// owner empties the sparsest slab by moving its records (<see cref="SparsestMovableSlab"/>), which only the owner can do,
/// because only the owner knows who points at them.
/// <para>Blocks of two kinds never share a slab: <i>movable</i> (records) and fixed (tables, chunks of the expiry wheel).</para>
/// </remarks>
internal sealed unsafe class BlockAllocator
{
    private const int SlabsLookedAt = 8;
    private const int BorrowedShare = 8;
    private const int FreeShareToMix = 8;
    private const int BytesFreedBetweenLooks = 16 * 1024;

    private readonly Arena _arena;
    private readonly SlabList[] _movable = new SlabList[SizeClasses.Count];
    private readonly SlabList[] _fixed = new SlabList[SizeClasses.Count];
    private readonly long _granuleMask;
    private long _slabBytes;
    private long _blockBytes;
    private long _spanBytes;
    private long _freeBytesToLookAgain;

    public BlockAllocator(Arena arena)
    {
        _arena = arena;
        _granuleMask = arena.GranuleBytes - 1;
    }

    private struct SlabList
    {
        public Slab* First;         // gets the next block
        public Slab* Last;
        public long FreeBytes;      // in the slabs of this class, never-used blocks included
    }

    /// <summary>Bytes in use, as whole blocks and spans.</summary>
    public long AllocatedBytes => _blockBytes + _spanBytes;

    /// <summary>Bytes held from the arena.</summary>
    public long HeldBytes => _slabBytes + _spanBytes;

    /// <summary>Bytes in slabs that no block uses.</summary>
    public long FreeBlockBytes => _slabBytes - _blockBytes;

    /// <summary>Set when fixed blocks took a span, whatever the budget said; the owner clears it.</summary>
    public bool HasGrownFixed { get; set; }

    /// <summary>Hands out a block.</summary>
    /// <param name="bytes">1 to 2^31.</param>
    /// <param name="movable">Whether the block is a record.</param>
    /// <param name="limitBytes">The arena's budget; <see cref="long.MaxValue"/> for a block that must not be refused.</param>
    /// <returns>Its address, contents undefined; null if the arena has no room below the limit.</returns>
    public byte* TryAllocate(long bytes, bool movable, long limitBytes)
    {
        if (bytes > SizeClasses.LargestBlock)
        {
            HasGrownFixed |= !movable;
            return TryAllocateSpan(bytes, limitBytes);
        }

        int sizeClass = ClassOf(bytes);
        ref SlabList list = ref (movable ? _movable : _fixed)[sizeClass];
        if (list.First == null && TryAddSlab(ref list, sizeClass, movable, limitBytes) == null)
        {
            return null;
        }

        return Take(ref list, sizeClass);
    }

    /// <summary>Hands out a block of a larger class that is free already, for a record whose own class has none and may not have another slab. At most an eighth of what it needs is wasted.</summary>
    /// <returns>Null if there is none.</returns>
    public byte* TryBorrow(long bytes)
    {
        if (bytes <= SizeClasses.LargestBlock)
        {
            int sizeClass = ClassOf(bytes);
            for (long most = bytes + (bytes / BorrowedShare); sizeClass < SizeClasses.Count && SizeClasses.BlockBytes(sizeClass) <= most; sizeClass++)
            {
                if (_movable[sizeClass].First != null)
                {
                    return Take(ref _movable[sizeClass], sizeClass);
                }
            }
        }

        return null;
    }

    /// <summary>As <see cref="TryAllocate"/>, for what must exist whatever the budget says: tables, wheel chunks.</summary>
    /// <exception cref="InsufficientMemoryException">The address space is used up.</exception>
    public byte* AllocateFixed(long bytes) => Required(TryAllocate(bytes, movable: false, long.MaxValue), bytes);

    /// <summary>As <see cref="AllocateFixed"/>, as a span of its own however small: for what would be alone in a slab.</summary>
    public byte* AllocateSpan(long bytes)
    {
        HasGrownFixed = true;
        return Required(TryAllocateSpan(bytes, long.MaxValue), bytes);
    }

    /// <summary>As <see cref="AllocateFixed"/>, for a record.</summary>
    public byte* AllocateMovable(long bytes) => Required(TryAllocate(bytes, movable: true, long.MaxValue), bytes);

    /// <summary>Takes a block back.</summary>
    public void Free(byte* block)
    {
        Slab* slab = _arena.SlabOf(block);
        if (slab == null)
        {
            int units = _arena.UnitsOf(block);
            _spanBytes -= (long)units * Arena.UnitBytes;
            _arena.Free(block, units);
            return;
        }

        int blockBytes = SizeClasses.BlockBytes(slab->Class);
        ref SlabList list = ref (slab->Movable ? _movable : _fixed)[slab->Class];
        _blockBytes -= blockBytes;
        list.FreeBytes += blockBytes;
        *block = 0;
        *(ushort*)(block + 2) = slab->FreeHead;
        slab->FreeHead = (ushort)((block - slab->Start) >> 3);
        if (--slab->Live == 0)
        {
            RemoveSlab(ref list, slab);
        }
        else if (!slab->Listed && !slab->Retired)
        {
            List(ref list, slab);
        }
    }

    /// <summary>Whether records of so many bytes, the largest of slabs at most, have blocks of the same size.</summary>
    public bool HaveBlocksOfOneSize(int bytes, int otherBytes) => ClassOf(bytes) == ClassOf(otherBytes);

    /// <summary>How many bytes the block at an address can hold.</summary>
    public long CapacityOf(byte* block)
    {
        Slab* slab = _arena.SlabOf(block);
        return slab != null ? SizeClasses.BlockBytes(slab->Class) : (long)_arena.UnitsOf(block) * Arena.UnitBytes;
    }

    /// <summary>A slab of records that can be emptied, because their class, or those from which <see cref="TryBorrow"/> takes, have free blocks enough elsewhere. It is one of those that have been without a new block for longest.</summary>
    /// <returns>Null when there is none.</returns>
    public Slab* SparsestMovableSlab()
    {
        int best = -1;
        double most = 1;
        for (int i = 0; i < _movable.Length; i++)
        {
            // With free blocks for one slab in all, the live blocks of any find room in the others.
            double slabs = (double)_movable[i].FreeBytes / SizeClasses.SlabBytes(i);
            if (slabs >= most)
            {
                (best, most) = (i, slabs);
            }
        }

        if (best < 0)
        {
            return SlabThatFitsIntoOthers();
        }

        Slab* sparsest = null;
        Slab* slab = _movable[best].Last;
        for (int i = 0; i < SlabsLookedAt && slab != null; i++, slab = slab->Previous)
        {
            if (sparsest == null || slab->Live < sparsest->Live)
            {
                sparsest = slab;
            }
        }

        return sparsest;
    }

    // Of all classes the one that gives most, one slab looked at in each.
    private Slab* SlabThatFitsIntoOthers()
    {
        if (FreeBlockBytes < Math.Max(_freeBytesToLookAgain, HeldBytes / FreeShareToMix))
        {
            return null;
        }

        Slab* best = null;
        long mostGained = 0;
        for (int i = 0; i < _movable.Length; i++)
        {
            Slab* slab = _movable[i].Last;
            if (slab == null)
            {
                continue;
            }

            int blockBytes = SizeClasses.BlockBytes(i);
            long room = (_movable[i].FreeBytes - SizeClasses.SlabBytes(i)) / blockBytes + slab->Live;
            for (int other = i + 1; other < _movable.Length && SizeClasses.BlockBytes(other) <= blockBytes + (blockBytes / BorrowedShare); other++)
            {
                room += _movable[other].FreeBytes / SizeClasses.BlockBytes(other);
            }

            long gained = SizeClasses.SlabBytes(i) - (slab->Live * blockBytes);
            if (room >= slab->Live && gained > mostGained)
            {
                best = slab;
                mostGained = gained;
            }
        }

        _freeBytesToLookAgain = best == null ? FreeBlockBytes + BytesFreedBetweenLooks : 0;
        return best;
    }

    /// <summary>Takes a slab out of the list of those with room, so that blocks moved out of it don't land in it again.</summary>
    public void Retire(Slab* slab)
    {
        Unlist(ref _movable[slab->Class], slab);
        slab->Retired = true;
    }

    /// <summary>Puts a retired slab back that could not be emptied.</summary>
    public void EndRetirement(Slab* slab)
    {
        slab->Retired = false;
        List(ref _movable[slab->Class], slab);
    }

    /// <summary>Forgets everything without giving spans back: the arena is being discarded.</summary>
    public void Reset()
    {
        Array.Clear(_movable);
        Array.Clear(_fixed);
        _slabBytes = 0;
        _blockBytes = 0;
        _spanBytes = 0;
    }

    // Whole granules, or references to neighbouring blocks would be the same. (Every multiple of a granule is a class,
    // or lies where the steps between classes are multiples themselves.)
    private int ClassOf(long bytes) => SizeClasses.Of((int)((bytes + _granuleMask) & ~_granuleMask));

    // From its first slab, which it has.
    private byte* Take(ref SlabList list, int sizeClass)
    {
        Slab* slab = list.First;
        int blockBytes = SizeClasses.BlockBytes(sizeClass);
        _blockBytes += blockBytes;
        list.FreeBytes -= blockBytes;
        slab->Live++;
        byte* block;
        if (slab->FreeHead != Slab.None)
        {
            block = slab->Start + (slab->FreeHead << 3);
            slab->FreeHead = *(ushort*)(block + 2);
        }
        else
        {
            block = slab->Start + (slab->Used * blockBytes);
            slab->Used++;
        }

        if (slab->FreeHead == Slab.None && (slab->Used + 1) * blockBytes > slab->Units * Arena.UnitBytes)
        {
            Unlist(ref list, slab);
        }

        return block;
    }

    private static byte* Required(byte* block, long bytes) =>
        block != null ? block : throw new InsufficientMemoryException($"No room for {bytes} bytes in the cache's address space.");

    private static void List(ref SlabList list, Slab* slab)
    {
        slab->Listed = true;
        slab->Previous = null;
        slab->Next = list.First;
        if (list.First != null)
        {
            list.First->Previous = slab;
        }
        else
        {
            list.Last = slab;
        }

        list.First = slab;
    }

    private static void Unlist(ref SlabList list, Slab* slab)
    {
        if (!slab->Listed)
        {
            return;
        }

        slab->Listed = false;
        if (slab->Next != null)
        {
            slab->Next->Previous = slab->Previous;
        }
        else
        {
            list.Last = slab->Previous;
        }

        if (slab->Previous != null)
        {
            slab->Previous->Next = slab->Next;
        }
        else
        {
            list.First = slab->Next;
        }
    }

    private byte* TryAllocateSpan(long bytes, long limitBytes)
    {
        int units = checked((int)((bytes + Arena.UnitBytes - 1) / Arena.UnitBytes));
        byte* span = _arena.TryAllocate(units, limitBytes);
        if (span != null)
        {
            _spanBytes += (long)units * Arena.UnitBytes;
        }

        return span;
    }

    private Slab* TryAddSlab(ref SlabList list, int sizeClass, bool movable, long limitBytes)
    {
        int units = SizeClasses.SlabUnits(sizeClass);
        byte* span = _arena.TryAllocate(units, limitBytes);
        if (span == null)
        {
            return null;
        }

        HasGrownFixed |= !movable;
        Slab* slab = _arena.MakeSlab(span, units);
        slab->Class = (byte)sizeClass;
        slab->Movable = movable;
        slab->FreeHead = Slab.None;
        _slabBytes += units * Arena.UnitBytes;
        list.FreeBytes += SizeClasses.SlabBytes(sizeClass);
        List(ref list, slab);
        return slab;
    }

    private void RemoveSlab(ref SlabList list, Slab* slab)
    {
        Unlist(ref list, slab);
        int units = slab->Units;
        list.FreeBytes -= SizeClasses.SlabBytes(slab->Class);
        _slabBytes -= units * Arena.UnitBytes;
        _arena.Free(slab->Start, units);
    }
}
