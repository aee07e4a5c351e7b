using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The commands on deadlines, for entries of any kind. They log <c>PEXPIREAT k ms</c>, <c>PERSIST k</c> or <c>DEL k</c>: each may be replayed twice.</summary>
internal sealed class ExpireOperations
{
    private readonly Store _store;

    public ExpireOperations(Store store)
    {
        _store = store;
    }

    /// <summary>The cache's present time, from which relative times count.</summary>
    public long Now => _store.Clock.UnixMilliseconds;

    /// <summary>EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT. O(1). A deadline that has passed deletes the key.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="deadline">Unix ms; see <see cref="ExpireDeadline.TryMake"/>.</param>
    /// <param name="condition">When to set it.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>Whether the key is there and the condition held.</returns>
    /// <exception cref="ArgumentException">Conditions that contradict each other.</exception>
    /// <exception cref="CacheFullException">The entry had no deadline, and the budget has no room for one. Nothing has changed.</exception>
    public bool Expire(int database, in KeyProbe key, long deadline, ExpireCondition condition, ref JournalTicket ticket)
    {
        if (!IsPossible(condition))
        {
            throw new ArgumentException(
                $"{condition} contradicts itself: only {ExpireCondition.IfAny} goes together with {ExpireCondition.IfLater} or {ExpireCondition.IfSooner}.",
                nameof(condition));
        }

        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, out Entry entry) || !Holds(condition, entry.Deadline, deadline))
        {
            return false;
        }

        // While the log is replayed nothing expires, or a later PERSIST in it would find no key.
        if (deadline <= Now && !_store.IsLoading)
        {
            write.Shard.Remove(database, entry);
            write.Effect(2)?.Argument("DEL"u8).Argument(key);
            write.Notify(KeyEventClass.Generic, "del"u8, key);
            return true;
        }

        deadline = ExpireDeadline.Storable(deadline);
        if (deadline != entry.Deadline)
        {
            write.Shard.SetDeadline(database, entry, key, deadline);
            write.Effect(3)?.Argument("PEXPIREAT"u8).Argument(key).Argument(deadline);
        }

        write.Notify(KeyEventClass.Generic, "expire"u8, key);

        return true;
    }

    /// <summary>TTL, PTTL, EXPIRETIME, PEXPIRETIME. O(1). No use of the entry, for the evictor.</summary>
    public KeyDeadline Deadline(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, out Entry entry) ? new KeyDeadline(true, entry.Deadline) : default;
    }

    /// <summary>PERSIST: takes the deadline away. O(1), and a copy of the value.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="CacheFullException">The budget has no room for the copy. Nothing has changed.</exception>
    public bool Persist(int database, in KeyProbe key, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, out Entry entry) || !entry.HasDeadline)
        {
            return false;
        }

        write.Shard.SetDeadline(database, entry, key, Record.NoExpiry);
        write.Effect(2)?.Argument("PERSIST"u8).Argument(key);
        write.Notify(KeyEventClass.Generic, "persist"u8, key);
        return true;
    }

    /// <summary>Whether conditions may stand together.</summary>
    public static bool IsPossible(ExpireCondition condition) => condition is
        ExpireCondition.Always or ExpireCondition.IfNone or ExpireCondition.IfAny or ExpireCondition.IfLater or ExpireCondition.IfSooner or
        (ExpireCondition.IfAny | ExpireCondition.IfLater) or (ExpireCondition.IfAny | ExpireCondition.IfSooner);

    /// <summary>Whether a condition allows a new deadline. "Never" is NoExpiry, the largest number, so it compares as Redis wants it.</summary>
    internal static bool Holds(ExpireCondition condition, long before, long deadline) =>
        ((condition & ExpireCondition.IfNone) == 0 || before == Record.NoExpiry) &&
        ((condition & ExpireCondition.IfAny) == 0 || before != Record.NoExpiry) &&
        ((condition & ExpireCondition.IfLater) == 0 || (before != Record.NoExpiry && deadline > before)) &&
        ((condition & ExpireCondition.IfSooner) == 0 || before == Record.NoExpiry || deadline < before);
}
