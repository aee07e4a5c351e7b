using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>Ranges of sorted sets: by rank and by score.</summary>
public static class SortedSetRangeExtensions
{
    private const long MembersAPage = 256;

    /// <summary>The members between two ranks, both inclusive, negative ones from the end. O(log n + members). Redis: ZRANGE WITHSCORES, with REV.</summary>
    /// <param name="set">The set.</param>
    /// <param name="first">The first rank: 0 is the lowest score, or with <paramref name="descending"/> the highest.</param>
    /// <param name="last">The last rank.</param>
    /// <param name="descending">Whether to begin at the highest score.</param>
    public static (T Member, double Score)[] RangeByRank<T>(this CacheSortedSet<T> set, long first = 0, long last = -1, bool descending = false) =>
        Range(set, new SortedSetRange { Order = RangeOrder.Rank, Start = first, End = last, IsReversed = descending });

    /// <summary>The members whose scores lie between two, both inclusive. O(log n + members). Redis: ZRANGE BYSCORE WITHSCORES, with REV and LIMIT.</summary>
    /// <param name="set">The set.</param>
    /// <param name="lowest">The lowest score.</param>
    /// <param name="highest">The highest score.</param>
    /// <param name="descending">Whether to begin at the highest score.</param>
    /// <param name="skip">Members to pass over.</param>
    /// <param name="take">The most members; null for all.</param>
    /// <exception cref="ArgumentException">A bound is NaN.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number of members is negative.</exception>
    public static (T Member, double Score)[] RangeByScore<T>(
        this CacheSortedSet<T> set, double lowest = double.NegativeInfinity, double highest = double.PositiveInfinity, bool descending = false, long skip = 0, long? take = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        ArgumentOutOfRangeException.ThrowIfNegative(take ?? 0, nameof(take));
        return Range(set, Scores<T>(lowest, highest) with { IsReversed = descending, Offset = skip, Limit = take ?? -1 });
    }

    /// <summary>How many members have scores between two, both inclusive. O(log n). Redis: ZCOUNT.</summary>
    /// <exception cref="ArgumentException">A bound is NaN.</exception>
    public static long CountByScore<T>(this CacheSortedSet<T> set, double lowest, double highest)
    {
        ArgumentNullException.ThrowIfNull(set);
        KeyScratch scratch = default;
        KeyProbe.Create(set.Key.Value, ref scratch, out KeyProbe key);
        return set.Operations.Ranges.Count(set.Database.Index, key, Scores<T>(lowest, highest));
    }

    /// <summary>Removes the members between two ranks, both inclusive. O(log n) each. Redis: ZREMRANGEBYRANK.</summary>
    /// <returns>How many were removed.</returns>
    public static long RemoveByRank<T>(this CacheSortedSet<T> set, long first, long last) =>
        Remove(set, new SortedSetRange { Order = RangeOrder.Rank, Start = first, End = last, Limit = -1 });

    /// <summary>Removes the members whose scores lie between two, both inclusive. O(log n) each. Redis: ZREMRANGEBYSCORE.</summary>
    /// <returns>How many were removed.</returns>
    /// <exception cref="ArgumentException">A bound is NaN.</exception>
    public static long RemoveByScore<T>(this CacheSortedSet<T> set, double lowest, double highest) => Remove(set, Scores<T>(lowest, highest));

    /// <summary>Walks over the members in order, in pages of some hundred and bounded memory. O(n) in all. Redis: ZRANGE, again and again.</summary>
    /// <remarks>Each page is one moment. Members whose rank changes between pages may be met twice or missed.</remarks>
    public static IEnumerable<(T Member, double Score)> Enumerate<T>(this CacheSortedSet<T> set, bool descending = false)
    {
        for (long first = 0; ; first += MembersAPage)
        {
            (T Member, double Score)[] page = set.RangeByRank(first, first + MembersAPage - 1, descending);
            foreach ((T Member, double Score) member in page)
            {
                yield return member;
            }

            if (page.Length < MembersAPage)
            {
                yield break;
            }
        }
    }

    private static SortedSetRange Scores<T>(double lowest, double highest)
    {
        CacheSortedSet<T>.RequireNumber(lowest, nameof(lowest));
        CacheSortedSet<T>.RequireNumber(highest, nameof(highest));
        return new SortedSetRange { Order = RangeOrder.Score, LowScore = lowest, HighScore = highest, Limit = -1 };
    }

    private static (T Member, double Score)[] Range<T>(CacheSortedSet<T> set, in SortedSetRange range)
    {
        ArgumentNullException.ThrowIfNull(set);
        KeyScratch scratch = default;
        KeyProbe.Create(set.Key.Value, ref scratch, out KeyProbe key);
        using var buffer = new NameBuffer();
        var sink = new Api.ScoresInBuffer(buffer);
        set.Operations.Ranges.Visit(set.Database.Index, key, range, ref sink);
        return set.Decode(buffer);
    }

    private static long Remove<T>(CacheSortedSet<T> set, in SortedSetRange range)
    {
        ArgumentNullException.ThrowIfNull(set);
        KeyScratch scratch = default;
        KeyProbe.Create(set.Key.Value, ref scratch, out KeyProbe key);
        JournalTicket ticket = default;
        long removed = set.Operations.Ranges.Remove(set.Database.Index, key, range, ref ticket);
        set.Database.Wait(ticket);
        return removed;
    }
}
