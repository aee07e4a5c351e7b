using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>How an operation on a list's element ended.</summary>
internal enum ListOutcome
{
    Done,

    /// <summary>There is no such key.</summary>
    NoSuchKey,

    /// <summary>The list has no such element.</summary>
    NoSuchElement,
}

/// <summary>What the commands on one list do: pushing, popping, reading and changing elements.</summary>
/// <remarks>
/// The log gets the same commands with their arguments made definite: a push is no less a push for being replayed once, which is how often a log is
/// replayed (docs/decisions/0007). A list that loses its last element is gone.
/// </remarks>
internal sealed class ListOperations
{
    private readonly Store _store;

    public ListOperations(Store store)
    {
        _store = store;
    }

    /// <summary>LPUSH, RPUSH, LPUSHX, RPUSHX: adds elements at an end, one after the other. O(elements).</summary>
    /// <returns>The new length; 0 if nothing was pushed.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public long Push<TElements>(int database, in KeyProbe key, scoped TElements elements, bool atHead, bool onlyIfPresent, ref JournalTicket ticket)
        where TElements : struct, INameList, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool exists = write.TryFind(key, ValueKind.List, out Entry current);
        if (!exists && onlyIfPresent)
        {
            return 0;
        }

        long bytes = key.Length;
        for (int i = 0; i < elements.Count; i++)
        {
            bytes += elements.Name(i).Length + 16;
        }

        write.Reserve(bytes);
        long length = new ListEdit(_store, write.Shard, database).Push(current, key, elements, atHead);
        EffectBuffer? effect = write.Effect(2 + elements.Count, changes: elements.Count)?.Argument(atHead ? "LPUSH"u8 : "RPUSH"u8).Argument(key);
        for (int i = 0; effect != null && i < elements.Count; i++)
        {
            effect.Argument(elements.Name(i));
        }

        write.Notify(KeyEventClass.List, atHead ? "lpush"u8 : "rpush"u8, key);
        return length;
    }

    /// <summary>LPOP, RPOP: takes elements from an end. O(elements).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="fromHead">From which end.</param>
    /// <param name="count">How many, if there are so many.</param>
    /// <param name="sink">Takes the elements, the outermost first.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>How many were taken; -1 if there is no such key.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Pop<TSink>(int database, in KeyProbe key, bool fromHead, long count, ref TSink sink, ref JournalTicket ticket)
        where TSink : struct, IElementSink, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.List, out Entry current))
        {
            return -1;
        }

        var list = new ListView(write.Shard, current);
        long length = list.Count;
        count = Math.Min(count, length);
        if (count == 0)
        {
            return 0;
        }

        list.Visit(fromHead ? 0 : length - 1, count, backward: !fromHead, ref sink);
        new ListEdit(_store, write.Shard, database).Pop(current, key, fromHead, count);
        EffectBuffer? effect = write.Effect(count == 1 ? 2 : 3, changes: count)?.Argument(fromHead ? "LPOP"u8 : "RPOP"u8).Argument(key);
        if (count > 1)
        {
            effect?.Argument(count);
        }

        write.Notify(KeyEventClass.List, fromHead ? "lpop"u8 : "rpop"u8, key);
        if (count == length)
        {
            write.Notify(KeyEventClass.Generic, "del"u8, key);
        }

        return count;
    }

    /// <summary>LLEN. O(1).</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Length(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        return read.TryFind(key, ValueKind.List, out Entry entry) ? new ListView(read.Shard, entry).Count : 0;
    }

    /// <summary>LINDEX: the element with an index, negative from the tail. O(nodes).</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public bool TryGet<TSink>(int database, in KeyProbe key, long index, ref TSink sink)
        where TSink : struct, IElementSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.List, out Entry entry))
        {
            return false;
        }

        var list = new ListView(read.Shard, entry);
        if (!TryResolve(index, list.Count, out long resolved))
        {
            return false;
        }

        list.Visit(resolved, 1, backward: false, ref sink);
        return true;
    }

    /// <summary>LRANGE: elements between two indexes, both inclusive, negative from the tail. O(nodes + elements).</summary>
    /// <returns>How many there are.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public long Range<TSink>(int database, in KeyProbe key, long start, long end, ref TSink sink)
        where TSink : struct, IElementSink, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.List, out Entry entry))
        {
            return 0;
        }

        var list = new ListView(read.Shard, entry);
        if (!TryResolveRange(start, end, list.Count, out long first, out long count))
        {
            return 0;
        }

        list.Visit(first, count, backward: false, ref sink);
        return count;
    }

    /// <summary>LSET: puts a value in the place of an element. O(nodes).</summary>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public ListOutcome Set(int database, in KeyProbe key, long index, ReadOnlySpan<byte> value, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.List, out Entry current))
        {
            return ListOutcome.NoSuchKey;
        }

        var list = new ListView(write.Shard, current);
        if (!TryResolve(index, list.Count, out long resolved))
        {
            return ListOutcome.NoSuchElement;
        }

        new ListEdit(_store, write.Shard, database).Replace(current, key, list.Locate(resolved), value);
        write.Effect(4)?.Argument("LSET"u8).Argument(key).Argument(resolved).Argument(value);
        write.Notify(KeyEventClass.List, "lset"u8, key);
        return ListOutcome.Done;
    }

    /// <summary>LTRIM: keeps the elements between two indexes, both inclusive. O(dropped).</summary>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public void Trim(int database, in KeyProbe key, long start, long end, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.List, out Entry current))
        {
            return;
        }

        long length = new ListView(write.Shard, current).Count;
        TryResolveRange(start, end, length, out long first, out long count);
        if (count != length)
        {
            new ListEdit(_store, write.Shard, database).Keep(current, key, first, count);
            write.Effect(4, changes: length - count)?.Argument("LTRIM"u8).Argument(key).Argument(first).Argument(count == 0 ? first - 1 : first + count - 1);
        }

        write.Notify(KeyEventClass.List, "ltrim"u8, key);
        if (count <= 0)
        {
            write.Notify(KeyEventClass.Generic, "del"u8, key);
        }
    }

    /// <summary>LINSERT: adds an element before or behind the first that is equal to a pivot. O(n).</summary>
    /// <returns>The new length; 0 if there is no such key, -1 if no such pivot.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Insert(int database, in KeyProbe key, bool behind, ReadOnlySpan<byte> pivot, ReadOnlySpan<byte> value, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.List, out Entry current))
        {
            return 0;
        }

        var list = new ListView(write.Shard, current);
        long length = list.Count;
        ListPlace place = list.Locate(0);
        while (!list.At(place).Equals(pivot))
        {
            if (!list.Next(ref place))
            {
                return -1;
            }
        }

        new ListEdit(_store, write.Shard, database).Insert(current, key, place, behind, value);
        write.Effect(5)?.Argument("LINSERT"u8).Argument(key).Argument(behind ? "AFTER"u8 : "BEFORE"u8).Argument(pivot).Argument(value);
        write.Notify(KeyEventClass.List, "linsert"u8, key);
        return length + 1;
    }

    /// <summary>LREM: removes elements that are equal to a value. O(n).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="count">At most so many; negative from the tail; 0 for all.</param>
    /// <param name="value">The value.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>How many were removed.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public long Remove(int database, in KeyProbe key, long count, ReadOnlySpan<byte> value, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFind(key, ValueKind.List, out Entry current))
        {
            return 0;
        }

        long most = count == 0 ? long.MaxValue : count == long.MinValue ? long.MaxValue : Math.Abs(count);
        long removed = new ListEdit(_store, write.Shard, database).RemoveEqual(current, key, value, most, backward: count < 0);
        if (removed > 0)
        {
            write.Effect(4, changes: removed)?.Argument("LREM"u8).Argument(key).Argument(count).Argument(value);
            write.Notify(KeyEventClass.List, "lrem"u8, key);
            if (!write.TryFind(key, out _, uses: false))
            {
                write.Notify(KeyEventClass.Generic, "del"u8, key);
            }
        }

        return removed;
    }

    /// <summary>LPOS: the indexes of elements that are equal to a value. O(n).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="rank">From which match on: 1 is the first, -1 the last.</param>
    /// <param name="count">How many; 0 for all.</param>
    /// <param name="mostCompared">How many elements to look at; 0 for all.</param>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public List<long> Positions(int database, in KeyProbe key, ReadOnlySpan<byte> value, long rank, long count, long mostCompared)
    {
        var positions = new List<long>();
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.List, out Entry entry))
        {
            return positions;
        }

        var list = new ListView(read.Shard, entry);
        bool backward = rank < 0;
        long skipped = rank == long.MinValue ? long.MaxValue : Math.Abs(rank) - 1;
        long index = backward ? list.Count - 1 : 0;
        long compared = 0;
        ListPlace place = list.Locate(index);
        do
        {
            if (list.At(place).Equals(value) && skipped-- <= 0)
            {
                positions.Add(index);
            }

            index += backward ? -1 : 1;
            compared++;
        }
        while ((count == 0 || positions.Count < count) && (mostCompared == 0 || compared < mostCompared) &&
            (backward ? list.Previous(ref place) : list.Next(ref place)));
        return positions;
    }

    /// <summary>LMOVE, RPOPLPUSH: takes an element from an end of one list and adds it at an end of another, or the same. O(1).</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="WrongTypeException">A key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public bool Move<TSink>(
        int database, in KeyProbe source, in KeyProbe destination, bool fromHead, bool toHead, ref TSink sink, ref JournalTicket ticket)
        where TSink : struct, IElementSink, allows ref struct
    {
        using var write = new MultiKeyWrite(_store, ShardSet.Of(_store, source, destination), ref ticket);
        if (!write.TryFind(database, source, ValueKind.List, out Entry from))
        {
            return false;
        }

        write.TryFind(database, destination, ValueKind.List, out _);
        Shard fromShard = write.ShardOf(source);
        Shard toShard = write.ShardOf(destination);
        var list = new ListView(fromShard, from);
        long length = list.Count;
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        byte[] element = list.At(list.Locate(fromHead ? 0 : length - 1)).AsText(scratch).ToArray();
        sink.Take(element);

        // Pushed first: that may need room that there isn't, and then nothing has changed. In one list and at one end the element that is popped then is
        // the pushed one, which comes to the same.
        write.TryFind(database, destination, ValueKind.List, out Entry to, uses: false);
        new ListEdit(_store, toShard, database).Push(to, destination, new OneName(element), toHead);
        if (!write.TryFind(database, source, ValueKind.List, out from, uses: false))
        {
            // Making room for the push evicted the source: what is left of the move is the push.
            write.Effect(database, 3)?.Argument(toHead ? "LPUSH"u8 : "RPUSH"u8).Argument(destination).Argument(element);
            write.Notify(KeyEventClass.List, toHead ? "lpush"u8 : "rpush"u8, database, destination);
            return true;
        }

        bool isSame = new ListView(fromShard, from).Count != length;
        new ListEdit(_store, fromShard, database).Pop(from, source, fromHead, 1);
        write.Effect(database, 5)?.Argument("LMOVE"u8).Argument(source).Argument(destination)
            .Argument(fromHead ? "LEFT"u8 : "RIGHT"u8).Argument(toHead ? "LEFT"u8 : "RIGHT"u8);
        write.Notify(KeyEventClass.List, toHead ? "lpush"u8 : "rpush"u8, database, destination);
        write.Notify(KeyEventClass.List, fromHead ? "lpop"u8 : "rpop"u8, database, source);
        if (!isSame && length == 1)
        {
            write.Notify(KeyEventClass.Generic, "del"u8, database, source);
        }

        return true;
    }

    /// <summary>The encoding that OBJECT ENCODING tells: always <c>quicklist</c> in Redis 7.0.</summary>
    public static string EncodingOf() => "quicklist";

    private static bool TryResolve(long index, long count, out long resolved)
    {
        resolved = index < 0 ? index + count : index;
        return resolved >= 0 && resolved < count;
    }

    private static bool TryResolveRange(long start, long end, long length, out long first, out long count)
    {
        first = Math.Max(0, start < 0 ? start + length : start);
        long last = Math.Min(length - 1, end < 0 ? end + length : end);
        count = first > last || first >= length ? 0 : last - first + 1;
        return count > 0;
    }
}
