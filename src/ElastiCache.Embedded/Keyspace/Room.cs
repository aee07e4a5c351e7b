using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Makes room for a record when the budget has none: evicts entries, and empties slabs that have become sparse.</summary>
/// <remarks>
/// The budget counts what the arena has handed out, so the process stays within it whatever sizes come. That leaves two reasons for having no room:
/// <list type="bullet">
/// <item>too many entries: evict one (<see cref="Evictor"/>) and look again;</item>
/// <item>free blocks of other sizes (the entries evicted so far were smaller or larger than the new one). Once those make up
/// a sixteenth of what the shard holds, a sparse slab is emptied (<see cref="SlabCompaction"/>) and its span becomes a slab of the size that is needed. Before that a block is borrowed that is a little too large
/// (<see cref="BlockAllocator.TryBorrow"/>).</item>
/// </list>
/// So the sizes may drift without the free blocks of yesterday's size being lost (memcached's "slab calcification").
/// Without eviction only the second is done.
/// A shard that holds less than seven eighths of its share takes room from the others first, and so does a value too large
/// for one shard; others' locks are only tried, never waited for. Without that rule the shards with many large entries would grow at the cost of the others, and
/// three quarters of what the default policy gains by bytes would be lost (docs/decisions/0011).
/// </remarks>
internal sealed unsafe class Room
{
    private const int EvictionsAnAttempt = 4;
    private const int EvictionsAStep = 64;

    // As many evictions leave about one slab's worth of holes, so from here on slabs are emptied even if few blocks are free.
    private const int AttemptsBeforeEmptying = 32;

    private readonly Shard _shard;
    private readonly Store _store;
    private readonly SlabCompaction _compaction;
    private Evictor? _evictor;
    private bool _hasStarted;
    private volatile bool _notes;
    private uint _random;

    public Room(Shard shard, Store store, Evictor? evictor)
    {
        _evictor = evictor;
        _shard = shard;
        _store = store;
        _compaction = shard.Compaction;
        _random = (uint)shard.Index + 1;
    }

    /// <summary>Native bytes of what the evictor keeps.</summary>
    public long EvictorBytes => _evictor?.Bytes ?? 0;

    /// <summary>Managed bytes of what the evictor keeps and of the notes of uses, as the budget counts them: when the evictor begins, and with each sweep.</summary>
    public long OutsideBytes { get; private set; }

    /// <summary>See <see cref="Evictor.GoesByUse"/>.</summary>
    public bool GoesByUse => _evictor?.GoesByUse == true;

    /// <summary>See <see cref="Evictor.Order"/>.</summary>
    public EvictionOrder Order => _evictor?.Order ?? EvictionOrder.Other;

    /// <summary>See <see cref="Evictor.UsesOf"/>.</summary>
    public int? UsesOf(uint hash) => _evictor?.UsesOf(hash);

    /// <summary>From here on the evictor is told of entries. May be called without the lock.</summary>
    public void BeginNoting() => _notes = true;

    /// <summary>Puts another policy in the place of the present one, which forgets everything. O(entries of the shard).</summary>
    public void ChangeEvictor(Evictor? evictor)
    {
        _evictor?.Free();
        (_evictor, _hasStarted) = (evictor, false);
        CountOutside();
    }

    /// <summary>See <see cref="Evictor.Expect"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Expect(uint hash)
    {
        if (_notes)
        {
            _evictor?.Expect(hash);
        }
    }

    /// <summary>Tells the evictor of an entry that is about to be added, has got its first deadline and has no tag, or another priority.</summary>
    /// <returns>The tag for its slot.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Admit(int database, uint hash, byte* record) => _notes ? TellOf(database, hash, record) : 0;

    /// <summary>Lets the evictor give memory back after entries have gone. Bounded work.</summary>
    /// <returns>Whether there is more to do.</returns>
    public bool TidyEvictor()
    {
        bool more = _hasStarted && _evictor!.Tidy();
        _hasStarted &= _evictor?.Bytes > 0;
        CountOutside();
        return more;
    }

    /// <summary>Lets the evictor follow SWAPDB.</summary>
    public void SwapDatabases(int a, int b) => _evictor?.SwapDatabases(a, b);

    /// <summary>Forgets the evictor; the arena is being discarded.</summary>
    public void Reset()
    {
        (_notes, _hasStarted) = (false, false);
        _evictor = null;
    }

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

        // What is larger than the budget is refused before anything gives way for it.
        if (SizeClasses.RoundedBytes(bytes) < budget.MaxBytes)
        {
            bool goesOn = true;
            for (int attempt = 0; goesOn; attempt++)
            {
                byte* block = Allocator.TryBorrow(bytes);
                if (block == null)
                {
                    goesOn = MakeSome(bytes, current, attempt >= AttemptsBeforeEmptying);
                    block = Allocator.TryAllocate(bytes, movable: true, limit);
                }

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

        bool goesOn = bytes < budget.MaxBytes;
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
        for (int attempt = 0; goesOn && _store.Arena.UsedBytes > budget.LimitBytes; attempt++)
        {
            goesOn = MakeSome(_store.Arena.UsedBytes - budget.LimitBytes, default, attempt >= AttemptsBeforeEmptying);
        }
    }

    /// <summary>One step of this shard towards a budget that was lowered: bounded work, whatever is still to be freed.</summary>
    /// <returns>Whether anything was freed.</returns>
    public bool TrimStep()
    {
        if (FreesGarbage() || (_compaction.HasFreeBlocksFor(_store.Arena.UsedBytes - _store.Budget.MaxBytes) && _compaction.EmptySlab()))
        {
            return true;
        }

        int evicted = 0;
        while (evicted < EvictionsAStep && IsAboveBudget && !_shard.Collections.HasGarbage && (evicted == 0 || !_shard.IsAwaited) && EvictSome(default))
        {
            evicted += EvictionsAnAttempt;
        }

        return evicted > 0 || _compaction.EmptySlab();
    }

    private bool IsAboveBudget => _store.Budget.Evicts && _store.Arena.UsedBytes > _store.Budget.MaxBytes;

    /// <summary>Frees something here or elsewhere.</summary>
    /// <returns>Whether anything was freed.</returns>
    private bool MakeSome(long bytes, in Entry spared, bool emptiesSlabs)
    {
        bool isPoor = Allocator.HeldBytes < _store.Arena.UsedBytes / _store.ShardCount / 8 * 7;
        if ((isPoor || bytes > SizeClasses.LargestBlock) && TakeFromOthers(bytes, emptiesSlabs))
        {
            return true;
        }

        return TakeHere(spared, emptiesSlabs) || TakeFromOthers(bytes, emptiesSlabs);
    }

    // A large collection that was evicted is freed slice by slice; until that is done others must not pay for it.
    private bool TakeHere(in Entry spared, bool emptiesSlabs) =>
        FreesGarbage() || ((emptiesSlabs || _compaction.IsDue) && _compaction.EmptySlab()) || (_store.Budget.Evicts && EvictSome(spared)) || _compaction.EmptySlab();

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

                // Whoever needs the room goes on until there is enough: were the other to make good for itself what its evictor took, each would call on all the others.
                other.Allocator.HasGrownFixed = false;
                other.Exit();
            }
        }

        return any;
    }

    private bool FreesGarbage()
    {
        bool has = _shard.Collections.HasGarbage;
        if (has)
        {
            _shard.Collections.FreeSlice();
        }

        return has;
    }

    private bool EvictSome(in Entry spared)
    {
        if (Ready() is not { } evictor)
        {
            return false;
        }

        evictor.Prefetch();
        int evicted = 0;
        while (evicted < EvictionsAnAttempt && EvictOne(evictor, spared))
        {
            evicted++;
        }

        return evicted > 0;
    }

    /// <summary>Evicts one entry of this shard, as a write at the limit does.</summary>
    /// <param name="spared">An entry that must stay, or none.</param>
    /// <returns>Whether there was one to evict.</returns>
    public bool EvictOne(in Entry spared) => Ready() is { } evictor && EvictOne(evictor, spared);

    private bool EvictOne(Evictor evictor, in Entry spared)
    {
        if (!evictor.TryPick(spared, out int database, out SlotPosition victim))
        {
            return false;
        }

        _shard.Evict(database, new Entry(_store.Arena, victim));
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private uint TellOf(int database, uint hash, byte* record) =>
        _evictor == null ? 0 : Started(_evictor).Admit(database, hash, Allocator.CapacityOf(record), Record.HasExpiry(Record.HeaderOf(record)), Record.MarksOf(record, Record.HeaderOf(record)));

    // Null where there is no evictor (CONFIG SET may just have taken it away) or nothing to evict: one that begins takes memory.
    private Evictor? Ready() => _evictor == null || ShardEntries.CountOf(_shard) == 0 ? null : Started(_evictor);

    private Evictor Started(Evictor evictor)
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            evictor.Start();
            CountOutside();
        }

        return evictor;
    }

    private void CountOutside()
    {
        long bytes = (_evictor?.OutsideBytes ?? 0) + (_shard.Tracker?.Bytes ?? 0);
        if (bytes != OutsideBytes)
        {
            _store.BudgetChange.CountOutside(bytes - OutsideBytes);
            OutsideBytes = bytes;
        }
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
