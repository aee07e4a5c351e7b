using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Commands that read or set fields and do something else with them in the same step, as in Redis 8.0: HGETDEL, HGETEX, HSETEX.</summary>
internal sealed class HashExchanges
{
    private readonly Store _store;
    private readonly HashExpiry _expiry;

    public HashExchanges(Store store, HashExpiry expiry)
    {
        _store = store;
        _expiry = expiry;
    }

    /// <summary>HGETDEL: reads fields and removes them. O(fields).</summary>
    /// <returns>How many were there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long GetAndRemove<TNames, TSink>(int database, in KeyProbe key, scoped TNames names, scoped ref TSink sink, ref JournalTicket ticket)
        where TNames : struct, INameList, allows ref struct
        where TSink : struct, IFieldValueSink, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool isThere = Read(write, database, key, names, ref sink, out Entry current);
        return isThere ? HashOperations.Remove(_store, write, database, key, current, names) : 0;
    }

    /// <summary>HGETEX: reads fields and gives them another deadline. O(fields · log n).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="names">The fields.</param>
    /// <param name="deadline">Unix ms; <see cref="Record.NoExpiry"/> for none, null to leave it as it is.</param>
    /// <param name="sink">Takes the values.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public void GetAndExpire<TNames, TSink>(
        int database, in KeyProbe key, scoped TNames names, long? deadline, scoped ref TSink sink, ref JournalTicket ticket)
        where TNames : struct, INameList, allows ref struct
        where TSink : struct, IFieldValueSink, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (Read(write, database, key, names, ref sink, out Entry current) && deadline is { } moment)
        {
            _expiry.Change(write, database, key, current, names, moment);
        }
    }

    /// <summary>HSETEX: sets fields and gives them a deadline. O(fields · log n).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="pairs">The fields.</param>
    /// <param name="condition">Whether all of them must be there, or none.</param>
    /// <param name="deadline">Unix ms; <see cref="Record.NoExpiry"/> for none, null to leave each field's as it is.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>Whether the condition held.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. If it was enough for the fields but not for their deadlines, they are set without.</exception>
    public bool SetAndExpire<TPairs>(int database, in KeyProbe key, scoped TPairs pairs, SetCondition condition, long? deadline, ref JournalTicket ticket)
        where TPairs : struct, IFieldValueList, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool isThere = HashOperations.TryFind(_store, write, database, key, out Entry current);
        HashView hash = isThere ? HashOperations.ViewOf(_store, write.Shard, current) : default;
        for (int i = 0; i < pairs.Count && condition != SetCondition.Always; i++)
        {
            if ((isThere && hash.Contains(pairs.Name(i))) != (condition == SetCondition.IfPresent))
            {
                return false;
            }
        }

        HashOperations.Set(_store, write, database, key, current, pairs, keepsDeadlines: deadline is null);
        write.TryFind(key, out current, uses: false);
        if (deadline is { } moment && moment != Record.NoExpiry)
        {
            _expiry.Change(write, database, key, current, pairs, moment);
        }
        else if (deadline is null)
        {
            LogDeadlines(write, key, current, pairs);
        }

        return true;
    }

    private bool Read<TNames, TSink>(scoped KeyWrite write, int database, in KeyProbe key, scoped TNames names, scoped ref TSink sink, out Entry current)
        where TNames : struct, INameList, allows ref struct
        where TSink : struct, IFieldValueSink, allows ref struct
    {
        bool isThere = HashOperations.TryFind(_store, write, database, key, out current);
        HashView hash = isThere ? HashOperations.ViewOf(_store, write.Shard, current) : default;
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        for (int i = 0; i < names.Count; i++)
        {
            if (isThere && hash.TryGet(names.Name(i), scratch, out ReadOnlySpan<byte> value))
            {
                sink.Take(value);
            }
            else
            {
                sink.Miss();
            }
        }

        return isThere;
    }

    // The log's HSET ends deadlines when it is replayed, so those that were kept are logged behind it.
    private static void LogDeadlines<TNames>(in KeyWrite write, in KeyProbe key, in Entry current, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        if (write.Shard.ShellOf(current) is not HashBody { NextDue: not Record.NoExpiry } body)
        {
            return;
        }

        for (int i = 0; i < names.Count; i++)
        {
            KeyProbe.Create(names.Name(i), out KeyProbe name);
            if (body.TryFind(name, now: 0, out Member field) && field.HasDeadline)
            {
                HashExpiry.LogDeadline(write, key, field.Deadline, names.Name(i));
            }
        }
    }
}
