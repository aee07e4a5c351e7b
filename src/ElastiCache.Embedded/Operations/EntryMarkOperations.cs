using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Changes and tells how readily an entry of any kind gives way, and at what cost. Redis has no such command.</summary>
/// <remarks>Logged as TOUCH with <see cref="EntryAnnotations"/>: for redis-server a mere TOUCH, and replayed again it does the same again.</remarks>
internal sealed class EntryMarkOperations(Store store)
{
    /// <summary>Gives an entry another priority, cost or both; its other marks stay. O(1), and a copy of the record where it had none.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="priority">The priority; null leaves it.</param>
    /// <param name="cost">The cost, 1 to <see cref="EntryMarks.MostCost"/>; null leaves it.</param>
    /// <param name="ticket">The ticket of the write.</param>
    /// <returns>Whether the key is there.</returns>
    /// <exception cref="CacheFullException">The entry had no marks, and the budget has no room for 8 bytes more. Nothing has changed.</exception>
    public bool Change(int database, in KeyProbe key, EvictionPriority? priority, int? cost, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(store, database, key, ref ticket);
        return write.TryFind(key, out Entry entry)
            && Set(write, database, entry, key, new EntryMarks(entry.Marks.Flags, priority ?? entry.Marks.Priority, cost ?? entry.Marks.Cost));
    }

    /// <summary>Gives an entry marks.</summary>
    /// <returns>Whether the key is there.</returns>
    /// <exception cref="CacheFullException">As for <see cref="Change"/>.</exception>
    public bool Set(int database, in KeyProbe key, EntryMarks marks, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(store, database, key, ref ticket);
        return write.TryFind(key, out Entry entry) && Set(write, database, entry, key, marks);
    }

    /// <summary>An entry's marks.</summary>
    /// <returns>Null if there is no such key.</returns>
    public EntryMarks? Of(int database, in KeyProbe key)
    {
        using var read = new KeyRead(store, database, key);
        return read.TryFind(key, out Entry entry) ? entry.Marks : null;
    }

    /// <summary>Logs an entry's marks.</summary>
    public static void Log(in KeyWrite write, in KeyProbe key, EntryMarks marks, long changes = 1) =>
        write.Effect(2, marks, changes)?.Argument("TOUCH"u8).Argument(key);

    private static bool Set(in KeyWrite write, int database, in Entry entry, in KeyProbe key, EntryMarks marks)
    {
        if (entry.Marks != marks)
        {
            write.Reserve(key.Length);
            write.Shard.SetMarks(database, entry, key, marks);
            Log(write, key, marks);
        }

        return true;
    }
}
