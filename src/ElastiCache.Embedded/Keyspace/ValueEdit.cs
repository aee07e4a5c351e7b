namespace ElastiCache.Embedded.Keyspace;

/// <summary>A change of some bytes of a value, in place where that pays: APPEND, SETRANGE, SETBIT, BITFIELD.</summary>
/// <remarks>
/// A short value is copied to a new record, so that readers never wait for it. From <see cref="InPlaceBytes"/> on, where copying
/// would cost more than a disturbed reader, the bytes are changed where they are while the home bucket's version is odd: a reader that
/// meets it starts again. A value that grows beyond its block moves to one with spare room (as much again, at most 1 MB, like Redis's sds), so
/// that appending is linear in the bytes appended.
/// </remarks>
internal readonly unsafe struct ValueEdit
{
    /// <summary>Values from this length on are changed in place. A 2 KB copy takes about as long as a reader's restart.</summary>
    public const int InPlaceBytes = 2048;

    private const int MaxSpareBytes = 1024 * 1024;

    private readonly Bucket* _home;         // null: a pending record
    private readonly byte* _value;
    private readonly int _length;
    private readonly PendingRecord _pending;

    private ValueEdit(Bucket* home, byte* value, int length)
    {
        _home = home;
        _value = value;
        _length = length;
    }

    private ValueEdit(in PendingRecord pending)
    {
        _pending = pending;
        _length = pending.Length;
    }

    /// <summary>The value: its old bytes, then zeros. Nothing but writing to it may happen before <see cref="End"/>.</summary>
    public Span<byte> Value => _home == null ? _pending.Value : new Span<byte>(_value, _length);

    /// <summary>Begins an edit. The shard is locked.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="database">The database.</param>
    /// <param name="current">The entry, or none; then the value begins as zeros.</param>
    /// <param name="key">Its key.</param>
    /// <param name="length">The value's length afterwards, not less than now.</param>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public static ValueEdit Begin(Shard shard, int database, in Entry current, in KeyProbe key, int length)
    {
        int oldLength = current.Exists ? current.ValueLength : 0;
        if (current.Exists && oldLength >= InPlaceBytes && FitsInPlace(shard, current, length))
        {
            byte* record = current.Record;
            shard.BeginChange(database, record);
            Bucket.BeginChange(current.Position.Home);
            Record.SetValueLength(record, length);
            Record.MarkEdited(record);
            if (current.Version != 0)
            {
                Record.SetVersion(record, shard.NextVersion());
            }

            Record.Measure(record, Record.HeaderOf(record), out byte* storedKey, out int keyLength, out _);
            var edit = new ValueEdit(current.Position.Home, storedKey + keyLength, length);
            edit.Value[oldLength..].Clear();
            return edit;
        }

        RecordExtras old = current.Exists ? current.Extras : default;
        var extras = new RecordExtras
        {
            Deadline = old.Deadline,
            Marks = old.Marks,
            Version = old.Version == 0 ? 0 : shard.NextVersion(),
            Edited = true,
        };
        long spare = oldLength >= InPlaceBytes ? Math.Min(length, MaxSpareBytes) : 0;
        PendingRecord pending = shard.Prepare(current, ValueKind.String, key, length, extras, spare);
        if (current.Exists)
        {
            current.Value.CopyTo(pending.Value);
        }

        pending.Value[oldLength..].Clear();
        return new ValueEdit(pending);
    }

    /// <summary>Ends the edit; readers see it. Entries found before are void.</summary>
    public void End(Shard shard, int database, in Entry current, in KeyProbe key)
    {
        if (_home != null)
        {
            Bucket.EndChange(_home);
            return;
        }

        shard.Publish(database, current, key, _pending);
    }

    private static bool FitsInPlace(Shard shard, in Entry current, int length)
    {
        byte* record = current.Record;
        ulong header = Record.HeaderOf(record);
        Record.Measure(record, header, out byte* key, out int keyLength, out _);
        return Record.FitsLayout(header, length) && (key - record) + keyLength + (long)length <= shard.Allocator.CapacityOf(record);
    }
}
