using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Moves the deadline of an entry that was read a moment ago, for entries that live as long as they are read.</summary>
/// <remarks>
/// Between the read and the move another thread may have stored a new entry under the key, with a deadline of its own, which must not
/// be prolonged. The move therefore says which deadline it has seen, and an entry with another one is left alone. A newer entry that has the
/// same deadline to the millisecond is taken for the old one; it then lives on for the time that a reader of this key
/// was just promised, which does no harm. So no version is needed.
/// </remarks>
internal sealed class SlidingExpiry
{
    private readonly Store _store;

    public SlidingExpiry(Store store)
    {
        _store = store;
    }

    /// <summary>Moves the deadline, if the entry still has the one that was seen. O(1). Logs <c>PEXPIREAT k ms</c>.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="seen">The deadline that was read, in Unix ms.</param>
    /// <param name="deadline">The new one.</param>
    /// <returns>
    /// Whether it was moved. While the log refuses writes it is not: a read must not fail because of the disk, nor
    /// change what the disk does not know.
    /// </returns>
    public bool TryMove(int database, in KeyProbe key, long seen, long deadline)
    {
        if (deadline == seen)
        {
            return true;
        }

        JournalTicket nobodyWaits = default;
        try
        {
            using var write = new KeyWrite(_store, database, key, ref nobodyWaits);
            if (!write.TryFind(key, out Entry entry) || entry.Deadline != seen)
            {
                return false;
            }

            write.Shard.SetDeadline(database, entry, key, deadline);
            write.Effect(3)?.Argument("PEXPIREAT"u8).Argument(key).Argument(deadline);
            return true;
        }
        catch (LogException)
        {
            return false;
        }
    }
}
