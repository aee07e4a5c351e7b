using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Commands that take a hash's fields as they come: HGETALL, HSCAN, HRANDFIELD.</summary>
internal sealed class HashWalks
{
    private readonly Store _store;
    private readonly Random _random;

    /// <summary>Makes the operations.</summary>
    /// <param name="store">The store.</param>
    /// <param name="random">Must allow calls from several threads at once.</param>
    public HashWalks(Store store, Random? random = null)
    {
        _store = store;
        _random = random ?? Random.Shared;
    }

    /// <summary>HGETALL, HKEYS, HVALS: all fields at one moment. O(n).</summary>
    /// <returns>How many there are.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public int All<TSink>(int database, in KeyProbe key, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        return HashOperations.TryOpen(_store, read, database, key, out HashView hash) ? hash.Visit(ref sink) : 0;
    }

    /// <summary>HSCAN: one step of a walk. O(count). Fields that are there all the time are met at least once.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="cursor">0, or what the step before returned.</param>
    /// <param name="arguments">MATCH and COUNT.</param>
    /// <param name="sink">Takes the fields that match.</param>
    /// <returns>The cursor of the next step; 0 at the end.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public ulong Scan<TSink>(int database, in KeyProbe key, ulong cursor, ScanArguments arguments, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        if (!HashOperations.TryOpen(_store, read, database, key, out HashView hash))
        {
            return 0;
        }

        var matching = new MemberMatch<TSink>(sink, arguments);
        uint position = (uint)cursor;
        long buckets = 0;
        do
        {
            position = hash.Scan(position, ref matching);
            buckets++;
        }
        while (position != 0 && !MemberScan.IsEnough(matching.Met, buckets, arguments.Count));
        sink = matching.Sink;
        return position;
    }

    /// <summary>HRANDFIELD: draws fields. O(count) for one, or with repetitions; else at most O(n).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="count">How many.</param>
    /// <param name="mayRepeat">Whether each is drawn from all; else each field comes once at most.</param>
    /// <param name="sink">Takes them.</param>
    /// <returns>How many were drawn: fewer without repetitions if there aren't as many; 0 if there is no such key.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Draw<TSink>(int database, in KeyProbe key, long count, bool mayRepeat, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        if (!HashOperations.TryOpen(_store, read, database, key, out HashView hash, mayCount: true))
        {
            return 0;
        }

        if (mayRepeat || count == 1)
        {
            for (long i = 0; i < count; i++)
            {
                DrawOne(hash, ref sink);
            }

            return count;
        }

        if (count >= hash.Count)
        {
            return hash.Visit(ref sink);
        }

        if (hash.Body is { } body && MemberSample<TSink>.IsSmall(count, body.Count))
        {
            MemberSample<TSink>.Draw(body.Fields, _random, (int)count, ref sink);
        }
        else
        {
            var sample = new MemberSample<TSink>(sink, _random, count, hash.Count);
            hash.Visit(ref sample);
            sink = sample.Sink;
        }

        return count;
    }

    private void DrawOne<TSink>(scoped HashView hash, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        if (hash.Body is { } body)
        {
            body.Fields.TryRandom(_random, out Member drawn);
            sink.Take(drawn.Name, drawn.Value);
            return;
        }

        Span<byte> fieldText = stackalloc byte[DecimalNumber.MaxTextBytes];
        Span<byte> valueText = stackalloc byte[DecimalNumber.MaxTextBytes];
        PackedHash.Pairs pairs = PackedHash.PairsOf(hash.Packed);
        for (int skips = _random.Next((int)hash.Count); skips >= 0; skips--)
        {
            pairs.MoveNext();
        }

        sink.Take(pairs.Field.AsText(fieldText), pairs.Value.AsText(valueText));
    }
}
