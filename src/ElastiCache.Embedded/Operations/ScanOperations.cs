using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Takes the keys of a walk. Called without a lock; the span is valid during the call.</summary>
internal interface IKeySink
{
    void Take(ReadOnlySpan<byte> key);
}

/// <summary>What a SCAN returns of what it passes.</summary>
internal readonly ref struct ScanArguments
{
    /// <summary>Redis's COUNT, where none is named.</summary>
    public const long DefaultCount = 10;

    private readonly long _countOr0;

    /// <summary>MATCH: the pattern, if <see cref="HasPattern"/>.</summary>
    public ReadOnlySpan<byte> Pattern { get; init; }

    /// <summary>Whether there is a pattern; the empty one matches the empty key only.</summary>
    public bool HasPattern { get; init; }

    /// <summary>TYPE: what the key must hold; null for anything, <see cref="ValueKind.None"/> for nothing at all (a type that there isn't).</summary>
    public ValueKind? Kind { get; init; }

    /// <summary>COUNT: about how many keys to pass, at least 1.</summary>
    public long Count
    {
        get => _countOr0 == 0 ? DefaultCount : _countOr0;
        init => _countOr0 = value;
    }
}

/// <summary>Walks over the keys of a database: SCAN, KEYS, RANDOMKEY.</summary>
/// <remarks>
/// <code>
///   cursor    63        32 31        0
///             | shard     | position |     0 = the start, and the end
/// </code>
/// The position is one in <see cref="RecordTable.Scan"/>'s order, which growing and shrinking leave as it is. So a key that is there during
/// the whole walk is met exactly once, one that comes or goes at most once for each time that it comes: a stronger
/// promise than Redis's, which may repeat keys. The walk remembers nothing, so it may be given up at any time. A cursor is only good in the
/// process that it comes from (keys are hashed with another seed in the next). Any number is a cursor; a strange one
/// begins somewhere, or ends the walk. SWAPDB during a walk lets it go on in the other database, as in Redis.
/// <para>Keys are copied out of a locked shard slice by slice (<see cref="KeyBatch"/>), so memory is bounded and no shard is held for long.</para>
/// </remarks>
internal sealed class ScanOperations
{
    private const int KeysASlice = 256;

    // As in Redis: a sparse table must not make one call walk it whole.
    private const long BucketsACount = 10;

    private readonly Store _store;
    private readonly Random _random;

    /// <summary>Makes the operations.</summary>
    /// <param name="store">The store.</param>
    /// <param name="random">Must allow calls from several threads at once.</param>
    public ScanOperations(Store store, Random? random = null)
    {
        _store = store;
        _random = random ?? Random.Shared;
    }

    /// <summary>SCAN: one step of a walk. O(count).</summary>
    /// <param name="database">The database.</param>
    /// <param name="cursor">0, or what the step before returned.</param>
    /// <param name="arguments">What to look for.</param>
    /// <param name="sink">Takes the keys that were found.</param>
    /// <returns>The cursor of the next step; 0 at the end.</returns>
    /// <exception cref="ArgumentOutOfRangeException">COUNT is less than 1.</exception>
    public ulong Scan<TSink>(int database, ulong cursor, scoped ScanArguments arguments, ref TSink sink)
        where TSink : IKeySink, allows ref struct
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(arguments.Count, 1);
        using var batch = new KeyBatch();
        long keysLeft = arguments.Count;
        long bucketsLeft = arguments.Count > long.MaxValue / BucketsACount ? long.MaxValue : arguments.Count * BucketsACount;
        do
        {
            cursor = NextSlice(database, cursor, Math.Min(keysLeft, KeysASlice), batch, out int buckets);
            Deliver(batch, arguments, ref sink);
            keysLeft -= batch.Count;
            bucketsLeft -= buckets;
        }
        while (cursor != 0 && keysLeft > 0 && bucketsLeft > 0);
        return cursor;
    }

    /// <summary>KEYS: all keys that match a pattern. O(n) in all, but no lock is held for long.</summary>
    /// <param name="database">The database.</param>
    /// <param name="pattern">See <see cref="Glob"/>; <c>*</c> for all.</param>
    /// <param name="sink">Takes the keys, in no order, while the walk goes on.</param>
    /// <remarks>Not one moment's picture, unlike Redis's: keys that come or go during the walk may or may not be among them.</remarks>
    public void Keys<TSink>(int database, scoped ReadOnlySpan<byte> pattern, ref TSink sink)
        where TSink : IKeySink, allows ref struct
    {
        var arguments = new ScanArguments { Pattern = pattern, HasPattern = true };
        using var batch = new KeyBatch();
        ulong cursor = 0;
        do
        {
            cursor = NextSlice(database, cursor, KeysASlice, batch, out _);
            Deliver(batch, arguments, ref sink);
        }
        while (cursor != 0);
    }

    /// <summary>RANDOMKEY: each key with the same probability. O(1); expired entries that it meets are removed.</summary>
    /// <returns>The key, or null if the database is empty.</returns>
    public byte[]? RandomKey(int database)
    {
        for (long count = _store.Count(database); count > 0; count = _store.Count(database))
        {
            int shard = DrawShard(database, _random.NextInt64(count));
            if (shard >= 0 && TryDrawKey(shard, database, out byte[]? key))
            {
                return key;
            }
        }

        return null;
    }

    /// <summary>Copies the keys of the next part of some shard, and returns where to go on.</summary>
    private ulong NextSlice(int database, ulong cursor, long enough, KeyBatch batch, out int buckets)
    {
        buckets = 0;
        uint position = (uint)cursor;
        for (ulong shard = cursor >> 32; shard < (ulong)_store.ShardCount; shard++, position = 0)
        {
            int index = (int)shard;
            uint next;
            _store.Enter([index]);
            try
            {
                long now = _store.IsLoading ? 0 : _store.Clock.UnixMilliseconds;
                next = batch.Fill(_store.ShardAt(index).TableOf(database), position, enough, now, out buckets);
            }
            finally
            {
                _store.Exit([index]);
            }

            if (next != 0)
            {
                return (shard << 32) | next;
            }

            if (buckets > 0)
            {
                return shard + 1 < (ulong)_store.ShardCount ? (shard + 1) << 32 : 0;
            }
        }

        batch.Fill(null, 0, 0, 0, out _);
        return 0;
    }

    private static void Deliver<TSink>(KeyBatch batch, scoped ScanArguments arguments, ref TSink sink)
        where TSink : IKeySink, allows ref struct
    {
        bool takesAll = !arguments.HasPattern || Glob.MatchesAll(arguments.Pattern);
        for (int i = 0; i < batch.Count; i++)
        {
            if ((arguments.Kind is not { } kind || kind == batch.KindAt(i)) && (takesAll || Glob.IsMatch(arguments.Pattern, batch[i])))
            {
                sink.Take(batch[i]);
            }
        }
    }

    // -1 if entries were removed meanwhile.
    private int DrawShard(int database, long draw)
    {
        for (int i = 0; i < _store.ShardCount; i++)
        {
            draw -= _store.ShardAt(i).Count(database);
            if (draw < 0)
            {
                return i;
            }
        }

        return -1;
    }

    private bool TryDrawKey(int index, int database, out byte[]? key)
    {
        key = null;
        Shard shard = _store.ShardAt(index);
        _store.Enter([index]);
        try
        {
            if (!RandomEntry.TryPick(shard.TableOf(database), _random, out SlotPosition position))
            {
                return false;
            }

            var entry = new Entry(_store.Arena, position);
            if (_store.Clock.HasPassed(entry.Deadline) && !_store.IsLoading)
            {
                shard.Expire(database, entry);
                return false;
            }

            key = entry.Key.ToArray();
            return true;
        }
        finally
        {
            _store.Exit([index]);
        }
    }
}
