using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>By what a range of a sorted set is cut out.</summary>
internal enum RangeOrder
{
    Rank,
    Score,
    Member,
}

/// <summary>One end of a range by member: <c>[a</c>, <c>(a</c>, <c>-</c>, <c>+</c>.</summary>
/// <param name="Member">The member.</param>
/// <param name="IsExclusive">Whether it is itself outside.</param>
/// <param name="Infinity">-1 before all members, 1 behind all, 0 for a member.</param>
internal readonly record struct LexBound(byte[] Member, bool IsExclusive, int Infinity);

/// <summary>A range of a sorted set, from low to high whatever the direction.</summary>
internal readonly record struct SortedSetRange
{
    public RangeOrder Order { get; init; }

    /// <summary>Whether it is walked from the high end.</summary>
    public bool IsReversed { get; init; }

    /// <summary>By rank: the first index, negative from the end; counted in the direction of the walk.</summary>
    public long Start { get; init; }

    /// <summary>By rank: the last index, inclusive.</summary>
    public long End { get; init; }

    public double LowScore { get; init; }

    public double HighScore { get; init; }

    public bool LowIsExclusive { get; init; }

    public bool HighIsExclusive { get; init; }

    public LexBound Low { get; init; }

    public LexBound High { get; init; }

    /// <summary>LIMIT: members to pass over; negative selects nothing.</summary>
    public long Offset { get; init; }

    /// <summary>LIMIT: the most members; negative for all.</summary>
    public long Limit { get; init; }

    /// <summary>Finds the range in a set.</summary>
    /// <param name="set">The set.</param>
    /// <param name="first">The rank of the first member of the walk.</param>
    /// <param name="count">How many members.</param>
    public void Resolve(scoped in SortedSetView set, out long first, out long count)
    {
        long size = set.Count;
        if (Order == RangeOrder.Rank)
        {
            long start = Math.Max(0, Start < 0 ? Start + size : Start);
            long end = Math.Min(size - 1, End < 0 ? End + size : End);
            count = start > end || start >= size ? 0 : end - start + 1;
            first = IsReversed ? size - 1 - start : start;
            return;
        }

        long low, high;
        if (Order == RangeOrder.Score)
        {
            (low, high) = (set.CountBelow(LowScore, LowIsExclusive), set.CountBelow(HighScore, !HighIsExclusive));
        }
        else if (set.Body != null)
        {
            (low, high) = (CountBelow(set, Low, size, isLow: true), CountBelow(set, High, size, isLow: false));
        }
        else
        {
            PackedLexRange.Find(set.Packed, Low, High, IsReversed, out low, out high);
        }

        count = Math.Max(0, high - low);
        if (Offset < 0 || Offset >= count)
        {
            (first, count) = (0, 0);
            return;
        }

        count -= Offset;
        count = Limit >= 0 ? Math.Min(count, Limit) : count;
        first = IsReversed ? high - 1 - Offset : low + Offset;
    }

    private static long CountBelow(scoped in SortedSetView set, in LexBound bound, long size, bool isLow) =>
        bound.Infinity != 0 ? (bound.Infinity < 0 ? 0 : size) : set.CountBelow(bound.Member, isLow == bound.IsExclusive);
}

/// <summary>What the commands on ranges of one sorted set do: ZRANGE and its kin, ZCOUNT, ZREMRANGEBY…, ZRANGESTORE, ZRANDMEMBER, ZSCAN.</summary>
internal sealed class SortedSetRanges
{
    private readonly Store _store;

    public SortedSetRanges(Store store)
    {
        _store = store;
    }

    /// <summary>ZRANGE: visits a range. O(log n + members).</summary>
    /// <returns>How many members there are in it.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Visit<TSink>(int database, in KeyProbe key, in SortedSetRange range, scoped ref TSink sink)
        where TSink : struct, IScoredSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.SortedSet, out Entry entry))
        {
            return 0;
        }

        var set = new SortedSetView(read.Shard, entry);
        range.Resolve(set, out long first, out long count);
        set.Visit(first, count, range.IsReversed, ref sink);
        return count;
    }

    /// <summary>ZCOUNT, ZLEXCOUNT: how many members a range has. O(log n).</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Count(int database, in KeyProbe key, in SortedSetRange range)
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.SortedSet, out Entry entry))
        {
            return 0;
        }

        range.Resolve(new SortedSetView(read.Shard, entry), out _, out long count);
        return count;
    }

    /// <summary>ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX: removes a range. O(log n) a member.</summary>
    /// <returns>How many were removed.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Remove(int database, in KeyProbe key, in SortedSetRange range, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.SortedSet, out Entry entry))
        {
            return 0;
        }

        var set = new SortedSetView(write.Shard, entry);
        range.Resolve(set, out long first, out long count);
        if (count == 0)
        {
            return 0;
        }

        var members = new List<(byte[] Member, double Score)>();
        var collect = new CollectedScores(members);
        set.Visit(first, count, range.IsReversed, ref collect);
        var edit = new SortedSetEdit(_store, write.Shard, database);
        EffectBuffer? effect = write.Effect(2 + members.Count, changes: members.Count)?.Argument("ZREM"u8).Argument(key);
        foreach ((byte[] member, _) in members)
        {
            edit.Remove(key, member);
            effect?.Argument(member);
        }

        write.Notify(KeyEventClass.SortedSet, range.Order switch { RangeOrder.Rank => "zremrangebyrank"u8, RangeOrder.Score => "zremrangebyscore"u8, _ => "zremrangebylex"u8 }, key);
        if (!write.TryFind(key, out _, uses: false))
        {
            write.Notify(KeyEventClass.Generic, "del"u8, key);
        }

        return members.Count;
    }

    /// <summary>ZRANGESTORE: stores a range as a set of its own. O(log n + members · log members).</summary>
    /// <returns>How many members it has; with none the destination is deleted.</returns>
    /// <exception cref="WrongTypeException">The source holds something else. Nothing has changed.</exception>
    public long Store(int database, in KeyProbe destination, in KeyProbe source, in SortedSetRange range, ref JournalTicket ticket)
    {
        using var write = new MultiKeyWrite(_store, ShardSet.Of(_store, destination, source), ref ticket);
        var members = new List<(byte[] Member, double Score)>();
        if (write.TryFind(database, source, ValueKind.SortedSet, out Entry entry))
        {
            var collect = new CollectedScores(members);
            var set = new SortedSetView(write.ShardOf(source), entry);
            range.Resolve(set, out long first, out long count);
            set.Visit(first, count, range.IsReversed, ref collect);
        }

        LosePackedSigns(members);
        SortedSetAlgebra.Store(_store, write, database, destination, members, "zrangestore"u8);
        return members.Count;
    }

    // Redis fills a listpack as long as members fit, in which -0 becomes 0, while a table keeps it.
    private void LosePackedSigns(List<(byte[] Member, double Score)> members)
    {
        for (int i = 0; i < members.Count && members.Count <= _store.Encodings.SortedSetMaxListpackEntries; i++)
        {
            if (members[i].Member.Length > _store.Encodings.SortedSetMaxListpackValue)
            {
                return;
            }

            members[i] = (members[i].Member, members[i].Score + 0.0);
        }
    }

    /// <summary>ZRANDMEMBER: members by lot.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="count">How many different ones; negative for so many draws, in which one may come twice.</param>
    /// <param name="sink">Takes them.</param>
    /// <returns>How many; -1 if there is no such key.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Draw<TSink>(int database, in KeyProbe key, long count, scoped ref TSink sink)
        where TSink : struct, IScoredSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.SortedSet, out Entry entry))
        {
            return -1;
        }

        var set = new SortedSetView(read.Shard, entry);
        long size = set.Count;
        if (count < 0)
        {
            for (long i = 0; i < -count; i++)
            {
                set.Visit(Random.Shared.NextInt64(size), 1, backward: false, ref sink);
            }

            return -count;
        }

        if (count >= size)
        {
            set.Visit(0, size, backward: false, ref sink);
            return size;
        }

        // Floyd's sampling (Bentley and Floyd 1987): each subset is as likely as any other.
        var drawn = new HashSet<long>((int)count);
        for (long i = size - count; i < size; i++)
        {
            long rank = Random.Shared.NextInt64(i + 1);
            rank = drawn.Add(rank) ? rank : i;
            drawn.Add(rank);
            set.Visit(rank, 1, backward: false, ref sink);
        }

        return count;
    }

    /// <summary>ZSCAN: one step of a walk over the members. Members that are there all the time are met at least once.</summary>
    /// <returns>The next cursor; 0 at the end.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public ulong Scan<TSink>(int database, in KeyProbe key, ulong cursor, ScanArguments arguments, scoped ref TSink sink)
        where TSink : struct, IScoredSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.SortedSet, out Entry entry))
        {
            return 0;
        }

        var set = new SortedSetView(read.Shard, entry);
        var match = new Matching<TSink>(sink, arguments);
        uint position = 0;
        if (set.Body == null)
        {
            set.Visit(0, set.Count, backward: false, ref match);
        }
        else
        {
            position = (uint)cursor;
            long buckets = 0;
            do
            {
                position = set.Body.Members.Scan(position, ref match);
                buckets++;
            }
            while (position != 0 && !MemberScan.IsEnough(match.Met, buckets, arguments.Count));
        }

        sink = match.Sink;
        return position;
    }

    private ref struct Matching<TSink>(TSink sink, ScanArguments arguments) : IScoredSink, IMemberVisitor
        where TSink : struct, IScoredSink, allows ref struct
    {
        private readonly ScanArguments _arguments = arguments;

        public TSink Sink = sink;

        public long Met { get; private set; }

        public void Take(scoped ReadOnlySpan<byte> member, double score)
        {
            Met++;
            if (!_arguments.HasPattern || Glob.IsMatch(_arguments.Pattern, member))
            {
                Sink.Take(member, score);
            }
        }

        public void Visit(in Member member) => Take(member.Name, SortedSetBody.ScoreOf(member));
    }
}
