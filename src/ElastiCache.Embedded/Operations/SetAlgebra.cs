using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>What several sets can be combined to.</summary>
internal enum SetCombination
{
    /// <summary>What is in all of them: SINTER.</summary>
    Intersection,

    /// <summary>What is in any of them: SUNION.</summary>
    Union,

    /// <summary>What is in the first and in no other: SDIFF.</summary>
    Difference,
}

/// <summary>Commands on several sets at one moment: all their shards are locked.</summary>
/// <remarks>
/// No temporary set is built: each member of a set is looked up in the others, beginning with the set that answers soonest. A result that is to be stored
/// is copied out first, because making room for it may evict what it comes from.
/// </remarks>
internal sealed class SetAlgebra
{
    // An SADD in the log has at most so many members: redis-server takes a million arguments.
    private const int MembersAnEffect = 1024;

    private readonly Store _store;

    public SetAlgebra(Store store)
    {
        _store = store;
    }

    /// <summary>SINTER, SUNION, SDIFF. O(n · sets) for n members in the smallest set, in all sets, or in the first.</summary>
    /// <param name="database">The database.</param>
    /// <param name="keys">The sets; an absent key is an empty set.</param>
    /// <param name="combination">What to make of them.</param>
    /// <param name="sink">Takes the members.</param>
    /// <param name="most">Stop when there are so many.</param>
    /// <returns>How many there are.</returns>
    /// <exception cref="WrongTypeException">A key holds something else.</exception>
    public long Combine<TKeys, TSink>(int database, scoped TKeys keys, SetCombination combination, scoped ref TSink sink, long most = long.MaxValue)
        where TKeys : struct, IKeyList, allows ref struct
        where TSink : struct, IFieldSink, allows ref struct
    {
        var scratch = default(KeyScratch);
        using var read = new MultiKeyRead(_store, ShardSet.Of(_store, keys));
        var operands = new SetOperand[keys.Count];
        for (int i = 0; i < operands.Length; i++)
        {
            keys.Probe(i, ref scratch, out KeyProbe key);
            Shard shard = read.ShardOf(key);
            bool found = shard.TryFind(database, key, out Entry entry);
            _store.Accesses.Count(found);
            if (found)
            {
                RequireSet(entry);
                EntryAccess.MarkUsed(entry);
            }
            else
            {
                KeyNotice.Raise(_store, KeyEventClass.KeyMiss, "keymiss"u8, database, key);
            }

            operands[i] = new SetOperand(shard, entry);
        }

        return Combine(operands, combination, ref sink, most);
    }

    /// <summary>SINTERSTORE, SUNIONSTORE, SDIFFSTORE: as <see cref="Combine{TKeys, TSink}(int, TKeys, SetCombination, ref TSink, long)"/>; the result takes the place of whatever the destination holds.</summary>
    /// <returns>How many members it has; with none the destination is removed.</returns>
    /// <exception cref="WrongTypeException">A source holds something else than a set. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public long Store<TKeys>(int database, in KeyProbe destination, scoped TKeys keys, SetCombination combination, ref JournalTicket ticket)
        where TKeys : struct, IKeyList, allows ref struct
    {
        var scratch = default(KeyScratch);
        ShardSet shards = ShardSet.Of(_store, keys);
        shards.Add(_store.ShardIndexOf(destination.Hash));
        using var result = new NameBuffer();
        using var write = new MultiKeyWrite(_store, shards, ref ticket);
        var operands = new SetOperand[keys.Count];
        for (int i = 0; i < operands.Length; i++)
        {
            keys.Probe(i, ref scratch, out KeyProbe key);
            write.TryFind(database, key, ValueKind.Set, out Entry entry);
            operands[i] = new SetOperand(write.ShardOf(key), entry);
        }

        var sink = new NameBufferSink(result);
        Combine(operands, combination, ref sink, long.MaxValue);

        Shard shard = write.ShardOf(destination);
        bool exists = shard.TryFind(database, destination, out Entry current);
        if (result.Count == 0)
        {
            if (exists)
            {
                shard.Remove(database, current);
                write.Effect(database, 2)?.Argument("DEL"u8).Argument(destination);
                write.Notify(KeyEventClass.Generic, "del"u8, database, destination);
            }

            return 0;
        }

        write.Reserve(result.Bytes + (result.Count * 16L) + ((1 + (result.Count / MembersAnEffect)) * (destination.Length + 64L)));
        StoredSet.Replace(_store, shard, database, current, destination, result);
        Log(write, database, destination, exists, result);
        write.Notify(KeyEventClass.Set, NoticeOf(combination), database, destination);
        return result.Count;
    }

    private static void Log(in MultiKeyWrite write, int database, in KeyProbe destination, bool replaced, NameBuffer result)
    {
        // A set that is stored is one change, however it is logged.
        if (replaced)
        {
            write.Effect(database, 2, changes: 0)?.Argument("DEL"u8).Argument(destination);
        }

        for (int first = 0; first < result.Count; first += MembersAnEffect)
        {
            int count = Math.Min(MembersAnEffect, result.Count - first);
            EffectBuffer? effect = write.Effect(database, 2 + count, changes: first == 0 ? 1 : 0)?.Argument("SADD"u8).Argument(destination);
            for (int i = 0; effect != null && i < count; i++)
            {
                effect.Argument(result.Name(first + i).Span);
            }
        }
    }

    private static ReadOnlySpan<byte> NoticeOf(SetCombination combination) => combination switch
    {
        SetCombination.Intersection => "sinterstore"u8,
        SetCombination.Union => "sunionstore"u8,
        _ => "sdiffstore"u8,
    };

    private static long Combine<TSink>(SetOperand[] operands, SetCombination combination, scoped ref TSink sink, long most)
        where TSink : struct, IFieldSink, allows ref struct
    {
        switch (combination)
        {
            case SetCombination.Intersection:
                Array.Sort(operands, static (a, b) => a.Count.CompareTo(b.Count));
                return operands[0].Count == 0 ? 0 : Select(operands[0], operands.AsSpan(1), wanted: true, ref sink, most);

            case SetCombination.Difference:
                return Select(operands[0], operands.AsSpan(1), wanted: false, ref sink, most);

            default:
                // The largest first: its members need not be looked up anywhere.
                Array.Sort(operands, static (a, b) => b.Count.CompareTo(a.Count));
                long count = 0;
                for (int i = 0; i < operands.Length; i++)
                {
                    count += Select(operands[i], operands.AsSpan(0, i), wanted: false, ref sink, most);
                }

                return count;
        }
    }

    // The members that are in all of the others, or in none.
    private static long Select<TSink>(in SetOperand set, ReadOnlySpan<SetOperand> others, bool wanted, scoped ref TSink sink, long most)
        where TSink : struct, IFieldSink, allows ref struct
    {
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        long count = 0;
        for (SetView.Walk walk = set.View.Members; count < most && walk.MoveNext();)
        {
            ReadOnlySpan<byte> member = walk.Current(scratch);
            KeyProbe.Create(member, out KeyProbe probe);
            bool passes = true;
            for (int i = 0; passes && i < others.Length; i++)
            {
                passes = others[i].Contains(member, probe) == wanted;
            }

            if (passes)
            {
                sink.Take(member, default);
                count++;
            }
        }

        return count;
    }

    private static void RequireSet(in Entry entry)
    {
        if (entry.Kind != ValueKind.Set)
        {
            throw new WrongTypeException(entry.Key, TypeNames.Of(entry.Kind), TypeNames.Of(ValueKind.Set));
        }
    }

    // One of the sets, looked up once. A set that is named twice is its own operand twice.
    private readonly struct SetOperand
    {
        private readonly Shard _shard;
        private readonly Entry _entry;
        private readonly SetBody? _body;

        public SetOperand(Shard shard, in Entry entry)
        {
            _shard = shard;
            _entry = entry;
            _body = entry.Exists ? (SetBody?)shard.ShellOf(entry) : null;
            Count = entry.Exists ? new SetView(shard, entry).Count : 0;
        }

        public long Count { get; }

        public SetView View => _entry.Exists ? new SetView(_shard, _entry) : default;

        public bool Contains(ReadOnlySpan<byte> member, in KeyProbe probe) =>
            _body != null ? _body.Contains(probe) : _entry.Exists && PackedSet.Contains(_entry.Value, member);
    }
}
