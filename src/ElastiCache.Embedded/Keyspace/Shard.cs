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
    private readonly ShardExpiry _expiry;
    private ShardLock _lock;
    private bool _shrinks;
    private ulong _lastVersion;

    public Shard(Store store, int index, TableWord* words, int databases, Evictor? evictor)
    {
        _store = store;
        _arena = store.Arena;
        _words = words;
        _tables = new RecordTable?[databases];
        Index = index;
        Allocator = new BlockAllocator(_arena);
        Room = new Room(this, store, evictor);
        _expiry = new ShardExpiry(this, _arena, databases, store.Clock.UnixMilliseconds);
        MemberExpiry = new MemberExpiry(this, store);
        Listeners = new KeyListeners(databases);
        Snapshot = new ShardSnapshot(this);

        // Versions of an earlier process must not match by accident, so they begin with the time.
        _lastVersion = (ulong)store.Clock.UnixMilliseconds << 20;
    }

    public int Index { get; }

    public BlockAllocator Allocator { get; }

    public Room Room { get; }

    /// <summary>Large collections.</summary>
    public CollectionRegistry Collections { get; } = new();

    /// <summary>Who wants to know of changes to keys.</summary>
    public KeyListeners Listeners { get; }

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
    public EffectBuffer? Effect(int database, int arguments, uint flags = 0, long changes = 1)
    {
        Changes += changes;
        return Effects?.Begin(database, arguments, flags);
    }

    /// <summary>Native bytes of the expiry wheels.</summary>
    public long WheelBytes => _expiry.WheelBytes + MemberExpiry.WheelBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter() => _lock.Enter();

    public bool TryEnter() => _lock.TryEnter();

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
    public long Expiring(int database) => _expiry.CountOf(database);

    /// <summary>A database's table, or null if it never had an entry here.</summary>
    public RecordTable? TableOf(int database) => _tables[database];

    /// <summary>Finds a key. An entry whose deadline has passed is removed, with its DEL in the log, and not found.</summary>
    public bool TryFind(int database, in KeyProbe key, out Entry entry)
    {
        RecordTable? table = _tables[database];
        if (table != null && table.TryFind(key, out SlotPosition position))
        {
            entry = new Entry(_arena, position);
            if (!entry.HasDeadline || !_store.Clock.HasPassed(entry.Deadline))
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
            _expiry.Arm(database, current, key.SlotHash, pending.Record, header);
        }

        if (current.Exists)
        {
            ReplaceRecord(database, current, reference);
        }
        else
        {
            TableForWriting(database).Add(key.SlotHash, reference, Room.AccessOfNewEntry);
            if (_store.Events != null)
            {
                Raise(KeyEventClass.New, "new"u8, database, pending.Record);
            }
        }

        if (Listeners.Any)
        {
            Signal(database, pending.Record);
        }

        // Not earlier: a node whose record isn't in the table yet looks like one left behind.
        if (Record.HasExpiry(header))
        {
            _expiry.Tidy();
        }
    }

    private void ReplaceRecord(int database, in Entry current, uint reference)
    {
        byte* old = current.Record;
        if (Record.HasExpiry(Record.HeaderOf(old)))
        {
            _expiry.Count(database, -1);
        }

        Snapshot.HandOver(database, old);

        _tables[database]!.Replace(current.Position, reference);
        Bucket.SetAccess(current.Position.Bucket, current.Position.SlotIndex, Bucket.RecentlyUsed);
        if (Record.KindOf(Record.HeaderOf(old)) > ValueKind.String)
        {
            ReleaseShell(old, _arena.At(reference));
        }

        Allocator.Free(old);
    }

    /// <summary>Frees a prepared record that will not be published.</summary>
    public void Discard(in PendingRecord pending) => Allocator.Free(pending.Record);

    /// <summary>Removes an entry and frees its record. Writes nothing to the log.</summary>
    /// <param name="database">Its database.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="keepsShell">Whether another entry refers to its collection by now.</param>
    public void Remove(int database, in Entry entry, bool keepsShell = false)
    {
        byte* record = entry.Record;
        BeginChange(database, record);
        if (!keepsShell && entry.Kind > ValueKind.String)
        {
            ReleaseShell(record, null);
        }

        if (entry.HasDeadline)
        {
            _expiry.Count(database, -1);
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
        Raise(KeyEventClass.Expired, "expired"u8, database, entry.Record);
        Remove(database, entry);
        ExpiredCount++;
    }

    /// <summary>Removes an entry to make room, and logs a DEL.</summary>
    public void Evict(int database, in Entry entry)
    {
        LogDelete(database, entry);
        Raise(KeyEventClass.Evicted, "evicted"u8, database, entry.Record);
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
            BeginChange(database, record);
            _expiry.Move(database, key.SlotHash, record, entry.Deadline, deadline);
            return;
        }

        RecordExtras extras = entry.Extras;
        extras = new RecordExtras { Deadline = deadline, Version = extras.Version, Flags = extras.Flags, Edited = extras.Edited };
        PendingRecord pending = Prepare(entry, entry.Kind, key, entry.ValueLength, extras);
        entry.Value.CopyTo(pending.Value);
        Publish(database, entry, key, pending);
    }

    /// <summary>The shell of a large collection; null if the entry holds a string or a packed collection.</summary>
    public Collection? ShellOf(in Entry entry)
    {
        ReadOnlySpan<byte> value = entry.Value;
        return CollectionForm.IsShell(entry.Kind, value) ? Collections[CollectionForm.NumberOf(value)] : null;
    }

    /// <summary>Makes an entry refer to a shell that no entry refers to yet. The deadline is kept. Entries found before are void.</summary>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed; the caller frees the shell.</exception>
    public void PublishShell(int database, in Entry current, in KeyProbe key, ValueKind kind, Collection shell)
    {
        RecordExtras extras = current.Exists ? new RecordExtras { Deadline = current.Deadline } : default;
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
            Signal(database, record);
        }
    }

    public void BeginChange(int database, in Entry entry) => BeginChange(database, entry.Record);

    /// <summary>Marks a string as edited, which OBJECT ENCODING tells.</summary>
    public static void MarkEdited(in Entry entry) => Record.MarkEdited(entry.Record);

    /// <summary>A version that no entry of this shard has had.</summary>
    public ulong NextVersion() => ++_lastVersion;

    /// <summary>Removes what has expired, in slices of bounded work.</summary>
    /// <returns>Whether more is waiting.</returns>
    public bool SweepExpired(long now) => _expiry.Sweep(now) | MemberExpiry.Sweep(now) | Collections.FreeSlice();

    /// <summary>Empties a database. Readers see it at once; the caller frees the records in slices.</summary>
    public DetachedTable? Detach(int database)
    {
        RecordTable? table = _tables[database];
        if (table == null || table.Count == 0)
        {
            return null;
        }

        Snapshot.HandOverAll(database, table);
        SignalExisting(database);
        _expiry.Count(database, -_expiry.CountOf(database));
        return table.Detach(Collections);
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
        _expiry.SwapDatabases(a, b);
        MemberExpiry.SwapDatabases(a, b);
        Snapshot.SwapDatabases(a, b);
    }

    /// <summary>The running snapshot's view of this shard.</summary>
    public ShardSnapshot Snapshot { get; }

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

        Allocator.Free(to);     // a record of a flushed database that is still to be freed, or one that isn't published yet: it stays
        return false;
    }

    /// <summary>Forgets everything; the arena is being discarded.</summary>
    public void Reset()
    {
        Array.Clear(_tables);
        Allocator.Reset();
        Collections.Reset();
        MemberExpiry.Reset();
    }

    private void Raise(KeyEventClass eventClass, ReadOnlySpan<byte> name, int database, byte* record)
    {
        if (_store.Events is { } events && (events.Classes & eventClass) != 0)
        {
            Record.Measure(record, Record.HeaderOf(record), out byte* key, out int keyLength, out _);
            events.Raise(eventClass, name, database, new ReadOnlySpan<byte>(key, keyLength));
        }
    }

    private void Signal(int database, byte* record)
    {
        Record.Measure(record, Record.HeaderOf(record), out byte* key, out int keyLength, out _);
        Listeners.Signal(database, new ReadOnlySpan<byte>(key, keyLength));
    }

    // Those who listen to keys that exist.
    private void SignalExisting(int database)
    {
        if (Listeners.Any && _tables[database] is { Count: > 0 } table)
        {
            Listeners.SignalExisting(database, table);
        }
    }

    // SET over a large hash, or another record of the same hash, as when it gets a deadline.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReleaseShell(byte* record, byte* replacement)
    {
        int number = ShellNumberOf(record);
        if (number >= 0 && (replacement == null || ShellNumberOf(replacement) != number))
        {
            Collections.Release(number);
            _shrinks |= Collections.HasGarbage;
        }
    }

    private static int ShellNumberOf(byte* record)
    {
        ulong header = Record.HeaderOf(record);
        Record.Measure(record, header, out byte* key, out int keyLength, out int valueLength);
        var value = new ReadOnlySpan<byte>(key + keyLength, valueLength);
        return CollectionForm.IsShell(Record.KindOf(header), value) ? CollectionForm.NumberOf(value) : -1;
    }

    private RecordTable TableForWriting(int database)
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
        if (Allocator.HasGrownFixed)
        {
            Allocator.HasGrownFixed = false;
            Room.Trim();
        }

        _shrinks = Collections.FreeSlice();
        foreach (RecordTable? table in _tables)
        {
            if (table != null)
            {
                _shrinks |= table.ShrinkStep(MergesAnExit);
            }
        }
    }
}
