using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>A sorted set under a key: members, each once, in the order of their scores. Making the handle touches nothing, and the key need not exist; the last member takes it along.</summary>
/// <remarks>
/// Members with equal scores are in the order of their stored bytes. Members are stored like strings (<see cref="Strings"/>). Every method is one atomic step; those on
/// single members of plain types allocate nothing. Ranges and counts are in <see cref="SortedSetRangeExtensions"/>.
/// <para>
/// Common to all: a key that holds another type of value is a <see cref="WrongTypeException"/>, a budget without room a <see cref="CacheFullException"/>, a log
/// that refuses writes a <see cref="LogException"/>, a score that is NaN an <see cref="ArgumentException"/>; in each of these cases nothing has changed. Bytes that are
/// not a <typeparamref name="T"/> are a <see cref="FormatException"/>.
/// </para>
/// </remarks>
/// <typeparam name="T">What its members are.</typeparam>
public sealed class CacheSortedSet<T>
{
    private readonly CacheDatabase _database;
    private readonly SortedSetOperations _operations;
    private readonly HandleKey _key;

    internal CacheSortedSet(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.SortedSets;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal SortedSetOperations Operations => _operations;

    internal HandleKey Key => _key;

    /// <summary>Gives a member a score, adding it if it isn't there. O(log n). Redis: ZADD.</summary>
    /// <returns>Whether it is new.</returns>
    public bool Add(T member, double score) => Set(member, score, ScoreRules.None).Added > 0;

    /// <summary>Adds a member if it isn't there. O(log n). Redis: ZADD NX.</summary>
    /// <returns>Whether it was added.</returns>
    public bool AddIfAbsent(T member, double score) => Set(member, score, ScoreRules.OnlyNew).Added > 0;

    /// <summary>Gives a member another score if it is there. O(log n). Redis: ZADD XX.</summary>
    /// <returns>Whether its score has changed.</returns>
    public bool UpdateIfPresent(T member, double score) => Set(member, score, ScoreRules.OnlyPresent).Changed > 0;

    /// <summary>Gives a member a score unless it has a higher one; adds it if it isn't there. O(log n). Redis: ZADD GT.</summary>
    /// <returns>Whether it is new, or its score has changed.</returns>
    public bool AddOrRaise(T member, double score) => Set(member, score, ScoreRules.OnlyHigher) != default;

    /// <summary>Gives a member a score unless it has a lower one; adds it if it isn't there. O(log n). Redis: ZADD LT.</summary>
    /// <returns>Whether it is new, or its score has changed.</returns>
    public bool AddOrLower(T member, double score) => Set(member, score, ScoreRules.OnlyLower) != default;

    /// <summary>Adds to a member's score; one that isn't there counts as 0. O(log n). Redis: ZINCRBY.</summary>
    /// <returns>The new score.</returns>
    /// <exception cref="OverflowException">The sum would be no number. Nothing changes.</exception>
    [SkipLocalsInit]
    public double Increment(T member, double by = 1)
    {
        RequireNumber(by, nameof(by));
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        double score = _operations.Increment(_database.Index, key, Encode(encoder, member), by, ScoreRules.None, ref ticket)!.Value;
        _database.Wait(ticket);
        return score;
    }

    /// <summary>Removes a member. O(log n). Redis: ZREM.</summary>
    /// <returns>Whether it was there.</returns>
    [SkipLocalsInit]
    public bool Remove(T member)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        bool wasThere = _operations.Remove(_database.Index, key, new OneName(Encode(encoder, member)), ref ticket) > 0;
        _database.Wait(ticket);
        return wasThere;
    }

    /// <summary>A member's score. O(1). Redis: ZSCORE.</summary>
    /// <returns>Null if it isn't there.</returns>
    [SkipLocalsInit]
    public double? Score(T member)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return _operations.Score(_database.Index, key, Encode(encoder, member));
    }

    /// <summary>A member's rank, 0 being the lowest score, or with <paramref name="descending"/> the highest. O(log n). Redis: ZRANK, ZREVRANK.</summary>
    /// <returns>Null if it isn't there.</returns>
    [SkipLocalsInit]
    public long? Rank(T member, bool descending = false)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return _operations.Rank(_database.Index, key, Encode(encoder, member), descending);
    }

    /// <summary>The number of members. O(1). Redis: ZCARD.</summary>
    [SkipLocalsInit]
    public long Count()
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        return _operations.Count(_database.Index, key);
    }

    /// <summary>Takes the members with the lowest scores, the lowest first. O(log n) each. Redis: ZPOPMIN.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public (T Member, double Score)[] PopLowest(long count = 1) => Pop(highest: false, count);

    /// <summary>Takes the members with the highest scores, the highest first. O(log n) each. Redis: ZPOPMAX.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public (T Member, double Score)[] PopHighest(long count = 1) => Pop(highest: true, count);

    internal static void RequireNumber(double score, string name)
    {
        if (double.IsNaN(score))
        {
            throw new ArgumentException("A score is a number, infinities included, and not NaN.", name);
        }
    }

    internal (T Member, double Score)[] Decode(NameBuffer buffer)
    {
        var members = new (T Member, double Score)[buffer.Count];
        for (int i = 0; i < members.Length; i++)
        {
            T member = ValueCodec.Decode<T>(buffer.Name(i), _database.Serializer, _key.Value)!;
            members[i] = (member, BinaryPrimitives.ReadDoubleLittleEndian(buffer.Value(i).Span));
        }

        return members;
    }

    [SkipLocalsInit]
    private ScoreOutcome Set(T member, double score, ScoreRules rules)
    {
        RequireNumber(score, nameof(score));
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        ScoreOutcome outcome = _operations.Add(_database.Index, key, new OneScore(Encode(encoder, member), score), rules, ref ticket);
        _database.Wait(ticket);
        return outcome;
    }

    private (T Member, double Score)[] Pop(bool highest, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var buffer = new NameBuffer();
        var sink = new ScoresInBuffer(buffer);
        JournalTicket ticket = default;
        _operations.Pop(_database.Index, key, highest, count, ref sink, ref ticket);
        _database.Wait(ticket);
        return Decode(buffer);
    }

    private ReadOnlySpan<byte> Encode(ValueEncoder encoder, T member) => encoder.Encode(member, _database.Serializer, _key.Value);
}
