using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Brings a shard's records closer together: the records of sparse slabs move to others, and the slabs' spans are free for other sizes, or for the system.</summary>
/// <remarks>
/// To move a record costs a look-up and a copy, so how much may be free blocks before that is done depends on who needs the room: a write at the limit, for which something would be evicted instead, or nobody (the sweep).
/// Which slab it is, the allocator says (<see cref="BlockAllocator.SparsestMovableSlab"/>). The shard is locked.
/// <para>Figures: docs/decisions/0015. Benchmark: memory --only steps,soak.</para>
/// </remarks>
internal sealed unsafe class SlabCompaction(Shard shard, Store store)
{
    private const long FreeBlocksKept = 64 * 1024;
    private const int FreeShareAtTheLimit = 16;
    private const int FreeShareOtherwise = 4;
    private const int RecordsAhead = 8;

    /// <summary>Whether a write at the limit should have a slab emptied rather than something evicted: a sixteenth of what the shard holds is free blocks.</summary>
    public bool IsDue => IsFree(FreeShareAtTheLimit);

    private BlockAllocator Allocator => shard.Allocator;

    /// <summary>Whether the shard has free blocks for its part of so many bytes that all together are to give back.</summary>
    /// <remarks>First all evictions and then the slabs: of three quarters that are to go, one record in four is moved. To empty each slab as soon as there was room for its records moved nearly as many as were evicted.</remarks>
    public bool HasFreeBlocksFor(long bytes) => Allocator.FreeBlockBytes >= Allocator.HeldBytes * ((double)bytes / store.Arena.UsedBytes);

    /// <summary>Empties a slab if a quarter of what the shard holds is free blocks, as after many keys were deleted that lay among others. Without this their memory would stay with the process until the budget is used up.</summary>
    /// <remarks>Not while a budget is being lowered, which evicts first (<see cref="HasFreeBlocksFor"/>).</remarks>
    /// <returns>Whether there is more to do.</returns>
    public bool Step() => !store.Budget.IsBeingLowered && IsFree(FreeShareOtherwise) && EmptySlab() && IsFree(FreeShareOtherwise);

    /// <summary>Moves the records of a sparse slab into others, so that its span is free. O(blocks of a slab), at most 1,024.</summary>
    /// <returns>False if no slab's records have room elsewhere.</returns>
    public bool EmptySlab()
    {
        Slab* slab = Allocator.SparsestMovableSlab();
        if (slab == null)
        {
            return false;
        }

        int blockBytes = SizeClasses.BlockBytes(slab->Class);
        byte* block = slab->Start;
        int used = slab->Used;
        int live = slab->Live;
        bool any = false;
        Span<uint> hashes = stackalloc uint[used];
        PrefetchSlots(slab, hashes);
        Allocator.Retire(slab);
        for (int i = 0; i < used && live > 0; i++, block += blockBytes)
        {
            if (*block == 0)
            {
                continue;
            }

            byte* copy = Allocator.TryBorrow(blockBytes);
            if (copy == null)
            {
                copy = Allocator.AllocateMovable(blockBytes);
            }

            Buffer.MemoryCopy(block, copy, blockBytes, blockBytes);
            if (Relocate(block, copy, hashes[i]))
            {
                any = true;
                live--;
            }
        }

        // With its last block the slab was given back, and its description may be another's by now.
        if (live > 0)
        {
            Allocator.EndRetirement(slab);
        }

        return any;
    }

    // The slot hashes of a slab's records, whose buckets are on their way by then. Benchmark: memory --only steps.
    private void PrefetchSlots(Slab* slab, Span<uint> hashes)
    {
        int blockBytes = SizeClasses.BlockBytes(slab->Class);
        byte* block = slab->Start;
        for (int i = 0; i < hashes.Length; i++, block += blockBytes)
        {
            CacheLines.Prefetch(block + (RecordsAhead * blockBytes));
            if (*block != 0)
            {
                Record.Measure(block, Record.HeaderOf(block), out byte* key, out int keyLength, out _);
                hashes[i] = (uint)KeyProbe.HashOf(key, keyLength);
                if (shard.TableOf(0) is { Count: > 0 } table)
                {
                    EntryAccess.PrefetchHome(table, hashes[i]);
                }
            }
        }
    }

    // The copy has been made. True if the old block was freed; otherwise the copy was.
    private bool Relocate(byte* from, byte* to, uint hash)
    {
        uint reference = store.Arena.ReferenceOf(from);
        for (int i = 0; i < store.DatabaseCount; i++)
        {
            if (shard.TableOf(i) is { Count: > 0 } table && table.TryFind(hash, reference, out SlotPosition position))
            {
                table.Replace(position, store.Arena.ReferenceOf(to));
                Allocator.Free(from);
                return true;
            }
        }

        Allocator.Free(to);     // a record of a flushed database that is still to be freed, or one that isn't published yet: it stays
        return false;
    }

    private bool IsFree(int share) => Allocator.FreeBlockBytes > Math.Max(FreeBlocksKept, Allocator.HeldBytes / share);
}
