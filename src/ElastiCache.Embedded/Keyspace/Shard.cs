using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>One part of the keyspace: a lock, its tables (one a database), its blocks and its expiry wheel.</summary>
/// <remarks>
/// Everything here but <see cref="Enter"/> and <see cref="TryEnter"/> requires the lock. An operation finds, decides, prepares the new record, and
/// publishes it; nothing changes before <see cref="Publish"/>, so an operation that fails on the way has changed nothing.
/// Keys with the same name in different databases are in the same shard, so MOVE, COPY and SWAPDB need no second lock for that.
/// </remarks>
internal sealed unsafe class Shard
{
    private const int NodesAVisit = 64;
    private const int NodesOverdue = 1024;
    private const int NodesCleanedAWrite = 4;
    private const int NodesCleanedASweep = 256;
    private const int MergesAnExit = 8;

    private readonly Store _store;
    private readonly Arena _arena;
    private readonly TableWord* _words;
    private readonly RecordTable?[] _tables;
    private readonly long[] _expiring;
    private long _expiringInAll;
    private readonly ExpiryWheel<WheelMemory> _wheel;
    private ShardLock _lock;
    private bool _parity;
    private bool _shrinks;
    private ulong _lastVersion;
    private ISnapshotObserver? _snapshot;
    private DatabasePermutation _databasesSinceSnapshot = new();

    public Shard(Store store, int index, TableWord* words, int databases, Evictor? evictor)
    {
        _store = store;
        _arena = store.Arena;
        _words = words;
        _tables = new RecordTable?[databases];
        _expiring = new long[databases];
        Index = index;
        Allocator = new BlockAllocator(_arena);
        Room = new Room(this, store, evictor);
        _wheel = new ExpiryWheel<WheelMemory>(new WheelMemory(_arena, Allocator), store.Clock.UnixMilliseconds);

        // Versions of an earlier process must not match by accident, so they begin with the time.
        _lastVersion = (ulong)store.Clock.UnixMilliseconds << 20;
    }

    public int Index { get; }

    public BlockAllocator Allocator { get; }

    public Room Room { get; }

    /// <summary>Entries removed because their time had come, since the cache was opened.</summary>
    public long ExpiredCount { get; private set; }

    /// <summary>Entries removed to make room, since the cache was opened.</summary>
    public long EvictedCount { get; private set; }

    /// <summary>Where effects go while this shard takes part in a write to several; see <see cref="Journal.BeginBlock"/>.</summary>
    public EffectBuffer? Block { get; set; }

    /// <summary>The buffer for effects; null when nothing is logged.</summary>
    public EffectBuffer? Effects => Block ?? _store.Journal?[Index];

    /// <summary>Native bytes of the expiry wheel.</summary>
    public long WheelBytes => _wheel.Bytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter() => _lock.Enter();

    public bool TryEnter() => _lock.TryEnter();

    /// <summary>Unlocks. A table that has become too large is merged a little first, and what tables and wheel took is made good.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exit()
    {
        if (_shrinks | Allocator.HasGrownFixed)
        {
            TidyUp();
        }

        _lock.Exit();
    }

    /// <summary>The entries of a database, those included whose time has come but that were not swept yet.</summary>
    public int Count(int database) => _tables[database]?.Count ?? 0;

    /// <summary>The entries of a database that have a deadline.</summary>
    public long Expiring(int database) => _expiring[database];

    /// <summary>A database's table, or null if it never had an entry here.</summary>
    public RecordTable? TableOf(int database) => _tables[database];

    /// <summary>Finds a key. An entry whose deadline has passed is removed, with its DEL in the log, and not found.</summary>
    public bool TryFind(int database, in KeyProbe key, out Entry entry)
    {
        RecordTable? table = _tables[database];
        if (table != null && table.TryFind(key, out SlotPosition position))
        {
            entry = new Entry(_arena, position);
            if (!entry.HasDeadline || entry.Deadline > _store.Clock.UnixMilliseconds)
            {
                return true;
            }

            if (!_store.IsLoading)
            {
                Expire(database, entry);
            }
            else
            {
                return true;    // as Redis: while the log is replayed nothing expires
            }
        }

        entry = default;
        return false;
    }

    /// <summary>Writes a record that nobody sees yet. May evict and move other entries; <paramref name="current"/> stays valid.</summary>
    /// <param name="current">The entry that it will replace, or <c>default</c>.</param>
    /// <param name="kind">What it holds.</param>
    /// <param name="key">Its key.</param>
    /// <param name="valueLength">Length of the value in bytes, which the caller fills in.</param>
    /// <param name="extras">Deadline, version and so on.</param>
    /// <param name="spareBytes">Room to keep behind the value.</param>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed but that entries may have been evicted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PendingRecord Prepare(in Entry current, ValueKind kind, in KeyProbe key, int valueLength, in RecordExtras extras, long spareBytes = 0)
    {
        long bytes = Record.BytesFor(key.Length, valueLength, extras) + spareBytes;
        byte* record = Allocator.TryAllocate(bytes, movable: true, _store.Budget.LimitBytes);
        if (record == null)
        {
            record = Room.Make(bytes, key, current);
        }

        byte* value = Record.Write(record, kind, key, valueLength, extras, _parity);
        return new PendingRecord(record, value, valueLength);
    }

    /// <summary>Makes a prepared record visible, in the place of <paramref name="current"/> or as a new entry. Entries found before are void.</summary>
    public void Publish(int database, in Entry current, in KeyProbe key, in PendingRecord pending)
    {
        uint reference = _arena.ReferenceOf(pending.Record);
        ulong header = Record.HeaderOf(pending.Record);
        if (Record.HasExpiry(header))
        {
            Arm(database, current, key.SlotHash, pending.Record, header);
        }

        if (current.Exists)
        {
            ReplaceRecord(database, current, reference);
        }
        else
        {
            TableForWriting(database).Add(key.SlotHash, reference, Room.AccessOfNewEntry);
        }

        // Not earlier: a node whose record isn't in the table yet looks like one left behind.
        if (Record.HasExpiry(header))
        {
            CleanWheel(NodesCleanedAWrite);
        }
    }

    private void ReplaceRecord(int database, in Entry current, uint reference)
    {
        byte* old = current.Record;
        if (Record.HasExpiry(Record.HeaderOf(old)))
        {
            CountExpiring(database, -1);
        }

        if (_snapshot != null)
        {
            HandOver(database, old);
        }

        _tables[database]!.Replace(current.Position, reference);
        Bucket.SetAccess(current.Position.Bucket, current.Position.SlotIndex, Bucket.RecentlyUsed);
        Allocator.Free(old);
    }

    /// <summary>Frees a prepared record that will not be published.</summary>
    public void Discard(in PendingRecord pending) => Allocator.Free(pending.Record);

    /// <summary>Removes an entry and frees its record. Writes nothing to the log.</summary>
    public void Remove(int database, in Entry entry)
    {
        byte* record = entry.Record;
        HandOver(database, record);
        if (entry.HasDeadline)
        {
            CountExpiring(database, -1);
        }

        RecordTable table = _tables[database]!;
        table.Remove(entry.Position);
        Allocator.Free(record);
        _shrinks |= table.IsTooLarge;
    }

    /// <summary>Removes an entry whose deadline has passed, and logs a DEL.</summary>
    public void Expire(int database, in Entry entry)
    {
        LogDelete(database, entry);
        Remove(database, entry);
        ExpiredCount++;
    }

    /// <summary>Removes an entry to make room, and logs a DEL.</summary>
    public void Evict(int database, in Entry entry)
    {
        LogDelete(database, entry);
        Remove(database, entry);
        EvictedCount++;
    }

    /// <summary>Gives an entry another deadline, or none. Entries found before are void.</summary>
    /// <exception cref="CacheFullException">The entry had no deadline, and the budget has no room for one. Nothing has changed.</exception>
    public void SetDeadline(int database, in Entry entry, in KeyProbe key, long deadline)
    {
        if (entry.HasDeadline && deadline != Record.NoExpiry)
        {
            byte* record = entry.Record;
            HandOver(database, record);
            if (_wheel.IsSooner(deadline, entry.Deadline))
            {
                Record.SetMark(record, _wheel.Add(key.SlotHash, database, deadline));
                CleanWheel(NodesCleanedAWrite);
            }

            Record.SetDeadline(record, deadline);
            return;
        }

        RecordExtras extras = entry.Extras;
        extras = new RecordExtras { Deadline = deadline, Version = extras.Version, Flags = extras.Flags, Edited = extras.Edited };
        PendingRecord pending = Prepare(entry, entry.Kind, key, entry.ValueLength, extras);
        entry.Value.CopyTo(pending.Value);
        Publish(database, entry, key, pending);
    }

    /// <summary>A version that no entry of this shard has had.</summary>
    public ulong NextVersion() => ++_lastVersion;

    /// <summary>Removes what has expired, in slices of bounded work.</summary>
    /// <returns>Whether more is waiting.</returns>
    public bool SweepExpired(long now)
    {
        var sink = new DueEntries(this, now);
        bool more = _wheel.Advance(now, NodesAVisit, ref sink);
        CleanWheel(NodesCleanedASweep);
        return more;
    }

    /// <summary>Empties a database. Readers see it at once; the caller frees the records in slices.</summary>
    public DetachedTable? Detach(int database)
    {
        RecordTable? table = _tables[database];
        if (table == null || table.Count == 0)
        {
            return null;
        }

        if (_snapshot != null)
        {
            HandOverAll(database, table);
        }

        CountExpiring(database, -_expiring[database]);
        return table.Detach();
    }

    /// <summary>Exchanges two databases.</summary>
    public void SwapDatabases(int a, int b)
    {
        if (_tables[a] == null && _tables[b] == null)
        {
            return;
        }

        TableForWriting(a).Swap(TableForWriting(b));
        (_expiring[a], _expiring[b]) = (_expiring[b], _expiring[a]);
        _wheel.SwapDatabases(a, b);
        _databasesSinceSnapshot.Swap(a, b);
    }

    /// <summary>Begins or ends (null) a snapshot; see <see cref="ISnapshotObserver"/>.</summary>
    public void SetSnapshot(ISnapshotObserver? observer)
    {
        if (observer != null)
        {
            _parity = !_parity;
            _databasesSinceSnapshot = new DatabasePermutation();
        }

        _snapshot = observer;
    }

    /// <summary>Hands over the entries of some buckets that no writer has handed over yet.</summary>
    /// <param name="snapshotDatabase">The number that the database had when the snapshot began.</param>
    /// <param name="position">Where the slice before ended; 0 to begin.</param>
    /// <returns>The position of the next slice; 0 at the end.</returns>
    public uint HandOverSlice(int snapshotDatabase, uint position)
    {
        int database = _databasesSinceSnapshot.Meant(snapshotDatabase);
        RecordTable? table = _tables[database];
        if (table == null)
        {
            return 0;
        }

        var visitor = new HandingOver(this, database);
        return table.Scan(position, ref visitor);
    }

    /// <summary>Hands an entry's present state to the snapshot that waits for it, before it is changed.</summary>
    public void HandOver(int database, byte* record)
    {
        if (_snapshot != null && Record.Parity(Record.HeaderOf(record)) != _parity)
        {
            Record.Measure(record, Record.HeaderOf(record), out byte* key, out int keyLength, out int valueLength);
            _snapshot.HandOver(
                Index,
                _databasesSinceSnapshot.Stored(database),
                new ReadOnlySpan<byte>(key, keyLength),
                new ReadOnlySpan<byte>(key + keyLength, valueLength),
                Record.KindOf(Record.HeaderOf(record)),
                Record.ExtrasOf(record));
            Record.SetParity(record, _parity);
        }
    }

    /// <summary>Lets a block's record live elsewhere; for emptying slabs. The copy has been made.</summary>
    /// <returns>Whether the old block was freed; otherwise the copy was.</returns>
    public bool Relocate(byte* from, byte* to)
    {
        Record.Measure(from, Record.HeaderOf(from), out byte* key, out int keyLength, out _);
        uint hash = (uint)KeyProbe.HashOf(key, keyLength);
        uint reference = _arena.ReferenceOf(from);
        foreach (RecordTable? table in _tables)
        {
            if (table is { Count: > 0 } && table.TryFind(hash, reference, out SlotPosition position))
            {
                table.Replace(position, _arena.ReferenceOf(to));
                Allocator.Free(from);
                return true;
            }
        }

        // A record of a flushed database that is still to be freed, or one that isn't published yet: it stays where it is.
        Allocator.Free(to);
        return false;
    }

    /// <summary>Forgets everything; the arena is being discarded.</summary>
    public void Reset()
    {
        Array.Clear(_tables);
        Allocator.Reset();
    }

    private RecordTable TableForWriting(int database) => _tables[database] ??= new RecordTable(_arena, Allocator, _words + database);

    private void LogDelete(int database, in Entry entry)
    {
        if (Effects is { } effects)
        {
            effects.Begin(database, 2).Argument("DEL"u8).Argument(entry.Key);
            if (Block == null)
            {
                _store.Journal!.Complete(Index);
            }
        }
    }

    // Keeps the node of the old deadline if that fires first anyway; see ExpiryWheel.
    private void Arm(int database, in Entry current, uint hash, byte* record, ulong header)
    {
        long deadline = Record.DeadlineOf(record, header);
        bool keepsNode = current.Exists && current.HasDeadline && !_wheel.IsSooner(deadline, current.Deadline);
        Record.SetMark(record, keepsNode ? Record.MarkOf(current.Record) : _wheel.Add(hash, database, deadline));
        CountExpiring(database, 1);
    }

    private void CountExpiring(int database, long change)
    {
        _expiring[database] += change;
        _expiringInAll += change;
    }

    private void CleanWheel(int nodes)
    {
        if (_wheel.Nodes > (2 * _expiringInAll) + NodesOverdue)
        {
            var cleaner = new KeepsLiving(this);
            _wheel.Clean(nodes, ref cleaner);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void TidyUp()
    {
        if (Allocator.HasGrownFixed)
        {
            Allocator.HasGrownFixed = false;
            Room.Trim();
        }

        _shrinks = false;
        foreach (RecordTable? table in _tables)
        {
            if (table != null)
            {
                _shrinks |= table.ShrinkStep(MergesAnExit);
            }
        }
    }

    private void HandOverAll(int database, RecordTable table)
    {
        var visitor = new HandingOver(this, database);
        uint position = 0;
        do
        {
            position = table.Scan(position, ref visitor);
        }
        while (position != 0);
    }

    private readonly struct HandingOver(Shard shard, int database) : IRecordVisitor
    {
        public void Visit(byte* record) => shard.HandOver(database, record);
    }

    private readonly struct DueEntries(Shard shard, long now) : IExpirySink
    {
        public void Due(uint hash, int database, byte mark)
        {
            RecordTable? table = shard._tables[database];
            if (table == null)
            {
                return;
            }

            var expired = new HasExpired(now);
            while (table.TryFind(hash, ref expired, out SlotPosition position))
            {
                shard.Expire(database, new Entry(shard._arena, position));
            }

            var marked = new BearsMark(mark);
            if (table.TryFind(hash, ref marked, out SlotPosition living))
            {
                byte* record = shard._arena.At(living.Reference);
                long deadline = Record.DeadlineOf(record, Record.HeaderOf(record));
                Record.SetMark(record, shard._wheel.Add(hash, database, deadline));
            }
        }
    }

    private readonly struct KeepsLiving(Shard shard) : IExpiryCleaner
    {
        public bool Keep(uint hash, int database, byte mark)
        {
            var marked = new BearsMark(mark);
            return shard._tables[database] is { } table && table.TryFind(hash, ref marked, out _);
        }
    }

    private readonly struct HasExpired(long now) : IRecordFilter
    {
        public bool Accepts(byte* record) => Record.DeadlineOf(record, Record.HeaderOf(record)) <= now;
    }

    private readonly struct BearsMark(byte mark) : IRecordFilter
    {
        public bool Accepts(byte* record) => Record.HasExpiry(Record.HeaderOf(record)) && Record.MarkOf(record) == mark;
    }

    private readonly struct WheelMemory(Arena arena, BlockAllocator allocator) : IWheelMemory
    {
        public uint Allocate(int bytes) => arena.ReferenceOf(allocator.AllocateFixed(bytes));

        public void Free(uint reference) => allocator.Free(arena.At(reference));

        public byte* Address(uint reference) => arena.At(reference);
    }
}
