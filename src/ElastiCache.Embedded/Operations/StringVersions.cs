using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>How a store on condition of a version ended.</summary>
internal enum CompareAndSetOutcome
{
    /// <summary>The version was still the same: the value was stored. Memcached: STORED.</summary>
    Stored,

    /// <summary>The entry was changed meanwhile; nothing was stored. Memcached: EXISTS.</summary>
    Changed,

    /// <summary>The key is gone; nothing was stored. Memcached: NOT_FOUND.</summary>
    NotFound,
}

/// <summary>Memcached's view of a string: flags, and a version that changes with every change of the value (<c>gets</c>, <c>cas</c>).</summary>
/// <remarks>
/// An entry has no version until somebody asks for it: the first ask copies it into a record that has room for one, and from then on each
/// write gives it another. A version is never used twice in a shard, nor again after a restart, so that of a key which was deleted
/// and set again doesn't match either. A new deadline alone leaves the version as it is. Versions are not in the log; flags are, in annotations that Redis skips.
/// Memcached's add, replace and set are <see cref="StringOperations.Set(int, in KeyProbe, ReadOnlySpan{byte}, in SetArguments, ref JournalTicket)"/>,
/// append and prepend are in <see cref="StringEdits"/>.
/// </remarks>
internal sealed class StringVersions
{
    private readonly Store _store;

    public StringVersions(Store store)
    {
        _store = store;
    }

    /// <summary>Reads value, flags and version. Without a lock, but for the first ask of an entry.</summary>
    /// <returns>Whether the key is there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    /// <exception cref="CacheFullException">The first ask, and the budget has no room for a version. Nothing has changed.</exception>
    public bool TryRead<TReader>(int database, in KeyProbe key, ref TReader reader, out uint flags, out ulong version)
        where TReader : struct, IValueReader, allows ref struct
    {
        var versioned = new VersionedReader<TReader>(reader);
        bool isHit = StringRecord.TryRead(_store, database, key, ref versioned);
        if (isHit && versioned.Version == 0)
        {
            isHit = ReadWithNewVersion(database, key, ref versioned);
        }

        reader = versioned.Inner;
        flags = isHit ? versioned.Flags : 0;
        version = isHit ? versioned.Version : 0;
        return isHit;
    }

    /// <summary>cas: stores if the entry still has the version. Of <paramref name="arguments"/> the condition is not looked at.</summary>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public CompareAndSetOutcome CompareAndSet(
        int database, in KeyProbe key, ReadOnlySpan<byte> value, ulong version, in SetArguments arguments, ref JournalTicket ticket)
    {
        StringRecord.RequireLength(key, value.Length);
        using var write = new KeyWrite(_store, database, key, ref ticket);
        CompareAndSetOutcome outcome = Compare(write, key, version, out Entry current);
        if (outcome == CompareAndSetOutcome.Stored)
        {
            StringRecord.Store(_store, write, database, current, key, value, arguments);
        }

        return outcome;
    }

    /// <summary>Sets the deadline if the entry still has the version: a sliding expiry must not prolong a value that somebody else has just stored.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="version">The version that was read.</param>
    /// <param name="deadline">In Unix ms; <see cref="Record.NoExpiry"/> for none.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>Whether it had the version.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public bool CompareAndExpire(int database, in KeyProbe key, ulong version, long deadline, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool isSame = Compare(write, key, version, out Entry current) == CompareAndSetOutcome.Stored;
        if (isSame)
        {
            StringRecord.Expire(_store, write, database, current, key, deadline);
        }

        return isSame;
    }

    // Version 0 is "none": nobody has read it, so nobody can know it.
    private static CompareAndSetOutcome Compare(in KeyWrite write, in KeyProbe key, ulong version, out Entry current)
    {
        if (!write.TryFindString(key, out current))
        {
            return CompareAndSetOutcome.NotFound;
        }

        return version != 0 && current.Version == version ? CompareAndSetOutcome.Stored : CompareAndSetOutcome.Changed;
    }

    // Not a KeyWrite: nothing is logged, and a log that refuses writes must not refuse this read.
    private bool ReadWithNewVersion<TReader>(int database, in KeyProbe key, ref VersionedReader<TReader> reader)
        where TReader : struct, IValueReader, allows ref struct
    {
        Shard shard = _store.Enter(key);
        try
        {
            if (!TryFindString(shard, database, key, out Entry current))
            {
                return false;
            }

            if (current.Version == 0)
            {
                shard.Rewrite(database, current, key, current.Extras with { Version = shard.NextVersion() });
                if (!TryFindString(shard, database, key, out current))
                {
                    return false;
                }
            }

            LockedReader.Read(current, ref reader);
            return true;
        }
        finally
        {
            shard.Exit();
        }
    }

    private static bool TryFindString(Shard shard, int database, in KeyProbe key, out Entry entry) =>
        shard.TryFind(database, key, out entry) && (entry.Kind == ValueKind.String ? true : throw StringErrors.WrongType(entry));
}
