using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Eviction;

/// <summary>What the policies have in common that keep their shard's entries in queues: a use is one bit, looked at when an entry's turn comes.</summary>
/// <remarks>
/// A hit sets a bit in the index and no more. When memory is needed, the oldest node with the least rank is taken from <see cref="EntryQueues"/>: if its entry was used since it was put there,
/// the bit is cleared and the entry goes into a queue again, with the rank that it deserves now; otherwise it is the victim. So an entry is moved once between two evictions at most, whatever
/// number of reads there is. (CLOCK, Corbató 1968, seen as a queue.)
/// <para>
/// Nothing is kept before <see cref="Start"/>. Entries that are there by then are taken in by a walk over the table, a few buckets with each write. Memory: 8 bytes an entry for its node, and 4 for
/// the sketch of those policies that count uses.
/// </para>
/// </remarks>
internal abstract class QueuedEvictor : Evictor
{
    // One call clears so many bits at most. Then the next entry goes, used or not, or a write could take as long as a walk over the shard.
    private const int MostUsedPassed = 64;
    private const int PrefetchedPicks = 4;
    private const int ProbationsEndedAWrite = 4;
    private const int ScanStepsAWrite = 2;
    private const int WritesBetweenCounts = 16;
    private const int SketchSpare = 8;
    private const int NodesOverdue = 256;
    private const int ChunksATidying = 16;
    private const int NodesATidying = 1024;

    private readonly Shard _shard;
    private readonly bool _onlyExpiring;
    private EntryQueues? _queues;
    private FrequencySketch? _sketch;
    private Probation? _probation;
    private ReturnRates? _rates;
    private int _scannedDatabase;
    private uint _scanPosition;
    private uint _writes;

    /// <param name="shard">Whose entries.</param>
    /// <param name="onlyExpiring">Whether entries without a deadline stay.</param>
    protected QueuedEvictor(Shard shard, bool onlyExpiring)
    {
        _shard = shard;
        _onlyExpiring = onlyExpiring;
        _scannedDatabase = shard.DatabaseCount;
    }

    public override bool GoesByUse => true;

    public override long Bytes => (_queues?.Bytes ?? 0) + (_sketch?.Bytes ?? 0) + (_probation?.Bytes ?? 0);

    public override long OutsideBytes => _rates == null ? 0 : ReturnRates.Bytes;

    /// <summary>Whether <see cref="QueueOf"/> and <see cref="WorthOf"/> want to know of uses.</summary>
    protected abstract bool CountsUses { get; }

    /// <summary>Whether new entries have to prove themselves, see <see cref="Probation"/>; only if it counts uses.</summary>
    protected virtual bool TriesNewEntries => false;

    /// <summary>The queue of an entry, see <see cref="EntryQueues.QueueOf"/>.</summary>
    protected abstract int QueueOf(long bytes, int uses);

    /// <summary>How far beyond the floor an entry's rank is, at most <see cref="EntryQueues.MostAhead"/>.</summary>
    /// <param name="bytes">What it takes.</param>
    /// <param name="uses">How often its key was used lately, 1 to 15; 1 if uses aren't counted.</param>
    protected abstract uint WorthOf(long bytes, int uses);

    public override void Start()
    {
        _queues = new EntryQueues(_shard.Arena, _shard.Allocator);
        if (CountsUses)
        {
            _sketch = new FrequencySketch(_shard.Allocator, Living());
        }

        if (TriesNewEntries)
        {
            (_probation, _rates) = (new Probation(_shard), new ReturnRates(_shard));
            _rates.Scale(Living());
        }

        BeginScan();
    }

    public override bool Tidy()
    {
        if (ShardEntries.CountOf(_shard) == 0)
        {
            return Drain(NodesATidying);
        }

        Adapt();
        bool more = true;
        var living = new KeepsTagged(_shard);
        for (int i = 0; i < ChunksATidying && more; i++)
        {
            more = Clean(ref living);
        }

        return more;
    }

    public override uint Admit(int database, uint hash, long bytes, bool hasDeadline, EntryMarks marks)
    {
        if ((++_writes & (WritesBetweenCounts - 1)) == 0)
        {
            Adapt();
        }

        var living = new KeepsTagged(_shard);
        Clean(ref living);
        for (int i = 0; i < ScanStepsAWrite && ScanStep(); i++)
        {
        }

        if ((_onlyExpiring && !hasDeadline) || marks.Priority == EvictionPriority.NeverRemove)
        {
            return 0;
        }

        int uses = _sketch?.Add(hash) ?? 1;
        if (_probation == null)
        {
            return Queue(database, hash, bytes, uses, marks);
        }

        _rates!.Added(hash);
        _probation.MoveOn(_queues!);
        EndProbations();
        return marks.Priority == EvictionPriority.Normal ? _probation.Add(database, hash, BytesForCost(bytes, marks)) : Queue(database, hash, bytes, uses, marks);
    }

    /// <remarks>Benchmark: compare, "limit-set".</remarks>
    public override void Expect(uint hash) => _sketch?.Prefetch(hash);

    /// <remarks>Benchmark: compare, "limit-set".</remarks>
    public override void Prefetch()
    {
        Span<QueuedEntry> next = stackalloc QueuedEntry[PrefetchedPicks * 2];
        if (_probation != null)
        {
            Prefetch(next[.._probation.Peek(PrefetchedPicks, next)]);
        }

        Prefetch(next[.._queues!.Peek(PrefetchedPicks, next)]);
    }

    // Each is met three times: first its bucket is asked for, the next time what it is judged by, which the bucket tells, and then it is one of the next picks, which are not looked at here.
    private void Prefetch(ReadOnlySpan<QueuedEntry> next)
    {
        for (int i = PrefetchedPicks; i < next.Length; i++)
        {
            if (_shard.TableOf(next[i].Database) is { Count: > 0 } table)
            {
                EntryAccess.PrefetchHome(table, next[i].Hash);
            }
        }

        for (int i = 0; i < Math.Min(next.Length, PrefetchedPicks); i++)
        {
            ref readonly QueuedEntry entry = ref next[i];
            _sketch?.Prefetch(entry.Hash);
            if (_shard.TableOf(entry.Database) is { } table && table.TryFindTagged(entry.Hash, entry.Tag, out SlotPosition position))
            {
                EntryAccess.PrefetchRecord(new Entry(_shard.Arena, position));
            }
        }
    }

    public override bool TryPick(in Entry spared, out int database, out SlotPosition victim)
    {
        int databaseOfSpared = -1;
        bool hasPicked = TryPick(spared, ref databaseOfSpared, out database, out victim);
        if (databaseOfSpared >= 0 && EntryAccess.TagOf(spared.Position) == 0)
        {
            Enlist(databaseOfSpared, spared.Position, 1);
        }

        return hasPicked;
    }

    /// <summary>A key's uses, 1 to 15; 1 as long as nothing was counted.</summary>
    protected int CountOf(uint hash) => Math.Max(_sketch?.Estimate(hash) ?? 1, 1);

    public override void SwapDatabases(int a, int b)
    {
        _queues?.SwapDatabases(a, b);
        _probation?.SwapDatabases(a, b);
        BeginScan();        // it may have been in the middle of one of them
    }

    public override void Free()
    {
        if (_queues == null)
        {
            return;
        }

        // Nothing bears a tag any more, so nothing is kept.
        var tags = new ClearsTags();
        for (int i = 0; i < _shard.DatabaseCount; i++)
        {
            if (_shard.TableOf(i) is { } table)
            {
                for (uint position = table.ScanSlots(0, ref tags); position != 0; position = table.ScanSlots(position, ref tags))
                {
                }
            }
        }

        while (Drain(NodesATidying))
        {
        }
    }

    // Nothing is in the shard: no node is of use any more. False when nothing is held.
    private bool Drain(int nodes)
    {
        for (int i = 0; i < nodes && (_queues!.TryTake(out _) || _probation?.TryTake(out _) == true); i++)
        {
        }

        if (Nodes > 0)
        {
            return true;
        }

        _sketch?.Free();
        _sketch = null;
        return false;
    }

    private bool TryPick(in Entry spared, ref int databaseOfSpared, out int database, out SlotPosition victim)
    {
        bool hasScannedAll = false;
        int passed = 0;
        while (true)
        {
            if (!_queues!.TryPeek(out QueuedEntry next))
            {
                if (TryTakeNew(spared, ref databaseOfSpared, ref passed, evenFew: true, out database, out victim))
                {
                    return true;
                }

                if (_queues!.Nodes == 0 && !TakeIn(ref hasScannedAll))
                {
                    return false;
                }

                continue;
            }

            database = next.Database;
            if (_shard.TableOf(database) is not { } table || !table.TryFindTagged(next.Hash, next.Tag, out victim))
            {
                _queues.Take(next.Queue);
                continue;       // left behind
            }

            var entry = new Entry(_shard.Arena, victim);
            bool isHigh = entry.Priority == EvictionPriority.High;
            if (MayGo(entry) && !IsSpared(spared, victim) && (!isHigh || next.Queue == EntryQueues.HighPriority)
                && (passed == MostUsedPassed || !EntryAccess.IsUsed(victim)))
            {
                return PickOneOf(next, victim, isHigh, spared, ref databaseOfSpared, ref passed, ref database, ref victim);
            }

            _queues.Take(next.Queue);
            PassBy(database, victim, spared, ref databaseOfSpared, ref passed);
        }
    }

    // The old entry that would be next, or a new one that is worth less.
    private bool PickOneOf(
        in QueuedEntry next, in SlotPosition old, bool isHigh, in Entry spared, ref int databaseOfSpared, ref int passed, ref int database, ref SlotPosition victim)
    {
        SlotPosition oldest = old;
        if (next.Queue != EntryQueues.LowPriority && TryTakeNew(spared, ref databaseOfSpared, ref passed, evenFew: isHigh, out int databaseOfNew, out SlotPosition young))
        {
            ReturnRates.Candidate candidate = CandidateAt(databaseOfNew, young);
            if (isHigh || !_rates!.PrefersNew(candidate, CandidateAt(next.Database, oldest)))
            {
                (database, victim) = (databaseOfNew, young);
                return true;
            }

            _queues!.RaiseFloor(next);
            Enlist(databaseOfNew, young, candidate.Uses);
        }

        // The rank of one that goes because there is nothing else says nothing of what else is worth.
        if (!isHigh)
        {
            _queues!.RaiseFloor(next);
        }

        _queues!.Take(next.Queue);
        EntryAccess.SetTag(oldest, 0);
        return true;
    }

    // Takes an unused entry out whose probation is over; those that are left there may be fewer than there should be only if they have to go.
    private bool TryTakeNew(in Entry spared, ref int databaseOfSpared, ref int passed, bool evenFew, out int database, out SlotPosition young)
    {
        while (_probation != null && (evenFew || _probation.IsFull(_queues!, grows: false)) && _probation.TryTake(out QueuedEntry next))
        {
            database = next.Database;
            if (_shard.TableOf(database) is not { } table || !table.TryFindTagged(next.Hash, next.Tag, out young))
            {
                continue;
            }

            var entry = new Entry(_shard.Arena, young);
            if (MayGo(entry) && !IsSpared(spared, young) && entry.Priority == EvictionPriority.Normal && (passed == MostUsedPassed || !EntryAccess.IsUsed(young)))
            {
                EntryAccess.SetTag(young, 0);
                return true;
            }

            PassBy(database, young, spared, ref databaseOfSpared, ref passed);
        }

        (database, young) = (0, default);
        return false;
    }

    // Its node has been taken, and it stays.
    private void PassBy(int database, in SlotPosition position, in Entry spared, ref int databaseOfSpared, ref int passed)
    {
        EntryAccess.SetTag(position, 0);
        if (!MayGo(new Entry(_shard.Arena, position)))
        {
            return;         // it has become so since
        }

        if (IsSpared(spared, position))
        {
            databaseOfSpared = database;     // it comes back once this is over, or it would be the least again and again
            return;
        }

        bool isUsed = EntryAccess.TakeUse(position);
        if (isUsed)
        {
            passed++;
            _rates?.Returned(position.Hash);
        }

        Enlist(database, position, isUsed ? _sketch?.Add(position.Hash) ?? 1 : 1);
    }

    // As long as the cache grows nothing is judged.
    private void EndProbations()
    {
        for (int i = 0; i < ProbationsEndedAWrite && _probation!.IsFull(_queues!, grows: true) && _probation.TryTake(out QueuedEntry next); i++)
        {
            if (_shard.TableOf(next.Database) is { } table && table.TryFindTagged(next.Hash, next.Tag, out SlotPosition position))
            {
                Enlist(next.Database, position, EntryAccess.TakeUse(position) ? _sketch!.Add(next.Hash) : CountOf(next.Hash));
            }
        }
    }

    private static bool IsSpared(in Entry spared, in SlotPosition position) => spared.Exists && EntryAccess.IsSame(spared.Position, position);

    private bool Clean(ref KeepsTagged living) => _queues!.Clean(ref living) || _probation?.Clean(ref living) == true;

    private long Nodes => _queues!.Nodes + (_probation?.Nodes ?? 0);

    private void Enlist(int database, in SlotPosition position, int uses)
    {
        var entry = new Entry(_shard.Arena, position);
        EntryAccess.SetTag(position, Queue(database, position.Hash, _shard.BytesOf(entry), uses, entry.Marks));
    }

    private uint Queue(int database, uint hash, long bytes, int uses, EntryMarks marks)
    {
        long bytesForItsCost = BytesForCost(bytes, marks);
        return marks.Priority switch
        {
            EvictionPriority.Low => _queues!.Add(EntryQueues.LowPriority, hash, database, 0),
            EvictionPriority.High => _queues!.Add(EntryQueues.HighPriority, hash, database, EntryQueues.MostAhead),
            _ => _queues!.Add(QueueOf(bytesForItsCost, uses), hash, database, WorthOf(bytesForItsCost, uses)),
        };
    }

    // What is twice as dear to miss is worth as much as what is half as large.
    private static long BytesForCost(long bytes, EntryMarks marks) => Math.Max(bytes / marks.Cost, 1);

    private ReturnRates.Candidate CandidateAt(int database, in SlotPosition position)
    {
        var entry = new Entry(_shard.Arena, position);
        return new(database, position.Hash, CountOf(position.Hash), BytesForCost(_shard.BytesOf(entry), entry.Marks));
    }

    private bool MayGo(in Entry entry) => (!_onlyExpiring || entry.HasDeadline) && entry.Priority != EvictionPriority.NeverRemove;

    // Those that may be evicted.
    private long Living() => _onlyExpiring ? _shard.ExpiringInAll - _shard.NeverRemoved.Expiring : ShardEntries.CountOf(_shard) - _shard.NeverRemoved.Entries;

    private void Adapt()
    {
        long living = Living();
        long tolerated = (living / 8) + NodesOverdue;
        if (Nodes > living + tolerated && Nodes > _queues!.NodesAfterCleaning + (_probation?.NodesAfterCleaning ?? 0) + (tolerated / 2))
        {
            _queues!.BeginCleaning();
            _probation?.BeginCleaning();
        }

        _rates?.Scale(living);

        if (_sketch != null && living > _sketch.Entries / 2 * 3)
        {
            _sketch.Grow();
        }
        else if (_sketch != null && living * SketchSpare < _sketch.Entries)
        {
            _sketch.Shrink();
        }
    }

    private void BeginScan() => (_scannedDatabase, _scanPosition) = (0, 0);

    // False when everything has been looked at.
    private bool ScanStep()
    {
        while (_scannedDatabase < _shard.DatabaseCount)
        {
            if (_shard.TableOf(_scannedDatabase) is { Count: > 0 } table)
            {
                var untagged = new TakesInUntagged(this, _scannedDatabase);
                _scanPosition = table.ScanSlots(_scanPosition, ref untagged);
                _scannedDatabase += _scanPosition == 0 ? 1 : 0;
                return true;
            }

            (_scannedDatabase, _scanPosition) = (_scannedDatabase + 1, 0);
        }

        return false;
    }

    // Goes on with the walk until it has found something, and begins another one if need be, but only once.
    private bool TakeIn(ref bool hasScannedAll)
    {
        if (Living() == 0)
        {
            return false;
        }

        for (long before = _queues!.Nodes; _queues!.Nodes == before;)
        {
            if (!ScanStep())
            {
                if (hasScannedAll)
                {
                    return false;
                }

                hasScannedAll = true;
                BeginScan();
            }
        }

        return true;
    }

    private readonly struct TakesInUntagged(QueuedEvictor evictor, int database) : ISlotVisitor
    {
        public void Visit(in SlotPosition position)
        {
            if (EntryAccess.TagOf(position) == 0 && evictor.MayGo(new Entry(evictor._shard.Arena, position)))
            {
                evictor.Enlist(database, position, 1);
            }
        }
    }

    private readonly struct ClearsTags : ISlotVisitor
    {
        public void Visit(in SlotPosition position) => EntryAccess.SetTag(position, 0);
    }

    private readonly struct KeepsTagged(Shard shard) : IQueueCleaner
    {
        public bool Keep(in QueuedEntry entry) => shard.TableOf(entry.Database) is { } table && table.TryFindTagged(entry.Hash, entry.Tag, out _);
    }
}
