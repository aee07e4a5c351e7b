using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>How a RENAME ended.</summary>
internal enum RenameOutcome
{
    /// <summary>The entry bears the new key, or both keys are the same.</summary>
    Renamed,

    /// <summary>There is no such key. Redis: <c>no such key</c>.</summary>
    NoSuchKey,

    /// <summary>RENAMENX: something has the new key already.</summary>
    DestinationExists,
}

/// <summary>The commands that work on entries of any kind by their keys. Each takes the database, the key, and for a write the ticket.</summary>
/// <remarks>
/// What they log, and what replaying it again, right after the first time, does:
/// <code>
///   DEL, UNLINK     DEL k …                      nothing
///   RENAME(NX)      RENAME a b                   nothing: there is no a
///   COPY            COPY a b [DB n] REPLACE      the same again
///   MOVE            MOVE k n                     nothing: there is no k
/// </code>
/// RENAME, COPY and MOVE are logged as such and not as the value that they stored: 512 MB need not go through the log again, and Memcached's
/// flags, which no Redis command can express, come along.
/// </remarks>
internal sealed class KeyOperations
{
    private readonly Store _store;

    public KeyOperations(Store store)
    {
        _store = store;
    }

    /// <summary>DEL and UNLINK of one key. O(1).</summary>
    /// <returns>Whether it was there.</returns>
    public bool Delete(int database, in KeyProbe key, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, out Entry entry))
        {
            return false;
        }

        write.Shard.Remove(database, entry);
        write.Effect(2)?.Argument("DEL"u8).Argument(key);
        write.Notify(KeyEventClass.Generic, "del"u8, key);
        return true;
    }

    /// <summary>DEL and UNLINK of several keys, as one step. O(n).</summary>
    /// <returns>How many were there; a key that is named twice counts once.</returns>
    public long Delete<TKeys>(int database, scoped TKeys keys, ref JournalTicket ticket)
        where TKeys : struct, IKeyList, allows ref struct
    {
        var scratch = default(KeyScratch);
        using var write = new MultiKeyWrite(_store, ShardSet.Of(_store, keys), ref ticket);
        long deleted = 0;
        for (int i = 0; i < keys.Count; i++)
        {
            keys.Probe(i, ref scratch, out KeyProbe key);
            Shard shard = write.ShardOf(key);
            if (shard.TryFind(database, key, out Entry entry))
            {
                shard.Remove(database, entry);
                write.Notify(KeyEventClass.Generic, "del"u8, database, key);
                deleted++;
            }
        }

        if (deleted > 0)
        {
            LogDelete(write.Effect(database, 1 + keys.Count, changes: deleted), keys);
        }

        return deleted;
    }

    /// <summary>EXISTS of one key. O(1). No use of the entry, for the evictor.</summary>
    public bool Exists(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, out _);
    }

    /// <summary>EXISTS of several keys, at one moment. O(n).</summary>
    /// <returns>How many are there; a key that is named twice counts twice.</returns>
    public long Exists<TKeys>(int database, scoped TKeys keys)
        where TKeys : struct, IKeyList, allows ref struct => Count(database, keys, marksUse: false);

    /// <summary>TOUCH: marks entries as used, so that they are evicted later. O(n).</summary>
    /// <returns>How many are there; a key that is named twice counts twice.</returns>
    public long Touch<TKeys>(int database, scoped TKeys keys)
        where TKeys : struct, IKeyList, allows ref struct => Count(database, keys, marksUse: true);

    /// <summary>TYPE. O(1).</summary>
    public ValueKind Type(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, out Entry entry) ? entry.Kind : ValueKind.None;
    }

    /// <summary>RENAME and RENAMENX: O(1), and a copy of the value. The deadline travels; what had the new key is replaced.</summary>
    /// <remarks>
    /// For writers, and in the log, one step. A reader that takes no lock may for an instant find the entry under both keys, never under neither: the new
    /// one is written before the old one is removed.
    /// </remarks>
    /// <exception cref="CacheFullException">The budget has no room for the second copy. Nothing has changed.</exception>
    public RenameOutcome Rename(int database, in KeyProbe source, in KeyProbe destination, bool onlyIfAbsent, ref JournalTicket ticket)
    {
        using var write = new MultiKeyWrite(_store, ShardSet.Of(_store, source, destination), ref ticket);
        Shard from = write.ShardOf(source);
        Shard to = write.ShardOf(destination);
        if (!from.TryFind(database, source, out Entry entry))
        {
            return RenameOutcome.NoSuchKey;
        }

        bool exists = to.TryFind(database, destination, out Entry replaced);
        if (exists && onlyIfAbsent)
        {
            return RenameOutcome.DestinationExists;
        }

        if (exists && IsSame(entry, replaced))
        {
            return RenameOutcome.Renamed;
        }

        var transfer = new KeyTransfer(_store, from, database, to, database);
        transfer.Copy(entry, replaced, destination, sourceGoes: true);
        transfer.RemoveSource(source);
        write.Effect(database, 3)?.Argument("RENAME"u8).Argument(source).Argument(destination);
        write.Notify(KeyEventClass.Generic, "rename_from"u8, database, source);
        write.Notify(KeyEventClass.Generic, "rename_to"u8, database, destination);
        return RenameOutcome.Renamed;
    }

    /// <summary>COPY: O(1), and a copy of the value. The deadline and Memcached's flags are copied too.</summary>
    /// <returns>False if there is no such key, or if something has the new key and <paramref name="replace"/> is not set.</returns>
    /// <exception cref="ArgumentException">Both are the same key of the same database.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such database.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public bool Copy(
        int sourceDatabase, in KeyProbe source, int destinationDatabase, in KeyProbe destination, bool replace, ref JournalTicket ticket)
    {
        DatabaseOperations.RequireDatabase(_store, destinationDatabase);
        if (sourceDatabase == destinationDatabase && AreSame(source, destination))
        {
            throw new ArgumentException("A key can't be copied to itself; name another key or another database.", nameof(destination));
        }

        using var write = new MultiKeyWrite(_store, ShardSet.Of(_store, source, destination), ref ticket);
        Shard from = write.ShardOf(source);
        Shard to = write.ShardOf(destination);
        if (!from.TryFind(sourceDatabase, source, out Entry entry))
        {
            return false;
        }

        bool exists = to.TryFind(destinationDatabase, destination, out Entry replaced);
        if (exists && !replace)
        {
            return false;
        }

        new KeyTransfer(_store, from, sourceDatabase, to, destinationDatabase).Copy(entry, replaced, destination, sourceGoes: false);
        bool staysInDatabase = sourceDatabase == destinationDatabase;
        EffectBuffer? effect = write.Effect(sourceDatabase, staysInDatabase ? 4 : 6)?.Argument("COPY"u8).Argument(source).Argument(destination);
        if (!staysInDatabase)
        {
            effect?.Argument("DB"u8).Argument(destinationDatabase);
        }

        effect?.Argument("REPLACE"u8);
        write.Notify(KeyEventClass.Generic, "copy_to"u8, destinationDatabase, destination);
        return true;
    }

    /// <summary>MOVE: O(1), and a copy of the value. The deadline travels.</summary>
    /// <returns>False if there is no such key, or if the other database has it already.</returns>
    /// <exception cref="ArgumentException">Both are the same database.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such database.</exception>
    /// <exception cref="CacheFullException">The budget has no room for the second copy. Nothing has changed.</exception>
    public bool Move(int sourceDatabase, in KeyProbe key, int destinationDatabase, ref JournalTicket ticket)
    {
        DatabaseOperations.RequireDatabase(_store, destinationDatabase);
        if (sourceDatabase == destinationDatabase)
        {
            throw new ArgumentException("A key can't be moved to the database that it is in.", nameof(destinationDatabase));
        }

        using var write = new KeyWrite(_store, sourceDatabase, key, ref ticket);
        if (!write.TryFind(key, out Entry entry) || write.Shard.TryFind(destinationDatabase, key, out _))
        {
            return false;
        }

        var transfer = new KeyTransfer(_store, write.Shard, sourceDatabase, write.Shard, destinationDatabase);
        transfer.Copy(entry, default, key, sourceGoes: true);
        transfer.RemoveSource(key);
        write.Effect(3)?.Argument("MOVE"u8).Argument(key).Argument(destinationDatabase);
        write.Notify(KeyEventClass.Generic, "move_from"u8, key);
        KeyNotice.Raise(_store, KeyEventClass.Generic, "move_to"u8, destinationDatabase, key);
        return true;
    }

    private long Count<TKeys>(int database, scoped TKeys keys, bool marksUse)
        where TKeys : struct, IKeyList, allows ref struct
    {
        var scratch = default(KeyScratch);
        using var read = new MultiKeyRead(_store, ShardSet.Of(_store, keys));
        long count = 0;
        for (int i = 0; i < keys.Count; i++)
        {
            keys.Probe(i, ref scratch, out KeyProbe key);
            if (read.ShardOf(key).TryFind(database, key, out Entry entry, uses: marksUse))
            {
                count++;
                if (marksUse)
                {
                    EntryAccess.MarkUsed(entry);
                }
            }
        }

        return count;
    }

    // Keys that were not there are named as well, as Redis does it: to delete them again changes nothing.
    private static void LogDelete<TKeys>(EffectBuffer? effect, scoped TKeys keys)
        where TKeys : struct, IKeyList, allows ref struct
    {
        var scratch = default(KeyScratch);
        effect?.Argument("DEL"u8);
        for (int i = 0; effect != null && i < keys.Count; i++)
        {
            keys.Probe(i, ref scratch, out KeyProbe key);
            effect.Argument(key);
        }
    }

    private static bool IsSame(in Entry a, in Entry b) => a.Position.Reference == b.Position.Reference;

    // Equal hashes are nearly always equal keys, so the arrays are made only where the caller is mistaken.
    private static bool AreSame(in KeyProbe a, in KeyProbe b) =>
        a.Hash == b.Hash && a.Length == b.Length && a.ToArray().AsSpan().SequenceEqual(b.ToArray());
}
