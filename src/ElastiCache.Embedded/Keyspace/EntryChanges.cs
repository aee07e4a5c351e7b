namespace ElastiCache.Embedded.Keyspace;

/// <summary>Changes of what an entry has besides its value, in place where its record has the room. The shard is locked.</summary>
internal static unsafe class EntryChanges
{
    /// <summary>Gives an entry another deadline, or none. Entries found before are void.</summary>
    /// <exception cref="CacheFullException">The entry had no deadline, and the budget has no room for one. Nothing has changed.</exception>
    public static void SetDeadline(this Shard shard, int database, in Entry entry, in KeyProbe key, long deadline)
    {
        if (!entry.HasDeadline || deadline == Record.NoExpiry)
        {
            shard.Rewrite(database, entry, key, entry.Extras with { Deadline = deadline, Mark = 0 });
            return;
        }

        byte* record = entry.Record;
        shard.BeginChange(database, record);
        shard.Expiry.Move(database, key.SlotHash, record, entry.Deadline, deadline);
    }

    /// <summary>Gives an entry other marks. Entries found before are void.</summary>
    /// <exception cref="CacheFullException">The entry had none, and the budget has no room for them. Nothing has changed.</exception>
    public static void SetMarks(this Shard shard, int database, in Entry entry, in KeyProbe key, EntryMarks marks)
    {
        if (!entry.HasMarks)
        {
            shard.Rewrite(database, entry, key, entry.Extras with { Marks = marks });
            return;
        }

        byte* record = entry.Record;
        shard.BeginChange(database, record);
        shard.NeverRemoved.Count(database, record, -1);
        Record.SetMarks(record, marks);
        shard.NeverRemoved.Count(database, record, 1);
        EntryAccess.SetTag(entry.Position, shard.Room.Admit(database, key.SlotHash, record));
    }

    /// <summary>Gives an entry another record with the same value and these extras. Entries found before are void.</summary>
    /// <exception cref="CacheFullException">The budget has no room for it. Nothing has changed.</exception>
    public static void Rewrite(this Shard shard, int database, in Entry entry, in KeyProbe key, in RecordExtras extras)
    {
        PendingRecord pending = shard.Prepare(entry, entry.Kind, key, entry.ValueLength, extras);
        entry.Value.CopyTo(pending.Value);
        shard.Publish(database, entry, key, pending);
    }
}
