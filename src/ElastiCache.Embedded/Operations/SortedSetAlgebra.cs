using System.Runtime.InteropServices;
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
            if (!IsSetOrAbsent(database, name))
            {
                // Refuses it, and is a use of it and of all keys before it, as in Redis.
                Combine(database, SetCombination.Union, keys, [], ScoreAggregate.Sum);
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
        KnownUse use = shard.Tracker?.UseOf(database, destination.SlotHash) ?? default;
        new SortedSetEdit(store, shard, database).Replace(destination, members);
        if (existed)
        {
            write.Effect(database, 2, changes: members.Count == 0 ? 1 : 0)?.Argument("DEL"u8).Argument(destination);
        }

        if (members.Count == 0)
        {
            if (existed)
            {
                write.Notify(KeyEventClass.Generic, "del"u8, database, destination);
            }

            return;
        }

        shard.Tracker?.Begin(database, destination.SlotHash, use);
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
        var operands = new ScoredOperand[keys.Length];
        for (int i = 0; i < operands.Length; i++)
        {
            operands[i] = Find(database, keys[i], weights.IsEmpty ? 1 : weights[i]);
        }

        var members = new List<(byte[] Member, double Score)>();
        switch (combination)
        {
            case SetCombination.Difference:
                Subtract(operands, members);
                break;
            case SetCombination.Intersection:
                // Smallest first, as Redis does it: what is looked up is the smallest set, and sums of fractions depend on the order.
                Intersect([.. operands.OrderBy(operand => operand.Count)], aggregate, limit, members);
                break;
            default:
                Unite([.. operands.OrderBy(operand => operand.Count)], aggregate, members);
                break;
        }

        members.Sort(static (a, b) => a.Score != b.Score ? a.Score.CompareTo(b.Score) : a.Member.AsSpan().SequenceCompareTo(b.Member));
        return members;
    }

    private static void Unite(ReadOnlySpan<ScoredOperand> operands, ScoreAggregate aggregate, List<(byte[] Member, double Score)> members)
    {
        var sums = new Dictionary<byte[], double>(KeyComparer.Instance);
        foreach (ScoredOperand operand in operands)
        {
            var sink = new Adding(sums, operand.Weight, aggregate);
            operand.Visit(ref sink);
        }

        members.EnsureCapacity(sums.Count);
        foreach ((byte[] member, double score) in sums)
        {
            members.Add((member, score));
        }
    }

    private static void Intersect(ReadOnlySpan<ScoredOperand> operands, ScoreAggregate aggregate, long limit, List<(byte[] Member, double Score)> members)
    {
        if (operands[0].Count > 0)
        {
            var sink = new KeepingCommon(operands, aggregate, limit, members);
            operands[0].Visit(ref sink);
        }
    }

    private static void Subtract(ReadOnlySpan<ScoredOperand> operands, List<(byte[] Member, double Score)> members)
    {
        var sink = new KeepingOwn(operands[1..], members);
        operands[0].Visit(ref sink);
    }

    private bool IsSetOrAbsent(int database, byte[] name)
    {
        KeyProbe.Create(name, out KeyProbe key);
        using var read = new KeyRead(_store, database, key);
        return !read.TryFind(key, out Entry entry) || entry.Kind is ValueKind.SortedSet or ValueKind.Set;
    }

    // The shards are locked.
    private ScoredOperand Find(int database, byte[] key, double weight)
    {
        KeyProbe.Create(key, out KeyProbe probe);
        Shard shard = _store.ShardOf(probe);
        return !shard.TryFind(database, probe, out Entry entry) ? default
            : entry.Kind is ValueKind.SortedSet or ValueKind.Set ? new ScoredOperand(shard, entry, weight)
            : throw new WrongTypeException(entry.Key, TypeNames.Of(entry.Kind), TypeNames.Of(ValueKind.SortedSet));
    }

    private static double Aggregate(ScoreAggregate aggregate, double a, double b) => aggregate switch
    {
        ScoreAggregate.Sum => NumberOr0(a + b),
        ScoreAggregate.Min => b < a ? b : a,      // not Math.Min, for which -0 is less than 0
        _ => b > a ? b : a,
    };

    // inf * 0 and inf - inf are taken as 0.
    private static double NumberOr0(double number) => double.IsNaN(number) ? 0 : number;

    // A sorted set, or a set whose members have the score 1; the default is the empty one.
    private readonly struct ScoredOperand(Shard shard, Entry entry, double weight)
    {
        public double Weight => weight;

        public long Count { get; } = entry.Kind == ValueKind.Set ? new SetView(shard, entry).Count : new SortedSetView(shard, entry).Count;

        public bool TryGetScore(ReadOnlySpan<byte> member, out double score)
        {
            if (Count > 0 && entry.Kind == ValueKind.SortedSet)
            {
                return new SortedSetView(shard, entry).TryGetScore(member, out score);
            }

            score = 1;
            return Count > 0 && new SetView(shard, entry).Contains(member);
        }

        public void Visit<TSink>(scoped ref TSink sink)
            where TSink : struct, IScoredSink, allows ref struct
        {
            if (Count > 0 && entry.Kind == ValueKind.SortedSet)
            {
                new SortedSetView(shard, entry).Visit(0, Count, backward: false, ref sink);
            }
            else if (Count > 0)
            {
                Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
                for (SetView.Walk walk = new SetView(shard, entry).Members; walk.MoveNext();)
                {
                    sink.Take(walk.Current(scratch), 1);
                }
            }
        }
    }

    private readonly struct Adding(Dictionary<byte[], double> sums, double weight, ScoreAggregate aggregate) : IScoredSink
    {
        private readonly Dictionary<byte[], double>.AlternateLookup<ReadOnlySpan<byte>> _sums = sums.GetAlternateLookup<ReadOnlySpan<byte>>();

        public void Take(scoped ReadOnlySpan<byte> member, double score)
        {
            double value = NumberOr0(score * weight);
            ref double sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, member, out bool exists);
            sum = exists ? Aggregate(aggregate, sum, value) : value;
        }
    }

    private readonly ref struct KeepingCommon(
        ReadOnlySpan<ScoredOperand> operands, ScoreAggregate aggregate, long limit, List<(byte[] Member, double Score)> members) : IScoredSink
    {
        private readonly ReadOnlySpan<ScoredOperand> _operands = operands;

        public void Take(scoped ReadOnlySpan<byte> member, double score)
        {
            double value = NumberOr0(score * _operands[0].Weight);
            for (int i = 1; i < _operands.Length; i++)
            {
                if (members.Count >= limit || !_operands[i].TryGetScore(member, out double other))
                {
                    return;
                }

                // As Redis, which takes 0 for inf * 0 in a union and in the first set here; in the others the sum becomes 0, and least or greatest it never is.
                value = Aggregate(aggregate, value, other * _operands[i].Weight);
            }

            if (members.Count < limit)
            {
                members.Add((member.ToArray(), value));
            }
        }
    }

    private readonly ref struct KeepingOwn(ReadOnlySpan<ScoredOperand> others, List<(byte[] Member, double Score)> members) : IScoredSink
    {
        private readonly ReadOnlySpan<ScoredOperand> _others = others;

        public void Take(scoped ReadOnlySpan<byte> member, double score)
        {
            foreach (ScoredOperand other in _others)
            {
                if (other.TryGetScore(member, out _))
                {
                    return;
                }
            }

            members.Add((member.ToArray(), score));
        }
    }
}
