namespace ElastiCache.Embedded.Keyspace;

/// <summary>One shard's part in a snapshot: which records it has still to see, and handing them over; see <see cref="ISnapshotObserver"/>. Guarded by the shard's lock.</summary>
internal sealed unsafe class ShardSnapshot(Shard shard)
{
    private ISnapshotObserver? _observer;
    private DatabasePermutation _databases = new();

    /// <summary>The parity of records that are written now.</summary>
    public bool Parity { get; private set; }

    /// <summary>Whether one is being taken.</summary>
    public bool IsRunning => _observer != null;

    /// <summary>Begins a snapshot, or ends it with null.</summary>
    public void Set(ISnapshotObserver? observer)
    {
        if (observer != null)
        {
            Parity = !Parity;
            _databases = new DatabasePermutation();
        }

        _observer = observer;
    }

    /// <summary>Keeps track of SWAPDB.</summary>
    public void SwapDatabases(int a, int b) => _databases.Swap(a, b);

    /// <summary>Hands over the entries of some buckets that no writer has handed over yet.</summary>
    /// <param name="snapshotDatabase">The number that the database had when the snapshot began.</param>
    /// <param name="position">Where the slice before ended; 0 to begin.</param>
    /// <returns>The position of the next slice; 0 at the end.</returns>
    public uint HandOverSlice(int snapshotDatabase, uint position)
    {
        int database = _databases.Meant(snapshotDatabase);
        RecordTable? table = shard.TableOf(database);
        if (table == null)
        {
            return 0;
        }

        ScanAhead.Prefetch(table, shard.Arena, position);
        var visitor = new HandingOver(this, database);
        return table.Scan(position, ref visitor);
    }

    /// <summary>Hands an entry's present state to the snapshot that waits for it, before it is changed.</summary>
    public void HandOver(int database, byte* record)
    {
        if (_observer != null && Record.Parity(Record.HeaderOf(record)) != Parity)
        {
            HandOverOld(_observer, database, record);
            Record.SetParity(record, Parity);
        }
    }

    /// <summary>As the other form. Alone, without <see cref="Shard.BeginChange(int, in Entry)"/>, for a change that listeners don't count as one: what a stream's groups have read.</summary>
    public void HandOver(int database, in Entry entry) => HandOver(database, entry.Record);

    /// <summary>Hands over what is left of a table that is about to be emptied.</summary>
    public void HandOverAll(int database, RecordTable table)
    {
        if (_observer == null)
        {
            return;
        }

        var visitor = new HandingOver(this, database);
        uint position = 0;
        do
        {
            position = table.Scan(position, ref visitor);
        }
        while (position != 0);
    }

    // A writer calls this in the midst of its change, and has all that it needs for the rest. So where there is no memory for the old state it is the snapshot that
    // fails, and not the writer, who would leave its change half done.
    private void HandOverOld(ISnapshotObserver observer, int database, byte* record)
    {
        CollectionSnapshot? collection = null;
        try
        {
            Record.Measure(record, Record.HeaderOf(record), out byte* key, out int keyLength, out int valueLength);
            ValueKind kind = Record.KindOf(Record.HeaderOf(record));
            var value = new ReadOnlySpan<byte>(key + keyLength, valueLength);
            collection = CollectionForm.IsShell(kind, value) ? shard.Collections[CollectionForm.NumberOf(value)].BeginSnapshot() : null;
            observer.HandOver(
                shard.Index, _databases.Stored(database), new ReadOnlySpan<byte>(key, keyLength), value, kind, Record.ExtrasOf(record), collection,
                UseOf(database, new ReadOnlySpan<byte>(key, keyLength)));
        }
        catch (OutOfMemoryException e)
        {
            collection?.Owner.EndSnapshot();
            observer.Fail(e);
        }
    }

    // As Redis, which writes idle times under its LRU policies and frequencies under its LFU policies.
    private KnownUse UseOf(int database, ReadOnlySpan<byte> key)
    {
        if (shard.Tracker is not { } tracker || shard.Room.Order == EvictionOrder.Other)
        {
            return default;
        }

        KeyProbe.Create(key, out KeyProbe probe);
        return tracker.UseOf(database, probe.SlotHash);
    }

    private readonly struct HandingOver(ShardSnapshot snapshot, int database) : IRecordVisitor
    {
        public void Visit(byte* record) => snapshot.HandOver(database, record);
    }
}
