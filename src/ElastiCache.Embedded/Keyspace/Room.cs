using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Makes room for a record when the budget has none: evicts entries, and empties slabs that have become sparse.</summary>
/// <remarks>
/// The budget counts what the arena has handed out, so the process stays within it whatever sizes come. That leaves two reasons for having no room:
/// <list type="bullet">
/// <item>too many entries: evict one (<see cref="Evictor"/>) and look again;</item>
/// <item>free blocks of other sizes (the entries evicted so far were smaller or larger than the new one). Once those make up
/// a sixteenth of what the shard holds, the sparsest slab is emptied: its records move to other slabs of the class and its
/// span becomes a slab of the size that is needed. Moving a record costs a look-up and a copy; a slab has at most 1,024.</item>
/// </list>
/// So the sizes may drift without the free blocks of yesterday's size being lost (memcached's "slab calcification").
/// Without eviction only the second is done.
/// A shard that holds less than half of its share takes room from the others first, and so does a value too large
/// for one shard; others' locks are only tried, never waited for.
/// </remarks>
internal sealed unsafe class Room
{
    private const long FreeBlocksKept = 64 * 1024;
    private const int FreeShare = 16;
    private const int EvictionsAnAttempt = 4;

    // As many evictions leave about one slab's worth of holes, so from here on slabs are emptied even if few blocks are free.
    private const int AttemptsBeforeEmptying = 32;

    private readonly Shard _shard;
    private readonly Store _store;
    private readonly Evictor? _evictor;
    private uint _random;

    public Room(Shard shard, Store store, Evictor? evictor)
    {
        _evictor = evictor;
        _shard = shard;
        _store = store;
        _random = (uint)shard.Index + 1;
    }

    /// <summary>The access bits of a new entry.</summary>
    public uint AccessOfNewEntry => _evictor?.AccessOfNewEntry ?? 0;

    private BlockAllocator Allocator => _shard.Allocator;

    /// <summary>Allocates a record's block, come what may.</summary>
    /// <param name="bytes">Its size.</param>
    /// <param name="key">Its key, for the message of a refusal.</param>
    /// <param name="current">The entry that it will replace, which is not evicted.</param>
    /// <exception cref="CacheFullException">Nothing more may be evicted, or the record is larger than the budget.</exception>
    public byte* Make(long bytes, in KeyProbe key, in Entry current)
    {
        MemoryBudget budget = _store.Budget;
        long limit = budget.LimitBytes;
        if (budget.MaxBytes == 0)
        {
            throw new InsufficientMemoryException($"No room for a record of {bytes} bytes: the cache's address space is used up.");
        }

        if (_store.IsLoading && !budget.Evicts)
        {
            return Allocator.AllocateMovable(bytes);
        }

        if (SizeClasses.RoundedBytes(bytes) < limit)
        {
            bool goesOn = true;
            for (int attempt = 0; goesOn; attempt++)
            {
                goesOn = MakeSome(bytes, current, attempt >= AttemptsBeforeEmptying);
                byte* block = Allocator.TryAllocate(bytes, movable: true, limit);
                if (block != null)
                {
                    return block;
                }
            }

            // Old and new value of one key may not fit side by side; for a moment the budget is exceeded by the one entry.
            if (current.Exists && budget.Evicts)
            {
                long overlap = Math.Max(Allocator.CapacityOf(current.Record), SizeClasses.SlabUnits(0) * (long)Arena.UnitBytes);
                byte* block = Allocator.TryAllocate(bytes, movable: true, limit + overlap);
                if (block != null)
                {
                    return block;
                }
            }
        }

        throw new CacheFullException(key.ToArray(), bytes, _store.Arena.UsedBytes, budget.MaxBytes);
    }

    /// <summary>Makes room for blocks that a collection is about to take whatever the budget says.</summary>
    /// <param name="bytes">About how many bytes they will be.</param>
    /// <param name="key">The collection's key, for the message of a refusal.</param>
    /// <param name="current">Its entry, which is not evicted.</param>
    /// <exception cref="CacheFullException">There is no room, and nothing more may be evicted. Nothing has changed but that entries may have been evicted.</exception>
    public void Ensure(long bytes, in KeyProbe key, in Entry current)
    {
        MemoryBudget budget = _store.Budget;
        if (budget.MaxBytes == 0 || _store.Arena.UsedBytes + bytes <= budget.LimitBytes || (_store.IsLoading && !budget.Evicts))
        {
            return;
        }

        bool goesOn = true;
        for (int attempt = 0; goesOn && _store.Arena.UsedBytes + bytes > budget.LimitBytes; attempt++)
        {
            goesOn = MakeSome(bytes, current, attempt >= AttemptsBeforeEmptying);
        }

        if (!goesOn && _store.Arena.UsedBytes + bytes > budget.LimitBytes)
        {
            throw new CacheFullException(key.ToArray(), bytes, _store.Arena.UsedBytes, budget.MaxBytes);
        }
    }

    /// <summary>Brings the arena back below the budget after tables or the wheel have grown: they must, whatever the budget says.</summary>
    public void Trim()
    {
        MemoryBudget budget = _store.Budget;
        bool goesOn = budget.Evicts;
        for (int attempt = 0; goesOn && _store.Arena.UsedBytes > budget.MaxBytes; attempt++)
        {
            goesOn = MakeSome(_store.Arena.UsedBytes - budget.MaxBytes, default, attempt >= AttemptsBeforeEmptying);
        }
    }

    /// <summary>Frees something here or elsewhere.</summary>
    /// <returns>Whether anything was freed.</returns>
    private bool MakeSome(long bytes, in Entry spared, bool emptiesSlabs)
    {
        bool isPoor = Allocator.HeldBytes < _store.Arena.UsedBytes / _store.ShardCount / 2;
        if ((isPoor || bytes > SizeClasses.LargestBlock) && TakeFromOthers(bytes, emptiesSlabs))
        {
            return true;
        }

        return TakeHere(spared, emptiesSlabs) || TakeFromOthers(bytes, emptiesSlabs);
    }

    private bool TakeHere(in Entry spared, bool emptiesSlabs) =>
        ((emptiesSlabs || HasSparseSlabs) && EmptySparsestSlab()) || (_store.Budget.Evicts && EvictSome(spared)) || EmptySparsestSlab();

    private bool HasSparseSlabs => Allocator.FreeBlockBytes > Math.Max(FreeBlocksKept, Allocator.HeldBytes / FreeShare);

    private bool TakeFromOthers(long bytes, bool emptiesSlabs)
    {
        bool any = false;
        long before = _store.Arena.UsedBytes;
        int first = (int)(NextRandom() >> 16);
        for (int i = 0; i < _store.ShardCount && before - _store.Arena.UsedBytes < bytes; i++)
        {
            Shard other = _store.ShardAt((first + i) & (_store.ShardCount - 1));
            if (other != _shard && other.TryEnter())
            {
                any |= other.Room.TakeHere(default, emptiesSlabs);
                other.Exit();
            }
        }

        return any;
    }

    private bool EvictSome(in Entry spared)
    {
        int evicted = 0;
        while (evicted < EvictionsAnAttempt && EvictOne(spared))
        {
            evicted++;
        }

        return evicted > 0;
    }

    /// <summary>Evicts one entry of this shard, as a write at the limit does.</summary>
    /// <param name="spared">An entry that must stay, or none.</param>
    /// <returns>Whether there was one to evict.</returns>
    public bool EvictOne(in Entry spared)
    {
        long total = 0;
        for (int i = 0; i < _store.DatabaseCount; i++)
        {
            total += _shard.Count(i);
        }

        if (total == 0)
        {
            return false;
        }

        // A database is drawn by its number of entries; if it holds only the one to be spared, the next.
        long draw = NextRandom() % total;
        int drawn = 0;
        while (draw >= _shard.Count(drawn))
        {
            draw -= _shard.Count(drawn++);
        }

        for (int i = 0; i < _store.DatabaseCount; i++)
        {
            int database = (drawn + i) % _store.DatabaseCount;
            if (_shard.Count(database) > 0 && _evictor!.TryPick(_shard.TableOf(database)!, spared, out SlotPosition victim))
            {
                _shard.Evict(database, new Entry(_store.Arena, victim));
                return true;
            }
        }

        return false;
    }

    private bool EmptySparsestSlab()
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
        Allocator.Retire(slab);
        for (int i = 0; i < used && live > 0; i++, block += blockBytes)
        {
            if (*block == 0)
            {
                continue;
            }

            byte* copy = Allocator.AllocateMovable(blockBytes);
            Buffer.MemoryCopy(block, copy, blockBytes, blockBytes);
            if (_shard.Relocate(block, copy))
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

    private uint NextRandom()
    {
        // xorshift32 (Marsaglia 2003)
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        return _random;
    }
}
