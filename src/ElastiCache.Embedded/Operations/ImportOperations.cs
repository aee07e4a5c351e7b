using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Stores values that were read from a file, each as one write with its effect in the log.</summary>
internal sealed class ImportOperations(Store store)
{
    private readonly HashExpiry _fieldDeadlines = new(store);

    /// <summary>Stores a string, or a small collection in its record's bytes, under a key whose shard is locked. O(length). The effect is that of SET or RESTORE.</summary>
    /// <param name="write">The lock.</param>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="bytes">The string, or the packed collection.</param>
    /// <param name="deadline">Its deadline in Unix ms; <see cref="Record.NoExpiry"/> for none.</param>
    /// <param name="marks">Flags and priority.</param>
    /// <param name="use">How it was used; nothing: as a key that is new, or as the one that it replaces.</param>
    /// <param name="replaces">Whether a key that is there is replaced.</param>
    /// <returns>Whether it was stored.</returns>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public bool Store(in KeyWrite write, int database, in KeyProbe key, ValueKind kind, ReadOnlySpan<byte> bytes, long deadline, EntryMarks marks, KnownUse use, bool replaces)
    {
        StringRecord.RequireLength(key, bytes.Length);
        if (write.TryFind(key, out Entry current) && !replaces)
        {
            return false;
        }

        if (kind == ValueKind.String)
        {
            StringRecord.Store(store, write, database, current, key, bytes, new SetArguments { Deadline = deadline, Marks = marks });
            Note(write, database, key, use);
            return true;
        }

        write.Reserve(key.Length + (long)bytes.Length);
        PendingRecord pending = write.Shard.Prepare(current, kind, key, bytes.Length, new RecordExtras { Deadline = deadline, Marks = marks });
        bytes.CopyTo(pending.Value);
        write.Shard.Publish(database, current, key, pending);
        LogRestore(write, key, deadline, marks);
        Note(write, database, key, use);
        write.Notify(KeyEventClass.Generic, "restore"u8, key);
        return true;
    }

    /// <summary>Gives the fields of a hash that was just stored the deadlines that came with it.</summary>
    public void SetFieldDeadlines(in KeyWrite write, int database, in KeyProbe key, RdbValue value)
    {
        foreach ((byte[] field, long deadline) in value.FieldDeadlines ?? [])
        {
            if (write.TryFind(key, out Entry hash))
            {
                _fieldDeadlines.Change(write, database, key, hash, new OneName(field), deadline);
            }
        }
    }

    /// <summary>Stores a value under a key. O(n log n) at most, for n elements.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="deadline">Its deadline in Unix ms; <see cref="Record.NoExpiry"/> for none.</param>
    /// <param name="marks">Flags and priority.</param>
    /// <param name="use">How it was used; nothing: as a key that is new, or as the one that it replaces.</param>
    /// <param name="replaces">Whether a key that is there is replaced.</param>
    /// <param name="ticket">The ticket of the write.</param>
    /// <returns>Whether it was stored.</returns>
    /// <exception cref="CacheFullException">The budget has no room. The key is as it was, or gone.</exception>
    public bool Store(int database, in KeyProbe key, RdbValue value, long deadline, EntryMarks marks, KnownUse use, bool replaces, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(store, database, key, ref ticket);
        bool exists = write.TryFind(key, out Entry current);
        if (exists && !replaces)
        {
            return false;
        }

        write.Shard.Room.Ensure(RestoredValue.BytesFor(value), key, current);
        if (exists)
        {
            use = use.IsNothing ? write.Shard.Tracker?.UseOf(database, key.SlotHash) ?? default : use;
            write.Remove(current, RemovalReasons.Replaced);
        }

        try
        {
            new RestoredValue(store, write.Shard, database).Store(key, value, deadline, marks);
        }
        catch (CacheFullException)
        {
            if (write.TryFind(key, out Entry half))
            {
                write.Remove(half);
            }

            if (exists)
            {
                write.Effect(2)?.Argument("DEL"u8).Argument(key);
            }

            throw;
        }

        LogRestore(write, key, deadline, marks);
        SetFieldDeadlines(write, database, key, value);
        Note(write, database, key, use);
        write.Notify(KeyEventClass.Generic, "restore"u8, key);
        return true;
    }

    // A key whose deadline has passed in the meantime is not there.
    private static void Note(in KeyWrite write, int database, in KeyProbe key, KnownUse use)
    {
        if (!use.IsNothing && write.Shard.Tracker is { } tracker && write.Shard.TryFind(database, key, out _, uses: false))
        {
            tracker.Begin(database, key.SlotHash, use);
        }
    }

    private void LogRestore(in KeyWrite write, in KeyProbe key, long deadline, EntryMarks marks)
    {
        if (store.Journal == null)
        {
            // A payload that nobody logs need not be made; only the change counts.
            write.Effect(6);
        }
        else if (write.TryFind(key, out Entry stored))
        {
            ReadOnlySpan<byte> payload = DumpOperations.PayloadOf(write.Shard, stored);
            write.Effect(6)?.Argument("RESTORE"u8).Argument(key).Argument(deadline == Record.NoExpiry ? 0 : deadline).Argument(payload)
                .Argument("REPLACE"u8).Argument("ABSTTL"u8);
            if (!marks.IsDefault)
            {
                EntryMarkOperations.Log(write, key, marks, changes: 0);
            }
        }
    }
}
