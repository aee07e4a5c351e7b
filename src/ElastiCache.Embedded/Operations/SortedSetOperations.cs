using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>The options of ZADD.</summary>
[Flags]
internal enum ScoreRules
{
    None = 0,

    /// <summary>NX: only adds.</summary>
    OnlyNew = 1,

    /// <summary>XX: only updates.</summary>
    OnlyPresent = 2,

    /// <summary>GT: updates only to a higher score.</summary>
    OnlyHigher = 4,

    /// <summary>LT: updates only to a lower score.</summary>
    OnlyLower = 8,
}

/// <summary>What a ZADD has done.</summary>
/// <param name="Added">Members that are new.</param>
/// <param name="Changed">Members whose score is another.</param>
internal readonly record struct ScoreOutcome(long Added, long Changed);

/// <summary>Members with the score that each shall have.</summary>
internal interface IScoredList : INameList
{
    double Score(int index);
}

/// <summary>What the commands on single members of one sorted set do. Ranges are in <see cref="SortedSetRanges"/>, unions and such in <see cref="SortedSetAlgebra"/>.</summary>
/// <remarks>The log gets <c>ZADD key score member …</c> with the scores that came out, <c>ZREM key member …</c>, or <c>DEL key</c>: each may be replayed twice.</remarks>
internal sealed class SortedSetOperations
{
    private readonly Store _store;

    public SortedSetOperations(Store store)
    {
        _store = store;
        Ranges = new SortedSetRanges(store);
        Algebra = new SortedSetAlgebra(store);
    }

    /// <summary>Commands on ranges by rank, score or member.</summary>
    public SortedSetRanges Ranges { get; }

    /// <summary>Commands on several sets.</summary>
    public SortedSetAlgebra Algebra { get; }

    /// <summary>The encoding that OBJECT ENCODING tells.</summary>
    public static string EncodingOf(Shard shard, in Entry entry) => shard.ShellOf(entry) != null ? "skiplist" : "listpack";

    /// <summary>ZADD: gives members scores. O(log n) each.</summary>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. What was set before stays, and is logged.</exception>
    public ScoreOutcome Add<TMembers>(int database, in KeyProbe key, scoped TMembers members, ScoreRules rules, ref JournalTicket ticket)
        where TMembers : struct, IScoredList, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.SortedSet, out _) && (rules & ScoreRules.OnlyPresent) != 0)
        {
            return default;
        }

        long added = 0, changed = 0;
        for (int i = 0; i < members.Count; i++)
        {
            if (SetOne(write, database, key, members.Name(i), members.Score(i), rules, isIncrement: false, out bool isNew, out _))
            {
                added += isNew ? 1 : 0;
                changed += isNew ? 0 : 1;
            }
        }

        if (added + changed > 0)
        {
            write.Notify(KeyEventClass.SortedSet, "zadd"u8, key);
        }

        return new ScoreOutcome(added, changed);
    }

    /// <summary>ZINCRBY, ZADD INCR: adds to a member's score; a missing one counts as 0. O(log n).</summary>
    /// <returns>The new score; null if the rules forbade it.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="OverflowException">The sum would be no number. Nothing has changed.</exception>
    public double? Increment(int database, in KeyProbe key, ReadOnlySpan<byte> member, double by, ScoreRules rules, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.SortedSet, out _) && (rules & ScoreRules.OnlyPresent) != 0)
        {
            return null;
        }

        bool isSet = SetOne(write, database, key, member, by, rules, isIncrement: true, out _, out double? score);
        if (isSet)
        {
            write.Notify(KeyEventClass.SortedSet, "zincr"u8, key);
        }

        return score;
    }

    /// <summary>ZREM: removes members. O(log n) each.</summary>
    /// <returns>How many were there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Remove<TMembers>(int database, in KeyProbe key, scoped TMembers members, ref JournalTicket ticket)
        where TMembers : struct, INameList, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.SortedSet, out _))
        {
            return 0;
        }

        long removed = 0;
        var edit = new SortedSetEdit(_store, write.Shard, database);
        for (int i = 0; i < members.Count; i++)
        {
            if (edit.Remove(key, members.Name(i)))
            {
                removed++;
                write.Effect(3)?.Argument("ZREM"u8).Argument(key).Argument(members.Name(i));
            }
        }

        if (removed > 0)
        {
            write.Notify(KeyEventClass.SortedSet, "zrem"u8, key);
            if (!write.TryFind(key, out _, uses: false))
            {
                write.Notify(KeyEventClass.Generic, "del"u8, key);
            }
        }

        return removed;
    }

    /// <summary>ZSCORE. O(1).</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public double? Score(int database, in KeyProbe key, ReadOnlySpan<byte> member)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, ValueKind.SortedSet, out Entry entry) && new SortedSetView(read.Shard, entry).TryGetScore(member, out double score)
            ? score
            : null;
    }

    /// <summary>ZMSCORE. O(1) each.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public double?[] Scores<TMembers>(int database, in KeyProbe key, scoped TMembers members)
        where TMembers : struct, INameList, allows ref struct
    {
        var scores = new double?[members.Count];
        using var read = new KeyRead(_store, database, key);
        if (read.TryFind(key, ValueKind.SortedSet, out Entry entry))
        {
            var set = new SortedSetView(read.Shard, entry);
            for (int i = 0; i < scores.Length; i++)
            {
                scores[i] = set.TryGetScore(members.Name(i), out double score) ? score : null;
            }
        }

        return scores;
    }

    /// <summary>ZRANK, ZREVRANK. O(log n).</summary>
    /// <returns>The rank, 0 being the first; null if there is no such member.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long? Rank(int database, in KeyProbe key, ReadOnlySpan<byte> member, bool fromHighest)
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.SortedSet, out Entry entry))
        {
            return null;
        }

        var set = new SortedSetView(read.Shard, entry);
        return !set.TryGetRank(member, out long rank, out _) ? null : fromHighest ? set.Count - 1 - rank : rank;
    }

    /// <summary>ZCARD. O(1).</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Count(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, ValueKind.SortedSet, out Entry entry) ? new SortedSetView(read.Shard, entry).Count : 0;
    }

    /// <summary>ZPOPMIN, ZPOPMAX: takes members from an end. O(log n) each.</summary>
    /// <returns>How many were taken; -1 if there is no such key.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Pop<TSink>(int database, in KeyProbe key, bool highest, long count, scoped ref TSink sink, ref JournalTicket ticket)
        where TSink : struct, IScoredSink, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.SortedSet, out Entry current))
        {
            return -1;
        }

        var set = new SortedSetView(write.Shard, current);
        long size = set.Count;
        count = Math.Min(count, size);
        if (count == 0)
        {
            return 0;
        }

        var popped = new List<(byte[] Member, double Score)>((int)Math.Min(count, 1024));
        var collect = new CollectedScores(popped);
        set.Visit(highest ? size - 1 : 0, count, backward: highest, ref collect);
        var edit = new SortedSetEdit(_store, write.Shard, database);
        foreach ((byte[] member, double score) in popped)
        {
            sink.Take(member, score);
            edit.Remove(key, member);
            write.Effect(3)?.Argument("ZREM"u8).Argument(key).Argument(member);
        }

        write.Notify(KeyEventClass.SortedSet, highest ? "zpopmax"u8 : "zpopmin"u8, key);
        if (count == size)
        {
            write.Notify(KeyEventClass.Generic, "del"u8, key);
        }

        return count;
    }

    // Whether the score is another than before, or the member is new.
    private bool SetOne(
        in KeyWrite write, int database, in KeyProbe key, ReadOnlySpan<byte> member, double score, ScoreRules rules, bool isIncrement, out bool isNew, out double? result)
    {
        double before = 0;
        isNew = !write.TryFind(key, ValueKind.SortedSet, out Entry current, uses: false) || !new SortedSetView(write.Shard, current).TryGetScore(member, out before);
        result = null;
        if ((rules & (isNew ? ScoreRules.OnlyPresent : ScoreRules.OnlyNew)) != 0)
        {
            return false;
        }

        if (isIncrement && !isNew)
        {
            score += before;
            if (double.IsNaN(score))
            {
                throw new OverflowException(
                    $"The score at key '{KeyText.Of(key.ToArray())}' would be no number: infinities of opposite sign were added. Nothing was changed.")
                    .Says("ERR resulting score is not a number (NaN)");
            }
        }

        if (!isNew && (((rules & ScoreRules.OnlyHigher) != 0 && score <= before) || ((rules & ScoreRules.OnlyLower) != 0 && score >= before)))
        {
            return false;
        }

        result = score;
        if (!isNew && score == before)
        {
            return false;
        }

        new SortedSetEdit(_store, write.Shard, database).Set(key, member, score);
        Span<byte> text = stackalloc byte[DoubleText.MaxTextBytes];
        write.Effect(4)?.Argument("ZADD"u8).Argument(key).Argument(text[..DoubleText.Format(score, text)]).Argument(member);
        return true;
    }
}

/// <summary>Keeps copies of members with their scores.</summary>
internal readonly struct CollectedScores(List<(byte[] Member, double Score)> members) : IScoredSink
{
    public void Take(scoped ReadOnlySpan<byte> member, double score) => members.Add((member.ToArray(), score));
}
