using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the commands on places do: a sorted set whose scores are geohashes of 52 bits. GEOADD is ZADD, GEOHASH and GEOPOS are ZMSCORE.</summary>
internal sealed class GeoOperations
{
    private readonly Store _store;
    private readonly SortedSetOperations _sets;

    public GeoOperations(Store store)
    {
        _store = store;
        _sets = new SortedSetOperations(store);
    }

    /// <summary>GEOADD: gives members places. O(log n) each.</summary>
    /// <inheritdoc cref="SortedSetOperations.Add"/>
    public ScoreOutcome Add<TMembers>(int database, in KeyProbe key, scoped TMembers members, ScoreRules rules, ref JournalTicket ticket)
        where TMembers : struct, IScoredList, allows ref struct => _sets.Add(database, key, members, rules, ref ticket);

    /// <summary>GEOPOS, GEOHASH: the scores of members, from which both are computed. O(1) each.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public double?[] Scores<TMembers>(int database, in KeyProbe key, scoped TMembers members)
        where TMembers : struct, INameList, allows ref struct => _sets.Scores(database, key, members);

    /// <summary>GEODIST: the distance between two members in metres. O(1).</summary>
    /// <returns>Null if one of them isn't there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public double? Distance(int database, in KeyProbe key, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.SortedSet, out Entry entry))
        {
            return null;
        }

        var set = new SortedSetView(read.Shard, entry);
        return set.TryGetScore(from, out double first) && set.TryGetScore(to, out double second)
            ? GeoDistance.Meters(Geohash.ToPosition(first), Geohash.ToPosition(second))
            : null;
    }

    /// <summary>Whether there is a sorted set, and where one of its members is. It <paramref name="uses"/> the set, if that was not done before.</summary>
    /// <returns>Null if there is no such key; false in the pair if there is no such member.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public (bool IsThere, GeoPosition Position)? Find(int database, in KeyProbe key, ReadOnlySpan<byte> member, bool uses = true)
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.SortedSet, out Entry entry, uses))
        {
            return null;
        }

        bool isThere = new SortedSetView(read.Shard, entry).TryGetScore(member, out double score);
        return (isThere, isThere ? Geohash.ToPosition(score) : default);
    }

    /// <summary>GEOSEARCH: the places inside a circle or box. O(log n + m) for m places in the cells around it. It <paramref name="uses"/> the set, if that was not done before.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public List<GeoMatch> Search(int database, in KeyProbe key, in GeoQuery query, bool uses = true)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, ValueKind.SortedSet, out Entry entry, uses) ? Search(new SortedSetView(read.Shard, entry), query) : [];
    }

    /// <summary>GEOSEARCHSTORE: stores what a search finds, with the places or the distances as scores, in the place of whatever has the key. The source was found, and so used, before.</summary>
    /// <returns>How many there are; with none the destination is deleted.</returns>
    /// <exception cref="WrongTypeException">The source holds something else. Nothing has changed.</exception>
    public long SearchAndStore(
        int database, in KeyProbe destination, in KeyProbe source, in GeoQuery query, bool storesDistances, ReadOnlySpan<byte> eventName, ref JournalTicket ticket)
    {
        using var write = new MultiKeyWrite(_store, ShardSet.Of(_store, destination, source), ref ticket);
        var members = new List<(byte[] Member, double Score)>();
        if (write.TryFind(database, source, ValueKind.SortedSet, out Entry entry, uses: false))
        {
            double unit = query.Shape.Unit.Meters();
            foreach (GeoMatch match in Search(new SortedSetView(write.ShardOf(source), entry), query))
            {
                members.Add((match.Member, storesDistances ? match.Meters / unit : match.Score));
            }
        }

        SortedSetAlgebra.Store(_store, write, database, destination, members, eventName);
        return members.Count;
    }

    private static List<GeoMatch> Search(scoped in SortedSetView set, in GeoQuery query)
    {
        var matches = new List<GeoMatch>();
        Span<GeoScoreRange> ranges = stackalloc GeoScoreRange[GeoSearch.MaxRanges];
        int count = GeoSearch.Ranges(query.Shape, ranges);
        var sink = new Inside(matches, query.Shape, query.AnyWillDo ? query.Count : long.MaxValue);
        foreach (GeoScoreRange range in ranges[..count])
        {
            long first = set.CountBelow(range.First, orEqual: false);
            long end = set.CountBelow(range.End, orEqual: false);
            set.Visit(first, end - first, backward: false, ref sink);
        }

        if (query.IsSorted)
        {
            // Stable, as Redis's sort is: members at one place stay in the order of their scores.
            matches = [.. query.IsDescending ? matches.OrderByDescending(match => match.Meters) : matches.OrderBy(match => match.Meters)];
        }

        if (query.Count > 0 && matches.Count > query.Count)
        {
            matches.RemoveRange((int)query.Count, matches.Count - (int)query.Count);
        }

        return matches;
    }

    private readonly struct Inside(List<GeoMatch> matches, GeoShape shape, long most) : IScoredSink
    {
        public void Take(scoped ReadOnlySpan<byte> member, double score)
        {
            GeoPosition position = Geohash.ToPosition(score);
            if (matches.Count < most && shape.Contains(position, out double meters))
            {
                matches.Add(new GeoMatch(member.ToArray(), score, position, meters));
            }
        }
    }
}

/// <summary>What a search asks for.</summary>
internal readonly record struct GeoQuery
{
    public GeoShape Shape { get; init; }

    /// <summary>The most places; 0 for all.</summary>
    public long Count { get; init; }

    /// <summary>ANY: the first that are found, and not the nearest.</summary>
    public bool AnyWillDo { get; init; }

    /// <summary>Whether the answer is ordered by distance.</summary>
    public bool IsSorted { get; init; }

    /// <summary>Whether the furthest come first.</summary>
    public bool IsDescending { get; init; }
}

/// <summary>A place that a search has found.</summary>
/// <param name="Member">The member.</param>
/// <param name="Score">Its geohash.</param>
/// <param name="Position">Where it is.</param>
/// <param name="Meters">How far from the centre.</param>
internal readonly record struct GeoMatch(byte[] Member, double Score, GeoPosition Position, double Meters);
