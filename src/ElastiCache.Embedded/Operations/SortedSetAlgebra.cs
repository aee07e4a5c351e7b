using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>How scores of one member in several sets become one.</summary>
internal enum ScoreAggregate
{
    Sum,
    Min,
    Max,
}

/// <summary>What the commands on several sorted sets do: ZUNION, ZINTER, ZDIFF, their STORE forms, ZINTERCARD. Plain sets take part with a score of 1.</summary>
internal sealed class SortedSetAlgebra
{
    private readonly Store _store;

    public SortedSetAlgebra(Store store)
    {
        _store = store;
    }

    /// <summary>Combines sets at one moment; the result is in order. O(n log n) for all members together.</summary>
    /// <param name="database">The database.</param>
    /// <param name="combination">How.</param>
    /// <param name="keys">The sets.</param>
    /// <param name="weights">What each set's scores are multiplied by; empty for 1.</param>
    /// <param name="aggregate">How scores are joined.</param>
    /// <exception cref="WrongTypeException">A key holds neither kind of set.</exception>
    public List<(byte[] Member, double Score)> Combine(
        int database, SetCombination combination, byte[][] keys, ReadOnlySpan<double> weights, ScoreAggregate aggregate)
    {
        using var read = new MultiKeyRead(_store, ShardsOf(keys));
        return Combine(database, combination, keys, weights, aggregate, long.MaxValue);
    }

    /// <summary>Refuses keys that hold neither kind of set. Redis does so before it reads the options.</summary>
    /// <exception cref="WrongTypeException">One does.</exception>
    public void RequireSets(int database, byte[][] keys)
    {
        foreach (byte[] name in keys)
        {
            KeyProbe.Create(name, out KeyProbe key);
            using var read = new KeyRead(_store, database, key);
            if (read.TryFind(key, out Entry entry) && entry.Kind is not (ValueKind.SortedSet or ValueKind.Set))
            {
                throw new WrongTypeException(entry.Key, TypeNames.Of(entry.Kind), TypeNames.Of(ValueKind.SortedSet));
            }
        }
    }

    /// <summary>ZINTERCARD: how many members all sets have in common, counted up to a limit; 0 for none.</summary>
    /// <inheritdoc cref="Combine(int, SetCombination, byte[][], ReadOnlySpan{double}, ScoreAggregate)"/>
    public long CountCommon(int database, byte[][] keys, long limit)
    {
        using var read = new MultiKeyRead(_store, ShardsOf(keys));
        return Combine(database, SetCombination.Intersection, keys, [], ScoreAggregate.Sum, limit == 0 ? long.MaxValue : limit).Count;
    }

    /// <summary>ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE: combines sets and stores the result in the place of whatever has the key.</summary>
    /// <returns>How many members it has; with none the destination is deleted.</returns>
    /// <exception cref="WrongTypeException">A key holds neither kind of set. Nothing has changed.</exception>
    public long CombineAndStore(
        int database, SetCombination combination, in KeyProbe destination, byte[][] keys, ReadOnlySpan<double> weights, ScoreAggregate aggregate, ref JournalTicket ticket)
    {
        ShardSet shards = ShardsOf(keys);
        shards.Add(_store.ShardIndexOf(destination.Hash));
        using var write = new MultiKeyWrite(_store, shards, ref ticket);
        List<(byte[] Member, double Score)> members = Combine(database, combination, keys, weights, aggregate, long.MaxValue);
        Store(_store, write, database, destination, members, combination switch
        {
            SetCombination.Union => "zunionstore"u8,
            SetCombination.Intersection => "zinterstore"u8,
            _ => "zdiffstore"u8,
        });
        return members.Count;
    }

    /// <summary>Stores members in the place of whatever has a key, logs and tells it.</summary>
    public static void Store(
        Store store, in MultiKeyWrite write, int database, in KeyProbe destination, List<(byte[] Member, double Score)> members, ReadOnlySpan<byte> eventName)
    {
        Shard shard = write.ShardOf(destination);
        bool existed = shard.TryFind(database, destination, out _);
        new SortedSetEdit(store, shard, database).Replace(destination, members);
        if (existed)
        {
            write.Effect(database, 2)?.Argument("DEL"u8).Argument(destination);
        }

        if (members.Count == 0)
        {
            if (existed)
            {
                write.Notify(KeyEventClass.Generic, "del"u8, database, destination);
            }

            return;
        }

        Span<byte> text = stackalloc byte[DoubleText.MaxTextBytes];
        EffectBuffer? effect = write.Effect(database, 2 + (2 * members.Count))?.Argument("ZADD"u8).Argument(destination);
        foreach ((byte[] member, double score) in members)
        {
            effect?.Argument(text[..DoubleText.Format(score, text)]).Argument(member);
        }

        write.Notify(KeyEventClass.SortedSet, eventName, database, destination);
    }

    private ShardSet ShardsOf(byte[][] keys)
    {
        var shards = default(ShardSet);
        foreach (byte[] key in keys)
        {
            KeyProbe.Create(key, out KeyProbe probe);
            shards.Add(_store.ShardIndexOf(probe.Hash));
        }

        return shards;
    }

    private List<(byte[] Member, double Score)> Combine(
        int database, SetCombination combination, byte[][] keys, ReadOnlySpan<double> weights, ScoreAggregate aggregate, long limit)
    {
        var sets = new List<(Dictionary<byte[], double> Members, double Weight)>(keys.Length);
        for (int i = 0; i < keys.Length; i++)
        {
            sets.Add((Read(database, keys[i]), weights.IsEmpty ? 1 : weights[i]));
        }

        Dictionary<byte[], double> result = new(ByteComparer.Instance);
        if (combination == SetCombination.Difference)
        {
            foreach ((byte[] member, double score) in sets[0].Members)
            {
                if (!sets.Skip(1).Any(set => set.Members.ContainsKey(member)))
                {
                    result.Add(member, score);
                }
            }
        }
        else
        {
            // Smallest first, as Redis does it: sums of fractions depend on the order.
            sets = [.. sets.OrderBy(set => set.Members.Count)];
            Join(combination, sets, aggregate, limit, result);
        }

        var members = new List<(byte[] Member, double Score)>(result.Count);
        foreach ((byte[] member, double score) in result)
        {
            members.Add((member, score));
        }

        members.Sort(static (a, b) => a.Score != b.Score ? a.Score.CompareTo(b.Score) : a.Member.AsSpan().SequenceCompareTo(b.Member));
        return members;
    }

    private static void Join(
        SetCombination combination, List<(Dictionary<byte[], double> Members, double Weight)> sets, ScoreAggregate aggregate, long limit, Dictionary<byte[], double> result)
    {
        if (combination == SetCombination.Union)
        {
            foreach ((Dictionary<byte[], double> set, double weight) in sets)
            {
                foreach ((byte[] member, double score) in set)
                {
                    double value = NumberOr0(score * weight);
                    result[member] = result.TryGetValue(member, out double before) ? Aggregate(aggregate, before, value) : value;
                }
            }

            return;
        }

        foreach ((byte[] member, double score) in sets[0].Members)
        {
            double value = NumberOr0(score * sets[0].Weight);
            bool isInAll = true;
            for (int i = 1; i < sets.Count && isInAll; i++)
            {
                isInAll = sets[i].Members.TryGetValue(member, out double other);

                // As Redis, which takes 0 for inf * 0 in a union and in the first set here; in the others the sum becomes 0, and least or greatest it never is.
                value = isInAll ? Aggregate(aggregate, value, other * sets[i].Weight) : value;
            }

            if (isInAll)
            {
                result.Add(member, value);
                if (result.Count >= limit)
                {
                    return;
                }
            }
        }
    }

    // The shards are locked.
    private Dictionary<byte[], double> Read(int database, byte[] key)
    {
        var members = new Dictionary<byte[], double>(ByteComparer.Instance);
        KeyProbe.Create(key, out KeyProbe probe);
        Shard shard = _store.ShardOf(probe);
        if (!shard.TryFind(database, probe, out Entry entry))
        {
            return members;
        }

        var sink = new IntoDictionary(members);
        switch (entry.Kind)
        {
            case ValueKind.SortedSet:
                var sorted = new SortedSetView(shard, entry);
                sorted.Visit(0, sorted.Count, backward: false, ref sink);
                break;
            case ValueKind.Set:
                new SetView(shard, entry).Visit(ref sink);
                break;
            default:
                throw new WrongTypeException(entry.Key, TypeNames.Of(entry.Kind), TypeNames.Of(ValueKind.SortedSet));
        }

        return members;
    }

    private static double Aggregate(ScoreAggregate aggregate, double a, double b) => aggregate switch
    {
        ScoreAggregate.Sum => NumberOr0(a + b),
        ScoreAggregate.Min => b < a ? b : a,      // not Math.Min, for which -0 is less than 0
        _ => b > a ? b : a,
    };

    // inf * 0 and inf - inf are taken as 0.
    private static double NumberOr0(double number) => double.IsNaN(number) ? 0 : number;

    private readonly struct IntoDictionary(Dictionary<byte[], double> members) : IScoredSink, IFieldSink
    {
        public void Take(scoped ReadOnlySpan<byte> member, double score) => members[member.ToArray()] = score;

        public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value) => members[name.ToArray()] = 1;
    }

    private sealed class ByteComparer : IEqualityComparer<byte[]>
    {
        public static readonly ByteComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes)
        {
            KeyProbe.Create(bytes, out KeyProbe probe);
            return (int)probe.Hash;
        }
    }
}
