using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the commands on hashes do. The log gets HSET and HDEL.</summary>
/// <remarks>
/// Costs are those of a large hash; in a packed one (up to <see cref="PackedHash.MaxFields"/> fields) finding a field is a short walk. Fields whose
/// deadline has passed are not there: some are removed by whoever comes by, all of them by who must count.
/// </remarks>
internal sealed class HashOperations
{
    /// <summary>Fields that an operation removes in passing because their time has come.</summary>
    private const int RemovedInPassing = 16;

    private readonly Store _store;

    public HashOperations(Store store)
    {
        _store = store;
        Numbers = new HashNumbers(store);
        Expiry = new HashExpiry(store);
        Walks = new HashWalks(store);
        Exchanges = new HashExchanges(store, Expiry);
    }

    internal Store Store => _store;

    /// <summary>HINCRBY, HINCRBYFLOAT.</summary>
    public HashNumbers Numbers { get; }

    /// <summary>Deadlines of fields.</summary>
    public HashExpiry Expiry { get; }

    /// <summary>HGETALL, HSCAN, HRANDFIELD.</summary>
    public HashWalks Walks { get; }

    /// <summary>HGETDEL, HGETEX, HSETEX.</summary>
    public HashExchanges Exchanges { get; }

    /// <summary>OBJECT ENCODING.</summary>
    public static string EncodingOf(Shard shard, in Entry entry) =>
        (shard.ShellOf(entry) is HashBody body ? body.IsReportedAsTable : PackedHash.IsReportedAsTable(entry.Value)) ? "hashtable" : "listpack";

    /// <summary>HSET: sets fields; their deadlines end. O(fields).</summary>
    /// <returns>How many are new.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public long Set<TPairs>(int database, in KeyProbe key, scoped TPairs pairs, ref JournalTicket ticket)
        where TPairs : struct, IFieldValueList, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        TryFind(_store, write, database, key, out Entry current);
        return Set(_store, write, database, key, current, pairs);
    }

    /// <summary>HSETNX: sets a field that isn't there. O(1).</summary>
    /// <returns>Whether it was set.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public bool SetIfAbsent(int database, in KeyProbe key, ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (TryFind(_store, write, database, key, out Entry current) && ViewOf(_store, write.Shard, current).Contains(field))
        {
            return false;
        }

        Set(_store, write, database, key, current, new OneFieldValue(field, value));
        return true;
    }

    /// <summary>HDEL: removes fields, and the key with the last of them. O(fields).</summary>
    /// <returns>How many were there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Remove<TNames>(int database, in KeyProbe key, scoped TNames names, ref JournalTicket ticket)
        where TNames : struct, INameList, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        return TryFind(_store, write, database, key, out Entry current) ? Remove(_store, write, database, key, current, names) : 0;
    }

    /// <summary>HGET, HMGET: the values of fields. O(fields).</summary>
    /// <returns>How many were there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public int Get<TNames, TSink>(int database, in KeyProbe key, scoped TNames names, scoped ref TSink sink)
        where TNames : struct, INameList, allows ref struct
        where TSink : struct, IFieldValueSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        bool isThere = TryOpen(_store, read, database, key, out HashView hash);
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        int found = 0;
        for (int i = 0; i < names.Count; i++)
        {
            if (isThere && hash.TryGet(names.Name(i), scratch, out ReadOnlySpan<byte> value))
            {
                sink.Take(value);
                found++;
            }
            else
            {
                sink.Miss();
            }
        }

        return found;
    }

    /// <summary>HSTRLEN: the length of a field's value in bytes; -1 if there is none. O(1).</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public int ValueLength(int database, in KeyProbe key, ReadOnlySpan<byte> field)
    {
        using var read = new KeyRead(_store, database, key);
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        return TryOpen(_store, read, database, key, out HashView hash) && hash.TryGet(field, scratch, out ReadOnlySpan<byte> value) ? value.Length : -1;
    }

    /// <summary>HEXISTS. O(1).</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public bool Contains(int database, in KeyProbe key, ReadOnlySpan<byte> field)
    {
        using var read = new KeyRead(_store, database, key);
        return TryOpen(_store, read, database, key, out HashView hash) && hash.Contains(field);
    }

    /// <summary>HLEN: the number of fields. O(1), and the removal of fields whose time has come.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Count(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        return TryOpen(_store, read, database, key, out HashView hash, mayCount: true) ? hash.Count : 0;
    }

    /// <summary>The time that fields' deadlines are compared with: 0, at which none has passed, where there are none and while the log is replayed.</summary>
    internal static long NowFor(Store store, HashBody? body) =>
        body == null || body.NextDue == Record.NoExpiry || store.IsLoading ? 0 : store.Clock.UnixMilliseconds;

    /// <summary>A view of a hash that was found.</summary>
    internal static HashView ViewOf(Store store, Shard shard, scoped in Entry entry) => new(shard, entry, NowFor(store, shard.ShellOf(entry) as HashBody));

    /// <summary>Finds a hash to write to.</summary>
    internal static bool TryFind(Store store, in KeyWrite write, int database, in KeyProbe key, out Entry current, bool mayCount = false)
    {
        if (write.TryFind(key, ValueKind.Hash, out current) && RemoveDue(store, write.Shard, database, current, mayCount))
        {
            return true;
        }

        current = default;
        return false;
    }

    /// <summary>Finds a hash to read.</summary>
    /// <param name="store">The store.</param>
    /// <param name="read">The key's frame.</param>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="hash">The hash.</param>
    /// <param name="mayCount">Whether the caller relies on <see cref="HashView.Count"/>: all fields whose time has come are removed first.</param>
    internal static bool TryOpen(Store store, scoped KeyRead read, int database, scoped in KeyProbe key, out HashView hash, bool mayCount = false)
    {
        if (read.TryFind(key, ValueKind.Hash, out Entry entry) && RemoveDue(store, read.Shard, database, entry, mayCount))
        {
            hash = ViewOf(store, read.Shard, entry);
            return true;
        }

        hash = default;
        return false;
    }

    /// <summary>Sets fields of a hash that was looked for, logs and tells it.</summary>
    internal static long Set<TPairs>(
        Store store, in KeyWrite write, int database, in KeyProbe key, in Entry current, scoped TPairs pairs, bool keepsDeadlines = false)
        where TPairs : struct, IFieldValueList, allows ref struct
    {
        ReserveEffect(write, key, pairs);
        HashEdit edit = HashEdit.Begin(store, write.Shard, database, current, key, pairs);
        long added = 0;
        for (int i = 0; i < pairs.Count; i++)
        {
            added += edit.Set(pairs.Name(i), pairs.Value(i), keepsDeadlines) ? 1 : 0;
        }

        edit.End(key);
        if (write.Effect(2 + (2 * pairs.Count), changes: pairs.Count)?.Argument("HSET"u8).Argument(key) is { } effect)
        {
            for (int i = 0; i < pairs.Count; i++)
            {
                effect.Argument(pairs.Name(i)).Argument(pairs.Value(i));
            }
        }

        write.Notify(KeyEventClass.Hash, "hset"u8, key);
        return added;
    }

    /// <summary>Removes fields of a hash that was found, logs and tells it.</summary>
    internal static long Remove<TNames>(Store store, in KeyWrite write, int database, in KeyProbe key, in Entry current, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        long removed = write.Shard.ShellOf(current) is HashBody body
            ? RemoveFrom(body, NowFor(store, body), write, database, current, names)
            : RemoveFromPacked(write, database, current, key, names);
        if (removed == 0)
        {
            return 0;
        }

        // All that were named, as Redis does it: to delete again what wasn't there changes nothing.
        if (write.Effect(2 + names.Count, changes: removed)?.Argument("HDEL"u8).Argument(key) is { } effect)
        {
            for (int i = 0; i < names.Count; i++)
            {
                effect.Argument(names.Name(i));
            }
        }

        write.Notify(KeyEventClass.Hash, "hdel"u8, key);
        RemoveIfEmpty(write, current, key);
        return removed;
    }

    /// <summary>Removes the key of a hash that has lost its last field.</summary>
    internal static void RemoveIfEmpty(in KeyWrite write, in Entry current, in KeyProbe key)
    {
        if ((write.Shard.ShellOf(current)?.Count ?? PackedHash.Count(current.Value)) == 0)
        {
            write.Remove(current);
            write.Notify(KeyEventClass.Generic, "del"u8, key);
        }
    }

    private static bool RemoveDue(Store store, Shard shard, int database, in Entry entry, bool all)
    {
        return shard.ShellOf(entry) is not { NextDue: not Record.NoExpiry } shell || !store.Clock.HasPassed(shell.NextDue) ||
            shard.MemberExpiry.RemoveDue(database, entry, all ? int.MaxValue : RemovedInPassing);
    }

    private static long RemoveFrom<TNames>(HashBody body, long now, in KeyWrite write, int database, in Entry current, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        long removed = 0;
        for (int i = 0; i < names.Count; i++)
        {
            KeyProbe.Create(names.Name(i), out KeyProbe name);
            if (body.TryFind(name, now, out Member found))
            {
                if (removed++ == 0)
                {
                    write.Shard.BeginChange(database, current);
                }

                body.Remove(found);
            }
        }

        return removed;
    }

    private static long RemoveFromPacked<TNames>(in KeyWrite write, int database, in Entry current, in KeyProbe key, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        int first = 0;
        while (first < names.Count && !PackedHash.Contains(current.Value, names.Name(first)))
        {
            first++;
        }

        if (first == names.Count)
        {
            return 0;
        }

        PackedEdit edit = PackedEdit.Begin(write.Shard, database, current, key, ValueKind.Hash, current.ValueLength);
        long removed = 0;
        for (int i = first; i < names.Count; i++)
        {
            removed += PackedHash.Remove(edit.Bytes, names.Name(i)) ? 1 : 0;
        }

        edit.End(current, key, PackedHash.TotalBytes(edit.Bytes));
        return removed;
    }

    private static void ReserveEffect<TPairs>(in KeyWrite write, in KeyProbe key, scoped TPairs pairs)
        where TPairs : struct, IFieldValueList, allows ref struct
    {
        if (write.Shard.Effects is not { } effects)
        {
            return;
        }

        const int AroundAPair = 32;
        long bytes = key.Length;
        for (int i = 0; i < pairs.Count; i++)
        {
            bytes += pairs.Name(i).Length + pairs.Value(i).Length + AroundAPair;
        }

        effects.Reserve(bytes);
    }
}
