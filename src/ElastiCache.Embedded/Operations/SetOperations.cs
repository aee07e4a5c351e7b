using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the commands on sets do. The log gets SADD and SREM.</summary>
/// <remarks>
/// Costs are those of a large set; in a packed one (<see cref="PackedSet"/>) finding a member is a binary search among integers and a short walk
/// otherwise.
/// </remarks>
internal sealed class SetOperations
{
    private readonly Store _store;

    public SetOperations(Store store)
    {
        _store = store;
        Walks = new SetWalks(store);
        Algebra = new SetAlgebra(store);
    }

    internal Store Store => _store;

    /// <summary>SMEMBERS, SSCAN, SRANDMEMBER, SPOP.</summary>
    public SetWalks Walks { get; }

    /// <summary>SINTER, SUNION, SDIFF and their kin.</summary>
    public SetAlgebra Algebra { get; }

    /// <summary>OBJECT ENCODING.</summary>
    public static string EncodingOf(Shard shard, in Entry entry) =>
        (shard.ShellOf(entry) is SetBody body ? body.IsReportedAsTable : PackedSet.IsReportedAsTable(entry.Value)) ? "hashtable" : "intset";

    /// <summary>SADD. O(members).</summary>
    /// <returns>How many are new.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public long Add<TNames>(int database, in KeyProbe key, scoped TNames names, ref JournalTicket ticket)
        where TNames : struct, INameList, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (write.TryFind(key, ValueKind.Set, out Entry current) && !HasNew(new SetView(write.Shard, current), names))
        {
            return 0;
        }

        Reserve(write.Shard, key, names);
        long added = AddTo(_store, write.Shard, database, current, key, names);
        LogNames(write.Effect(2 + names.Count, changes: added)?.Argument("SADD"u8).Argument(key), names);
        write.Notify(KeyEventClass.Set, "sadd"u8, key);
        return added;
    }

    /// <summary>SREM: removes members, and the key with the last of them. O(members).</summary>
    /// <returns>How many were there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Remove<TNames>(int database, in KeyProbe key, scoped TNames names, ref JournalTicket ticket)
        where TNames : struct, INameList, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.Set, out Entry current))
        {
            return 0;
        }

        long removed = RemoveFrom(write.Shard, database, current, key, names);
        if (removed > 0)
        {
            // All that were named, as Redis does it: to remove again what wasn't there changes nothing.
            LogNames(write.Effect(2 + names.Count, changes: removed)?.Argument("SREM"u8).Argument(key), names);
            write.Notify(KeyEventClass.Set, "srem"u8, key);
            if (IsEmpty(write.Shard, current))
            {
                write.Remove(current);
                write.Notify(KeyEventClass.Generic, "del"u8, key);
            }
        }

        return removed;
    }

    /// <summary>SISMEMBER. O(1).</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public bool Contains(int database, in KeyProbe key, ReadOnlySpan<byte> member)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, ValueKind.Set, out Entry entry) && new SetView(read.Shard, entry).Contains(member);
    }

    /// <summary>SMISMEMBER. O(members).</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public void Contains<TNames, TSink>(int database, in KeyProbe key, scoped TNames names, scoped ref TSink sink)
        where TNames : struct, INameList, allows ref struct
        where TSink : struct, IFieldResultSink<bool>, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        SetView set = read.TryFind(key, ValueKind.Set, out Entry entry) ? new SetView(read.Shard, entry) : default;
        for (int i = 0; i < names.Count; i++)
        {
            sink.Take(set.Contains(names.Name(i)));
        }
    }

    /// <summary>SCARD. O(1).</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Count(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, ValueKind.Set, out Entry entry) ? new SetView(read.Shard, entry).Count : 0;
    }

    /// <summary>SMOVE: takes a member out of one set and puts it into another. O(1).</summary>
    /// <returns>Whether it was there.</returns>
    /// <exception cref="WrongTypeException">A key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public bool Move(int database, in KeyProbe source, in KeyProbe destination, ReadOnlySpan<byte> member, ref JournalTicket ticket)
    {
        using var write = new MultiKeyWrite(_store, ShardSet.Of(_store, source, destination), ref ticket);
        write.ShardOf(destination).TryFind(database, destination, out _);       // as in Redis a use whether there is a source or not
        if (!write.TryFind(database, source, ValueKind.Set, out Entry from))
        {
            return false;
        }

        Shard fromShard = write.ShardOf(source);
        Shard toShard = write.ShardOf(destination);
        bool exists = write.TryFind(database, destination, ValueKind.Set, out Entry to, uses: false);
        if (!new SetView(fromShard, from).Contains(member))
        {
            return false;
        }

        if (exists && ReferenceEquals(fromShard, toShard) && to.Position.Reference == from.Position.Reference)
        {
            return true;
        }

        // First in, then out: only the first can fail. It may also evict the source, whose member has moved then all the same.
        var name = new OneName(member);
        bool isNew = !exists || !new SetView(toShard, to).Contains(member);
        if (isNew)
        {
            AddTo(_store, toShard, database, to, destination, name);
            write.Effect(database, 3)?.Argument("SADD"u8).Argument(destination).Argument(member);
        }

        if (fromShard.TryFind(database, source, out from, uses: false))
        {
            RemoveFrom(fromShard, database, from, source, name);
            write.Effect(database, 3)?.Argument("SREM"u8).Argument(source).Argument(member);
            write.Notify(KeyEventClass.Set, "srem"u8, database, source);
            if (IsEmpty(fromShard, from))
            {
                fromShard.Remove(database, from);
                write.Notify(KeyEventClass.Generic, "del"u8, database, source);
            }
        }

        if (isNew)
        {
            write.Notify(KeyEventClass.Set, "sadd"u8, database, destination);
        }

        return true;
    }

    /// <summary>Adds members to a set that was looked for; not all are there.</summary>
    internal static long AddTo<TNames>(Store store, Shard shard, int database, in Entry current, in KeyProbe key, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        SetEdit edit = SetEdit.Begin(store, shard, database, current, key, names);
        long added = 0;
        for (int i = 0; i < names.Count; i++)
        {
            added += edit.Add(names.Name(i)) ? 1 : 0;
        }

        edit.End(key);
        return added;
    }

    /// <summary>Removes members of a set that was found.</summary>
    internal static long RemoveFrom<TNames>(Shard shard, int database, in Entry current, in KeyProbe key, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        var set = new SetView(shard, current);
        int first = 0;
        while (first < names.Count && !set.Contains(names.Name(first)))
        {
            first++;
        }

        if (first == names.Count)
        {
            return 0;
        }

        long removed = 0;
        if (set.Body is { } body)
        {
            shard.BeginChange(database, current);
            for (int i = first; i < names.Count; i++)
            {
                KeyProbe.Create(names.Name(i), out KeyProbe name);
                removed += body.Remove(name) ? 1 : 0;
            }

            return removed;
        }

        PackedEdit edit = PackedEdit.Begin(shard, database, current, key, ValueKind.Set, current.ValueLength);
        for (int i = first; i < names.Count; i++)
        {
            removed += PackedSet.Remove(edit.Bytes, names.Name(i)) ? 1 : 0;
        }

        edit.End(current, key, PackedSet.TotalBytes(edit.Bytes));
        return removed;
    }

    /// <summary>Whether a set has lost its last member.</summary>
    internal static bool IsEmpty(Shard shard, in Entry current) => new SetView(shard, current).Count == 0;

    /// <summary>Adds names to an effect.</summary>
    internal static void LogNames<TNames>(EffectBuffer? effect, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        for (int i = 0; effect != null && i < names.Count; i++)
        {
            effect.Argument(names.Name(i));
        }
    }

    private static bool HasNew<TNames>(SetView set, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (!set.Contains(names.Name(i)))
            {
                return true;
            }
        }

        return false;
    }

    private static void Reserve<TNames>(Shard shard, in KeyProbe key, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        const int AroundAName = 16;
        if (shard.Effects is not { } effects)
        {
            return;
        }

        long bytes = key.Length;
        for (int i = 0; i < names.Count; i++)
        {
            bytes += names.Name(i).Length + AroundAName;
        }

        effects.Reserve(bytes);
    }
}
