using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>All databases of a cache: finds the shard of a key, reads without a lock, locks several shards in order.</summary>
/// <remarks>
/// <code>
///   key ──hash──► top bits: shard      low 32 bits: slot hash, whose low bits name the bucket
///   TableWord[shard][database]         one read-mostly cache line each, in native memory
/// </code>
/// Lock order: shards by ascending index, then the journal's lock. A thread that holds shards may only <i>try</i> others.
/// </remarks>
internal sealed unsafe class Store : IDisposable
{
    private readonly TableWord* _words;
    private readonly Shard[] _shards;
    private readonly int _shardShift;
    private readonly int _databaseShift;
    private volatile bool _disposed;
    private volatile bool _recordsAccesses;
    private volatile KeyRemovals? _removals;

    /// <summary>Makes an empty store.</summary>
    /// <param name="shards">A power of two.</param>
    /// <param name="databases">1 to 16.</param>
    /// <param name="budget">Its memory.</param>
    /// <param name="clock">Its time.</param>
    /// <param name="newEvictor">Makes the evictor of a shard; needed if the budget evicts.</param>
    /// <param name="tracksAccess">Whether it notes how entries are used.</param>
    public Store(int shards, int databases, MemoryBudget budget, CacheClock clock, Func<Shard, Evictor>? newEvictor = null, bool tracksAccess = false)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(budget.Evicts && newEvictor == null, true);
        ArgumentOutOfRangeException.ThrowIfNotEqual(System.Numerics.BitOperations.IsPow2(shards), true);
        Budget = budget;
        HasEvictors = newEvictor != null;
        BudgetChange = new BudgetChange(this);
        Clock = clock;
        DatabaseCount = databases;
        Arena = AddressSpace.Reserve(budget.TotalBytes);
        _shardShift = 32 - System.Numerics.BitOperations.Log2((uint)shards);
        _databaseShift = System.Numerics.BitOperations.Log2(System.Numerics.BitOperations.RoundUpToPowerOf2((uint)databases));
        _words = AllocateWords(shards << _databaseShift);
        StartupBytes = Arena.UsedBytes;
        TracksAccess = tracksAccess;
        _shards = new Shard[shards];
        for (int i = 0; i < shards; i++)
        {
            _shards[i] = new Shard(this, i, _words + (i << _databaseShift), databases, newEvictor);
        }

        Note(AccessNotes.None);
        if (budget.Evicts)
        {
            RecordAccessesAt(budget.MaxBytes / 2);
        }
    }

    public Arena Arena { get; }

    /// <summary>What an empty store holds of the arena: its table words.</summary>
    public long StartupBytes { get; }

    public MemoryBudget Budget { get; }

    /// <summary>Whether the budget may evict.</summary>
    public bool HasEvictors { get; private set; }

    /// <summary>Whether it notes how entries are used (<see cref="AccessTracker"/>).</summary>
    public bool TracksAccess { get; }

    /// <summary>How frequencies are counted, where they are tracked.</summary>
    public FrequencyScale Frequencies { get; } = new();

    /// <summary>Changes the budget while the store is in use.</summary>
    public BudgetChange BudgetChange { get; }

    public CacheClock Clock { get; }

    public AccessCounters Accesses { get; } = new();

    public int DatabaseCount { get; }

    public int ShardCount => _shards.Length;

    /// <summary>Where effects go; null when nothing is logged, or not yet.</summary>
    public Journal? Journal { get; set; }

    /// <summary>Who is told of events on keys; null while nobody wants to know.</summary>
    public KeyEvents? Events { get; set; }

    /// <summary>Who is told of removed entries; null while nobody listens.</summary>
    public KeyRemovals? Removals
    {
        get => _removals;
        set => _removals = value;
    }

    /// <summary>Who serves those who wait for keys; null where nobody can wait.</summary>
    public KeyAwaiters? Awaiters { get; set; }

    /// <summary>When collections outgrow their small encodings.</summary>
    public EncodingLimits Encodings { get; } = new();

    /// <summary>Whether the log is being replayed: nothing expires then, and nothing is refused for want of memory.</summary>
    public bool IsLoading { get; set; }

    /// <summary>The type that users know this store by, for messages.</summary>
    public Type Owner { get; init; } = typeof(Store);

    public bool IsDisposed => _disposed;

    /// <summary>The shard of a key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ShardIndexOf(ulong hash) => (int)((hash >> 32) >> _shardShift);     // in two steps: all 64 bits at once would be none

    public Shard ShardAt(int index) => _shards[index];

    public Shard ShardOf(in KeyProbe key) => _shards[ShardIndexOf(key.Hash)];

    /// <summary>Reads a string without taking a lock. Counts a hit or a miss.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOutcome Read<TReader>(int database, scoped in KeyProbe key, ref TReader reader)
        where TReader : struct, IValueReader, allows ref struct
    {
        TableWord* word = WordOf(database, key.Hash);
        Accesses.CountRead();
        ReadOutcome outcome = OptimisticReader.ReadAtHome(word, Arena, Clock, key, ref reader);
        if (outcome > ReadOutcome.Hit)
        {
            outcome = FinishRead(outcome, database, key, ref reader);
        }

        if (outcome == ReadOutcome.Miss)
        {
            Accesses.CountMiss();
        }

        GC.KeepAlive(this);     // the arena must outlive the pointers
        return outcome;
    }

    /// <summary>Asks the processor for the cache lines of keys that are about to be used.</summary>
    public LinePrefetch Prefetch => new(this);

    /// <summary>Locks a key's shard.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed; nothing is locked.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Shard Enter(in KeyProbe key)
    {
        Shard shard = _shards[ShardIndexOf(key.Hash)];
        if (TransactionThread.IsInside && !shard.IsHeld)
        {
            TransactionThread.ThrowNotNamed();
        }

        shard.Enter();
        if (_disposed)
        {
            ThrowDisposed(shard);
        }

        return shard;
    }

    /// <summary>Locks several shards.</summary>
    /// <param name="shards">Which, in ascending order, each once.</param>
    /// <exception cref="ObjectDisposedException">The cache is closed; nothing is locked.</exception>
    public void Enter(ReadOnlySpan<int> shards)
    {
        foreach (int shard in shards)
        {
            if (TransactionThread.IsInside && !_shards[shard].IsHeld)
            {
                TransactionThread.ThrowNotNamed();
            }
        }

        foreach (int shard in shards)
        {
            _shards[shard].Enter();
        }

        if (_disposed)
        {
            Exit(shards);
            ThrowIfDisposed();
        }
    }

    /// <summary>Unlocks several shards.</summary>
    public void Exit(ReadOnlySpan<int> shards)
    {
        foreach (int shard in shards)
        {
            _shards[shard].Exit();
        }
    }

    /// <summary>Locks everything.</summary>
    public void EnterAll()
    {
        foreach (Shard shard in _shards)
        {
            shard.Enter();
        }

        if (_disposed)
        {
            ExitAll();
            ThrowIfDisposed();
        }
    }

    public void ExitAll()
    {
        foreach (Shard shard in _shards)
        {
            shard.Exit();
        }
    }

    /// <summary>The entries of a database, Redis's DBSIZE.</summary>
    public long Count(int database)
    {
        long count = 0;
        foreach (Shard shard in _shards)
        {
            count += shard.Count(database);
        }

        return count;
    }

    /// <summary>The entries of a database that have a deadline.</summary>
    public long Expiring(int database) => _shards.Sum(shard => shard.Expiring(database));

    /// <summary>Changes so far in all shards (<see cref="Shard.Changes"/>). O(shards), without a lock: what is written meanwhile may or may not be counted.</summary>
    public long Changes => _shards.Sum(static shard => shard.Changes);

    /// <summary>Puts another policy in the place of the present one, shard by shard; what that had learnt is forgotten. O(entries) in all, O(entries of a shard) with a lock.</summary>
    /// <param name="newEvictor">Makes the evictor of a shard; null if nothing is to be evicted any more.</param>
    public void ChangeEvictors(Func<Shard, Evictor>? newEvictor)
    {
        HasEvictors = newEvictor != null;
        foreach (Shard shard in _shards)
        {
            shard.Enter();
            if (!_disposed)
            {
                shard.Room.ChangeEvictor(newEvictor?.Invoke(shard));
                shard.Tracker = AccessTracker.For(shard, this);
            }

            shard.Exit();
        }
    }

    /// <summary>Removes expired entries everywhere. Bounded work a lock; called every 100 ms.</summary>
    public void Sweep()
    {
        Clock.Resynchronize();
        bool isLeft = true;
        while (isLeft)
        {
            isLeft = false;
            foreach (Shard shard in _shards)
            {
                isLeft |= SweepOne(shard);
            }
        }

        if (Awaiters is { IsPending: true } awaiters)
        {
            awaiters.Serve();
        }
    }

    // True where something is left because somebody waits for the shard: he has it while it is the others' turn.
    private bool SweepOne(Shard shard)
    {
        bool more, isAwaited;
        do
        {
            shard.Enter();
            more = !_disposed && shard.SweepExpired(Clock.UnixMilliseconds);
            isAwaited = shard.IsAwaited;
            shard.Exit();
        }
        while (more && !isAwaited);

        return more;
    }

    /// <summary>Begins a snapshot of this moment, in one's turn (<see cref="SnapshotTurn"/>): all shards at once, or it would not be one moment.</summary>
    /// <param name="observer">Takes the entries.</param>
    /// <param name="atMoment">Called while all shards are locked.</param>
    /// <exception cref="ObjectDisposedException">The store is closed. Nothing has begun.</exception>
    public void BeginSnapshot(ISnapshotObserver observer, Action? atMoment = null)
    {
        EnterAll();
        foreach (Shard shard in _shards)
        {
            shard.Snapshot.Set(observer);
        }

        atMoment?.Invoke();
        ExitAll();
    }

    /// <summary>Whose turn it is to take one.</summary>
    public SnapshotTurn SnapshotTurn { get; } = new();

    /// <summary>Visits what no writer has handed over yet, in slices, and ends the snapshot.</summary>
    public void FinishSnapshot()
    {
        foreach (Shard shard in _shards)
        {
            for (int database = 0; database < DatabaseCount; database++)
            {
                uint position = 0;
                do
                {
                    shard.Enter();
                    try
                    {
                        position = shard.Snapshot.HandOverSlice(database, position);
                    }
                    finally
                    {
                        shard.Exit();
                    }
                }
                while (position != 0);
            }

            shard.Enter();
            shard.Snapshot.Set(null);
            shard.Exit();
        }
    }

    /// <summary>Throws when the cache is closed.</summary>
    /// <exception cref="ObjectDisposedException">It is.</exception>
    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, Owner);

    /// <summary>Gives all memory back. Operations that run end first; later ones find the cache closed.</summary>
    public void Dispose()
    {
        foreach (Shard shard in _shards)
        {
            shard.Enter();
        }

        if (!_disposed)
        {
            _disposed = true;
            VoidTableWords();
            Arena.DiscardAll();
            foreach (Shard shard in _shards)
            {
                shard.Reset();
            }
        }

        ExitAll();
    }

    // Before the first page is given back: a reader whose value turned into zeros half-way must not find its table word unchanged.
    private void VoidTableWords()
    {
        for (int i = 0; i < _shards.Length << _databaseShift; i++)
        {
            Volatile.Write(ref _words[i].Directory, 0);
        }

        Interlocked.MemoryBarrier();
    }

    /// <summary>The word of the table that a key is in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal TableWord* WordOf(int database, ulong hash) => _words + ((ShardIndexOf(hash) << _databaseShift) + database);

    /// <summary>Has uses noted for the evictor once so much is in use: nobody asks for them before there is need to evict, and noting one costs a read an interlocked write.</summary>
    internal void RecordAccessesAt(long bytes)
    {
        if (!_recordsAccesses)
        {
            Arena.NotifyAt(bytes, RecordAccesses);
        }
    }

    internal void RecordAccesses()
    {
        // Once is enough: the words that it writes are in the cache of every reader, and a budget may be lowered a hundred times a second.
        if (_recordsAccesses)
        {
            return;
        }

        _recordsAccesses = true;
        Note(AccessNotes.Use);
        Array.ForEach(_shards, static shard => shard.Room.BeginNoting());
    }

    // From now on also this. Nothing takes a flag away, so whoever else sets one at the same moment does no harm.
    private void Note(AccessNotes notes)
    {
        notes |= TracksAccess ? AccessNotes.Tracked : AccessNotes.None;
        for (int i = 0; i < ShardCount << _databaseShift; i++)
        {
            _words[i].Notes = notes;
        }

        Interlocked.MemoryBarrier();
    }

    private TableWord* AllocateWords(int count)
    {
        int units = ((count * TableWord.Bytes) + Arena.UnitBytes - 1) / Arena.UnitBytes;
        TableWord* words = (TableWord*)Arena.TryAllocate(units, long.MaxValue);
        for (int i = 0; i < count; i++)
        {
            words[i] = default;
        }

        return words;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ReadOutcome FinishRead<TReader>(ReadOutcome outcome, int database, scoped in KeyProbe key, ref TReader reader)
        where TReader : struct, IValueReader, allows ref struct
    {
        if (outcome == ReadOutcome.Disturbed)
        {
            outcome = OptimisticReader.Read(WordOf(database, key.Hash), Arena, Clock, key, ref reader);
        }

        Shard shard = ShardOf(key);
        if (outcome is ReadOutcome.HitToNote or ReadOutcome.WrongType)
        {
            shard.Tracker?.Touch(database, key.SlotHash);
            return outcome == ReadOutcome.HitToNote ? ReadOutcome.Hit : outcome;
        }

        if (outcome <= ReadOutcome.Hit)
        {
            return outcome;
        }

        if (outcome == ReadOutcome.Expired)
        {
            // Best effort: a reader does not wait for a writer, and the wheel will find the entry too.
            if (!shard.TryEnter())
            {
                return ReadOutcome.Miss;
            }
        }
        else
        {
            shard.Enter();
        }

        try
        {
            if (_disposed || !shard.TryFind(database, key, out Entry entry))
            {
                return ReadOutcome.Miss;
            }

            if (entry.Kind != ValueKind.String)
            {
                return ReadOutcome.WrongType;
            }

            reader.Read(entry.Value, entry.View);   // may fail, for want of memory
            return ReadOutcome.Hit;
        }
        finally
        {
            shard.Exit();
        }
    }

    private void ThrowDisposed(Shard shard)
    {
        shard.Exit();
        ThrowIfDisposed();
    }
}
