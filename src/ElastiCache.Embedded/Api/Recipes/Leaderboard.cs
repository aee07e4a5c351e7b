namespace ElastiCache.Embedded;

/// <summary>Who is where, by points: a sorted set with ranks as people count them.</summary>
/// <remarks>
/// <code>
///   Leaderboard&lt;string&gt; board = cache.Leaderboard&lt;string&gt;("level:7");
///   board.SubmitBest("ada", 4200);
///   foreach (LeaderboardEntry&lt;string&gt; entry in board.Top(10)) Console.WriteLine($"{entry.Rank}. {entry.Member} {entry.Score}");
/// </code>
/// Ranks begin with 1, and equal scores share one: 1, 2, 2, 4. Among equals the order is that of the members' bytes. A page is read at one moment.
/// A Redis client sees a plain sorted set.
/// </remarks>
/// <typeparam name="T">What members are.</typeparam>
public sealed class Leaderboard<T>
{
    private readonly CacheDatabase _database;
    private readonly string _key;
    private readonly bool _lowestFirst;

    internal Leaderboard(CacheDatabase database, string key, bool lowestFirst)
    {
        _database = database;
        _key = key;
        _lowestFirst = lowestFirst;
    }

    private CacheSortedSet<T> Set => _database.SortedSet<T>(_key);

    /// <summary>How many members there are. O(1). Redis: ZCARD.</summary>
    public long Count() => Set.Count();

    /// <summary>Gives a member this score unless it has a better one. O(log n). Redis: ZADD with GT, or LT where the lowest is first.</summary>
    /// <returns>Whether the board has changed.</returns>
    /// <exception cref="ArgumentException">The score is not a number. Nothing changes.</exception>
    public bool SubmitBest(T member, double score) => _lowestFirst ? Set.AddOrLower(member, score) : Set.AddOrRaise(member, score);

    /// <summary>Gives a member this score, whatever it had. O(log n). Redis: ZADD.</summary>
    /// <exception cref="ArgumentException">The score is not a number. Nothing changes.</exception>
    public void SetScore(T member, double score) => Set.Add(member, score);

    /// <summary>Adds points to a member's score. O(log n). Redis: ZINCRBY.</summary>
    /// <returns>Its score now.</returns>
    /// <exception cref="ArgumentException">The sum is not a number. Nothing changes.</exception>
    public double AddPoints(T member, double points) => Set.Increment(member, points);

    /// <summary>Takes a member off the board. O(log n). Redis: ZREM.</summary>
    /// <returns>Whether it was on it.</returns>
    public bool Remove(T member) => Set.Remove(member);

    /// <summary>Where a member is. O(log n).</summary>
    /// <returns>Null if it is not on the board.</returns>
    public LeaderboardEntry<T>? Find(T member) => _database.Transact([_key], database =>
    {
        CacheSortedSet<T> set = database.SortedSet<T>(_key);
        return set.Score(member) is { } score ? new LeaderboardEntry<T>(member, score, 1 + CountBetter(set, score)) : null;
    });

    /// <summary>The best. O(log n + count).</summary>
    /// <param name="count">How many at most, at least 1.</param>
    public LeaderboardEntry<T>[] Top(int count) => Page(0, count);

    /// <summary>A page of the board, from a position on. O(log n + count).</summary>
    /// <param name="first">How many to pass over, from the best on; 0 or more.</param>
    /// <param name="count">How many at most, at least 1.</param>
    public LeaderboardEntry<T>[] Page(long first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return _database.Transact([_key], database => Read(database.SortedSet<T>(_key), first, count));
    }

    /// <summary>A member with those before and behind it. O(log n + neighbours).</summary>
    /// <param name="member">The member.</param>
    /// <param name="neighbours">How many on each side, at most; 0 or more.</param>
    /// <returns>Empty if it is not on the board.</returns>
    public LeaderboardEntry<T>[] Around(T member, int neighbours)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(neighbours);
        return _database.Transact([_key], database =>
        {
            CacheSortedSet<T> set = database.SortedSet<T>(_key);
            if (set.Rank(member, descending: !_lowestFirst) is not { } position)
            {
                return [];
            }

            long first = Math.Max(0, position - neighbours);
            return Read(set, first, (int)Math.Min(int.MaxValue, position - first + 1 + neighbours));
        });
    }

    private LeaderboardEntry<T>[] Read(CacheSortedSet<T> set, long first, int count)
    {
        (T Member, double Score)[] page = set.RangeByRank(first, first + count - 1, descending: !_lowestFirst);
        var entries = new LeaderboardEntry<T>[page.Length];
        for (int i = 0; i < page.Length; i++)
        {
            long rank = i == 0 ? 1 + CountBetter(set, page[0].Score)
                : page[i].Score == page[i - 1].Score ? entries[i - 1].Rank
                : first + i + 1;
            entries[i] = new LeaderboardEntry<T>(page[i].Member, page[i].Score, rank);
        }

        return entries;
    }

    private long CountBetter(CacheSortedSet<T> set, double score) => _lowestFirst
        ? double.IsNegativeInfinity(score) ? 0 : set.CountByScore(double.NegativeInfinity, Math.BitDecrement(score))
        : double.IsPositiveInfinity(score) ? 0 : set.CountByScore(Math.BitIncrement(score), double.PositiveInfinity);
}

/// <summary>A member of a <see cref="Leaderboard{T}"/>.</summary>
/// <param name="Member">The member.</param>
/// <param name="Score">Its score.</param>
/// <param name="Rank">Its rank, from 1 on; how many have a better score, plus one.</param>
/// <typeparam name="T">What members are.</typeparam>
public sealed record LeaderboardEntry<T>(T Member, double Score, long Rank);
