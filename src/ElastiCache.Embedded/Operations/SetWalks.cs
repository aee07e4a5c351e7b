using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Commands that take a set's members as they come: SMEMBERS, SSCAN, SRANDMEMBER, SPOP.</summary>
internal sealed class SetWalks
{
    private readonly Store _store;
    private readonly Random _random;

    /// <summary>Makes the operations.</summary>
    /// <param name="store">The store.</param>
    /// <param name="random">Must allow calls from several threads at once.</param>
    public SetWalks(Store store, Random? random = null)
    {
        _store = store;
        _random = random ?? Random.Shared;
    }

    /// <summary>SMEMBERS: all members at one moment. O(n).</summary>
    /// <returns>How many there are.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public int All<TSink>(int database, in KeyProbe key, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, ValueKind.Set, out Entry entry) ? new SetView(read.Shard, entry).Visit(ref sink) : 0;
    }

    /// <summary>SSCAN: one step of a walk. O(count). Members that are there all the time are met at least once.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="cursor">0, or what the step before returned.</param>
    /// <param name="arguments">MATCH and COUNT.</param>
    /// <param name="sink">Takes the members that match.</param>
    /// <returns>The cursor of the next step; 0 at the end.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public ulong Scan<TSink>(int database, in KeyProbe key, ulong cursor, ScanArguments arguments, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.Set, out Entry entry))
        {
            return 0;
        }

        var set = new SetView(read.Shard, entry);
        var matching = new MemberMatch<TSink>(sink, arguments);
        uint position = (uint)cursor;
        long buckets = 0;
        do
        {
            position = set.Scan(position, ref matching);
            buckets++;
        }
        while (position != 0 && !MemberScan.IsEnough(matching.Met, buckets, arguments.Count));
        sink = matching.Sink;
        return position;
    }

    /// <summary>SRANDMEMBER: draws members. O(count) for one, or with repetitions; else at most O(n).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="count">How many.</param>
    /// <param name="mayRepeat">Whether each is drawn from all; else each member comes once at most.</param>
    /// <param name="sink">Takes them.</param>
    /// <returns>How many were drawn: fewer without repetitions if there aren't as many; 0 if there is no such key.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Draw<TSink>(int database, in KeyProbe key, long count, bool mayRepeat, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.Set, out Entry entry))
        {
            return 0;
        }

        var set = new SetView(read.Shard, entry);
        if (mayRepeat || count == 1)
        {
            Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
            for (long i = 0; i < count; i++)
            {
                sink.Take(DrawOne(set, scratch), default);
            }

            return count;
        }

        if (count >= set.Count)
        {
            return set.Visit(ref sink);
        }

        if (set.Body is { } body && MemberSample<TSink>.IsSmall(count, body.Count))
        {
            MemberSample<TSink>.Draw(body.Members, _random, (int)count, ref sink);
        }
        else
        {
            var sample = new MemberSample<TSink>(sink, _random, count, set.Count);
            set.Visit(ref sample);
            sink = sample.Sink;
        }

        return count;
    }

    /// <summary>SPOP: draws members and removes them. O(count). The log gets SREM with what was drawn, or DEL if that was all.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="sink">Takes them.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Pop<TSink>(int database, in KeyProbe key, long count, scoped ref TSink sink, ref JournalTicket ticket)
        where TSink : struct, IFieldSink, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.Set, out Entry current) || count == 0)
        {
            return 0;
        }

        var set = new SetView(write.Shard, current);
        if (count >= set.Count)
        {
            int all = set.Visit(ref sink);
            write.Notify(KeyEventClass.Set, "spop"u8, key);
            write.Remove(current);
            write.Effect(2, changes: all)?.Argument("DEL"u8).Argument(key);
            write.Notify(KeyEventClass.Generic, "del"u8, key);
            return all;
        }

        if (set.Body is { } body)
        {
            write.Shard.BeginChange(database, current);
            PopFrom(body, write, key, count, ref sink);
        }
        else
        {
            PackedEdit edit = PackedEdit.Begin(write.Shard, database, current, key, ValueKind.Set, current.ValueLength);
            PopFrom(edit.Bytes, write, key, count, ref sink);
            edit.End(current, key, PackedSet.TotalBytes(edit.Bytes));
        }

        write.Notify(KeyEventClass.Set, "spop"u8, key);
        return count;
    }

    private ReadOnlySpan<byte> DrawOne(SetView set, Span<byte> scratch)
    {
        if (set.Body is not { } body)
        {
            return PackedSet.At(set.Packed, _random.Next((int)set.Count)).AsText(scratch);
        }

        body.Members.TryRandom(_random, out Member drawn);
        return drawn.Name;
    }

    private void PopFrom<TSink>(SetBody body, scoped KeyWrite write, scoped in KeyProbe key, long count, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        EffectBuffer? effect = null;
        for (long i = 0; i < count; i++)
        {
            body.Members.TryRandom(_random, out Member drawn);
            sink.Take(drawn.Name, default);
            effect = i == 0 ? BeginEffect(write, key, count) : effect;
            effect?.Argument(drawn.Name);
            body.Members.Remove(drawn);
        }
    }

    private void PopFrom<TSink>(scoped Span<byte> set, scoped KeyWrite write, scoped in KeyProbe key, long count, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        EffectBuffer? effect = null;
        for (long i = 0; i < count; i++)
        {
            int index = _random.Next(PackedSet.Count(set));
            ReadOnlySpan<byte> drawn = PackedSet.At(set, index).AsText(scratch);
            sink.Take(drawn, default);
            effect = i == 0 ? BeginEffect(write, key, count) : effect;
            effect?.Argument(drawn);
            PackedSet.RemoveAt(set, index);
        }
    }

    // Not before the sink has taken the first member: it may refuse one that it can't read, and then nothing has changed.
    private static EffectBuffer? BeginEffect(in KeyWrite write, in KeyProbe key, long count) =>
        write.Effect(2 + (int)count, changes: count)?.Argument("SREM"u8).Argument(key);
}
