namespace ElastiCache.Embedded.Keyspace;

/// <summary>An edit of a small collection's packed bytes: in the entry's own block where that is large enough, else in a new one.</summary>
/// <remarks>
/// <code>
///   PackedEdit edit = PackedEdit.Begin(shard, database, current, key, ValueKind.Hash, mostBytes);    may throw: nothing has changed
///   int length = ListPack.Append(edit.Bytes[1..], …)                                                 old bytes first, then room
///   edit.End(current, key, length);
/// </code>
/// The shard is locked throughout. Readers without a lock never look into a collection, so an edit in place disturbs nobody. The entry keeps
/// its deadline and priority.
/// </remarks>
internal readonly unsafe ref struct PackedEdit
{
    // Blocks grow by a quarter beyond the need, so that adding elements one by one copies each a few times at most.
    private const int SpareShare = 4;

    private readonly Shard _shard;
    private readonly int _database;
    private readonly PendingRecord _pending;
    private readonly bool _isInPlace;

    private PackedEdit(Shard shard, int database, PendingRecord pending, Span<byte> bytes, bool isInPlace)
    {
        _shard = shard;
        _database = database;
        _pending = pending;
        _isInPlace = isInPlace;
        Bytes = bytes;
    }

    /// <summary>The value: its old bytes, then undefined ones, <c>mostBytes</c> in all.</summary>
    public Span<byte> Bytes { get; }

    /// <summary>Begins an edit.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="database">The database.</param>
    /// <param name="current">The entry, or none.</param>
    /// <param name="key">Its key.</param>
    /// <param name="kind">What it holds.</param>
    /// <param name="mostBytes">The most that the value will have at any moment of the edit, its form byte included; not less than it has now.</param>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public static PackedEdit Begin(Shard shard, int database, scoped in Entry current, scoped in KeyProbe key, ValueKind kind, int mostBytes)
    {
        if (current.Exists)
        {
            byte* record = current.Record;
            ulong header = Record.HeaderOf(record);
            Record.Measure(record, header, out byte* storedKey, out int keyLength, out _);
            long capacity = shard.Allocator.CapacityOf(record) - (storedKey - record) - keyLength;
            if (mostBytes <= capacity && Record.FitsLayout(header, mostBytes))
            {
                shard.BeginChange(database, record);
                return new PackedEdit(shard, database, default, new Span<byte>(storedKey + keyLength, mostBytes), isInPlace: true);
            }
        }

        RecordExtras extras = current.Exists ? new RecordExtras { Deadline = current.Deadline, Marks = current.Marks } : default;
        PendingRecord pending = shard.Prepare(current, kind, key, mostBytes, extras, current.Exists ? mostBytes / SpareShare : 0);
        if (current.Exists)
        {
            current.Value.CopyTo(pending.Value);
        }

        return new PackedEdit(shard, database, pending, pending.Value, isInPlace: false);
    }

    /// <summary>Ends the edit with the value's length, form byte included. Entries found before are void.</summary>
    public void End(in Entry current, in KeyProbe key, int length)
    {
        if (_isInPlace)
        {
            Record.SetValueLength(current.Record, length);
            return;
        }

        Record.SetValueLength(_pending.Record, length);
        _shard.Publish(_database, current, key, _pending);
    }

    /// <summary>Ends an edit that changed nothing.</summary>
    public void Cancel()
    {
        if (!_isInPlace)
        {
            _shard.Discard(_pending);
        }
    }
}
