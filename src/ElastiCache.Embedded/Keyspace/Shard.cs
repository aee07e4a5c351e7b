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
    private const int MergesAnExit = 8;

    private readonly Store _store;
    private readonly Arena _arena;
    private readonly TableWord* _words;
    private readonly RecordTable?[] _tables;
    private ShardLock _lock;
    private bool _shrinks;
    private ulong _lastVersion;

    public Shard(Store store, int index, TableWord* words, int databases, Func<Shard, Evictor>? newEvictor)
    {
        (_store, _arena) = (store, store.Arena);
        _words = words;
        _tables = new RecordTable?[databases];
        Index = index;
        Allocator = new BlockAllocator(_arena);
        Expiry = new ShardExpiry(this, _arena, databases, store.Clock.UnixMilliseconds);
        NeverRemoved = new NeverRemoved(databases);
        MemberExpiry = new MemberExpiry(this, store);
        Listeners = new KeyListeners(databases);
        Snapshot = new ShardSnapshot(this);
        Compaction = new SlabCompaction(this, store);
        Room = new Room(this, store, newEvictor?.Invoke(this));
        Tracker = AccessTracker.For(this, store);

        // Versions of an earlier process must not match by accident, so they begin with the time.
        _lastVersion = (ulong)store.Clock.UnixMilliseconds << 20;
    }

    public int Index { get; }

    public BlockAllocator Allocator { get; }

    public Room Room { get; }

    /// <summary>Empties sparse slabs.</summary>
    public SlabCompaction Compaction { get; }

    /// <summary>How entries were used; null where nobody is to know. Another policy may bring another one.</summary>
    public AccessTracker? Tracker { get; set; }

    /// <summary>Large collections.</summary>
    public CollectionRegistry Collections { get; } = new();

    /// <summary>Who wants to know of changes to keys.</summary>
    public KeyListeners Listeners { get; }

    /// <summary>The entries' deadlines.</summary>
    public ShardExpiry Expiry { get; }

    /// <summary>How many entries no evictor may take.</summary>
    public NeverRemoved NeverRemoved { get; }

    /// <summary>Deadlines inside collections.</summary>
    public MemberExpiry MemberExpiry { get; }

    public Arena Arena => _arena;

    /// <summary>Entries removed because their time had come, since the cache was opened.</summary>
    public long ExpiredCount { get; private set; }

    /// <summary>Entries removed to make room, since the cache was opened.</summary>
    public long EvictedCount { get; private set; }

    /// <summary>Where effects go while this shard takes part in a write to several; see <see cref="Journal.BeginBlock"/>.</summary>
    public EffectBuffer? Block { get; set; }

    /// <summary>The buffer for effects; null when nothing is logged.</summary>
    public EffectBuffer? Effects => Block ?? _store.Journal?[Index];

    /// <summary>Changes so far, as Redis counts them for <c>save</c>: elements, fields or keys written and removed, but not what expired or was evicted.</summary>
    public long Changes { get; private set; }

    /// <summary>Begins the effect of so many <paramref name="changes"/> and counts them, which is all that is done, and the result null, when nothing is logged.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public EffectBuffer? Effect(int database, int arguments, EntryMarks marks = default, long changes = 1) => Effect(Effects, database, arguments, marks, changes);

    /// <summary>The same for who has looked up <see cref="Effects"/> already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public EffectBuffer? Effect(EffectBuffer? effects, int database, int arguments, EntryMarks marks, long changes)
    {
        Changes += changes;
        return effects?.Begin(database, arguments, marks);
    }

    /// <summary>Native bytes of the expiry wheels.</summary>
    public long WheelBytes => Expiry.WheelBytes + MemberExpiry.WheelBytes;

    /// <summary>The present time by the store's clock.</summary>
    public long UnixMilliseconds => _store.Clock.UnixMilliseconds;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter() => _lock.Enter();

    public bool TryEnter() => _lock.TryEnter();

    /// <summary>See <see cref="ShardLock.IsAwaited"/>.</summary>
    public bool IsAwaited => _lock.IsAwaited;

    /// <summary>Locks for a transaction of this thread, whose operations may then enter again; readers without a lock are kept out too.</summary>
    public void Hold()
    {
        _lock.Hold();
        IsHeld = true;
        SetHidden(true);
    }

    /// <summary>Ends <see cref="Hold"/>.</summary>
    public void Release()
    {
        TidyUp();
        IsHeld = false;
        SetHidden(false);
        _lock.Release();
    }

    /// <summary>Whether a transaction holds the shard; to be asked by its thread.</summary>
    public bool IsHeld { get; private set; }

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
    public long Expiring(int database) => Expiry.CountOf(database);

    /// <summary>The entries of all databases that have a deadline.</summary>
    public long ExpiringInAll => Expiry.CountOfAll;

    /// <summary>Bytes of an entry: its record's block, and what a large collection holds.</summary>
    public long BytesOf(in Entry entry) => entry.BlockBytes(this) + (ShellOf(entry)?.NativeBytes ?? 0);

    public int DatabaseCount => _tables.Length;

    /// <summary>A database's table, or null if it never had an entry here.</summary>
    public RecordTable? TableOf(int database) => _tables[database];

    /// <summary>Finds a key. An entry whose deadline has passed is removed, with its DEL in the log, and not found. Whether that <paramref name="uses"/> the entry is for OBJECT IDLETIME and FREQ.</summary>
    public bool TryFind(int database, in KeyProbe key, out Entry entry, bool uses = true)
    {
        RecordTable? table = _tables[database];
        if (table != null && table.TryFind(key, out SlotPosition position))
        {
            entry = new Entry(_arena, position);
            // As Redis: while the log is replayed nothing expires.
            if (!entry.HasDeadline || !_store.Clock.HasPassed(entry.Deadline) || _store.IsLoading)
            {
                if (uses)
                {
                    Tracker?.Touch(database, key.SlotHash);
                }

                return true;
            }

            Expire(database, entry);
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
        if (!current.Exists)
        {
            Room.Expect(key.SlotHash);
        }

        long bytes = Record.BytesFor(key.Length, valueLength, extras) + spareBytes;
        byte* record = Allocator.TryAllocate(bytes, movable: true, _store.Budget.LimitBytes);
        if (record == null)
        {
            record = Room.Make(bytes, key, current);
        }

        byte* value = Record.Write(record, kind, key, valueLength, extras, Snapshot.Parity);
        return new PendingRecord(record, value, valueLength);
    }

    /// <summary>Makes a prepared record visible, in the place of <paramref name="current"/> or as a new entry. Entries found before are void.</summary>
    public void Publish(int database, in Entry current, in KeyProbe key, in PendingRecord pending)
    {
        uint reference = _arena.ReferenceOf(pending.Record);
        ulong header = Record.HeaderOf(pending.Record);
        if (Record.HasExpiry(header))
        {
            Expiry.Arm(database, current, key.SlotHash, pending.Record, header);
        }

        if (current.Exists && ((Record.HasExpiry(header) && EntryAccess.TagOf(current.Position) == 0) || GivesWayOtherwise(current, header, pending.Record)))
        {
            EntryAccess.SetTag(current.Position, Room.Admit(database, key.SlotHash, pending.Record));
        }

        if (Record.HasMarks(header))
        {
            NeverRemoved.Count(database, pending.Record, 1);
        }

        if (current.Exists)
        {
            ReplaceRecord(database, current, reference);
        }
        else
        {
            uint tag = Room.Admit(database, key.SlotHash, pending.Record);
            TableForWriting(database).Add(key.SlotHash, reference, tag);
            Tracker?.Add(database, key.SlotHash);
            if (_store.Events != null)
            {
                Raise(KeyEventClass.New, "new"u8, database, pending.Record);
            }
        }

        if (Listeners.Any)
        {
            Listeners.Signal(database, Record.KeyOf(pending.Record));
        }

        // Not earlier: a node whose record isn't in the table yet looks like one left behind.
        if (Record.HasExpiry(header))
        {
            Expiry.Tidy();
        }
    }

    private void ReplaceRecord(int database, in Entry current, uint reference)
    {
        byte* old = current.Record;
        Uncount(database, old);
        Snapshot.HandOver(database, old);

        _tables[database]!.Replace(current.Position, reference);
        Bucket.MarkUsed(current.Position.Bucket, current.Position.SlotIndex);
        if (Record.KindOf(Record.HeaderOf(old)) > ValueKind.String)
        {
            _shrinks |= Collections.ReleaseOf(old, _arena.At(reference));
        }

        Allocator.Free(old);
    }

    /// <summary>As <see cref="Publish"/> for a record that is no change of the entry but another value in its place; those who listen are told so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PublishOver(int database, in Entry current, in KeyProbe key, in PendingRecord pending)
    {
        KeyRemovals.Tell(_store, RemovalReasons.Replaced, database, current);
        Publish(database, current, key, pending);
    }

    /// <summary>Frees a prepared record that will not be published.</summary>
    public void Discard(in PendingRecord pending) => Allocator.Free(pending.Record);

    /// <summary>Removes an entry and frees its record. Writes nothing to the log.</summary>
    /// <param name="database">Its database.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="keepsShell">Whether another entry refers to its collection by now.</param>
    /// <param name="reason">Why, for those who listen.</param>
    public void Remove(int database, in Entry entry, bool keepsShell = false, RemovalReasons reason = RemovalReasons.Removed)
    {
        KeyRemovals.Tell(_store, reason, database, entry);
        byte* record = entry.Record;
        BeginChange(database, record);
        if (!keepsShell && entry.Kind > ValueKind.String)
        {
            _shrinks |= Collections.ReleaseOf(record, null);
        }

        Uncount(database, record);
        Tracker?.Forget(database, entry.Position.Hash);
        RecordTable table = _tables[database]!;
        table.Remove(entry.Position);
        Allocator.Free(record);
        _shrinks |= table.IsTooLarge;
    }

    /// <summary>Removes an entry whose deadline has passed, and logs a DEL.</summary>
    public void Expire(int database, in Entry entry)
    {
        LogDelete(database, entry);
        Raise(KeyEventClass.Expired, "expired"u8, database, entry.Record);
        Remove(database, entry, reason: RemovalReasons.Expired);
        ExpiredCount++;
    }

    /// <summary>Removes an entry to make room, and logs a DEL.</summary>
    public void Evict(int database, in Entry entry)
    {
        LogDelete(database, entry);
        Raise(KeyEventClass.Evicted, "evicted"u8, database, entry.Record);
        Remove(database, entry, reason: RemovalReasons.Evicted);
        EvictedCount++;
    }

    /// <summary>The shell of a large collection; null if the entry holds a string or a packed collection.</summary>
    public Collection? ShellOf(in Entry entry)
    {
        ReadOnlySpan<byte> value = entry.Value;
        return CollectionForm.IsShell(entry.Kind, value) ? Collections[CollectionForm.NumberOf(value)] : null;
    }

    /// <summary>Makes an entry refer to a shell that no entry refers to yet. Deadline and priority are kept. Entries found before are void.</summary>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed; the caller frees the shell.</exception>
    public void PublishShell(int database, in Entry current, in KeyProbe key, ValueKind kind, Collection shell)
    {
        RecordExtras extras = current.Exists ? new RecordExtras { Deadline = current.Deadline, Marks = current.Marks } : default;
        PendingRecord pending = Prepare(current, kind, key, CollectionForm.ShellBytes, extras);
        CollectionForm.WriteShell(pending.Value, Collections.Add(shell));
        Publish(database, current, key, pending);
    }

    /// <summary>To be called before anything of an entry is changed in place: a snapshot gets its old state, and listeners are told.</summary>
    public void BeginChange(int database, byte* record)
    {
        Snapshot.HandOver(database, record);
        if (Listeners.Any)
        {
            Listeners.Signal(database, Record.KeyOf(record));
        }
    }

    public void BeginChange(int database, in Entry entry) => BeginChange(database, entry.Record);

    /// <summary>A version that no entry of this shard has had.</summary>
    public ulong NextVersion() => ++_lastVersion;

    /// <summary>Removes what has expired and what is left of entries that are gone, and brings what is left closer together, in slices of bounded work.</summary>
    /// <returns>Whether more is waiting.</returns>
    public bool SweepExpired(long now) => Expiry.Sweep(now) | MemberExpiry.Sweep(now) | Collections.FreeSlice() | Room.TidyEvictor() | Compaction.Step() | Tracker?.Tidy() == true;

    /// <summary>Empties a database. Readers see it at once; the caller frees the records in slices.</summary>
    public DetachedTable? Detach(int database)
    {
        RecordTable? table = _tables[database];
        if (table == null || table.Count == 0)
        {
            return null;
        }

        Snapshot.HandOverAll(database, table);
        if (Listeners.Any)
        {
            Listeners.SignalExisting(database, table);
        }

        Expiry.Count(database, -Expiry.CountOf(database));
        NeverRemoved.Clear(database);
        DetachedTable detached = table.Detach(Collections);
        Tracker?.Clear(database);
        return detached;
    }

    /// <summary>Exchanges two databases.</summary>
    public void SwapDatabases(int a, int b)
    {
        if (_tables[a] == null && _tables[b] == null)
        {
            return;
        }

        if (Listeners.Any)
        {
            Listeners.SignalReplaced(a, _tables[a], _tables[b], _arena, _store.Clock);
            Listeners.SignalReplaced(b, _tables[b], _tables[a], _arena, _store.Clock);
        }

        TableForWriting(a).Swap(TableForWriting(b));
        Expiry.SwapDatabases(a, b);
        NeverRemoved.SwapDatabases(a, b);
        MemberExpiry.SwapDatabases(a, b);
        Room.SwapDatabases(a, b);
        Tracker?.SwapDatabases(a, b);
        Snapshot.SwapDatabases(a, b);
    }

    /// <summary>The running snapshot's view of this shard.</summary>
    public ShardSnapshot Snapshot { get; }

    /// <summary>Forgets everything; the arena is being discarded.</summary>
    public void Reset()
    {
        Array.Clear(_tables);
        Allocator.Reset();
        Collections.Reset();
        MemberExpiry.Reset();
        Room.Reset();
    }

    private void Raise(KeyEventClass eventClass, ReadOnlySpan<byte> name, int database, byte* record)
    {
        if (_store.Events is { } events && (events.Classes & eventClass) != 0)
        {
            events.Raise(eventClass, name, database, Record.KeyOf(record));
        }
    }

    // Of a record that goes.
    private void Uncount(int database, byte* record)
    {
        ulong header = Record.HeaderOf(record);
        if (Record.HasExpiry(header))
        {
            Expiry.Count(database, -1);
        }

        if (Record.HasMarks(header))
        {
            NeverRemoved.Count(database, record, -1);
        }
    }

    private static bool GivesWayOtherwise(in Entry current, ulong header, byte* record) =>
        Record.HasMarks(header | Record.HeaderOf(current.Record)) && current.Marks.WithFlags(0) != Record.MarksOf(record, header).WithFlags(0);

    internal RecordTable TableForWriting(int database)
    {
        if (_tables[database] == null)
        {
            _tables[database] = new RecordTable(_arena, Allocator, _words + database);
            _tables[database]!.SetHidden(IsHeld);
        }

        return _tables[database]!;
    }

    private void SetHidden(bool isHidden)
    {
        foreach (RecordTable? table in _tables)
        {
            table?.SetHidden(isHidden);
        }
    }

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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void TidyUp()
    {
        _shrinks = Room.TidyEvictor() | Collections.FreeSlice();
        foreach (RecordTable? table in _tables)
        {
            if (table != null)
            {
                _shrinks |= table.ShrinkStep(MergesAnExit);
            }
        }

        // Last, for to make something smaller can take a block first.
        if (Allocator.HasGrownFixed)
        {
            Allocator.HasGrownFixed = false;
            Room.Trim();
        }
    }
}
