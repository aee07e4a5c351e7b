using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>The elements that a HyperLogLog is shown.</summary>
internal interface IShownElements
{
    int Count { get; }

    ReadOnlySpan<byte> this[int index] { get; }
}

/// <summary>What the commands on HyperLogLogs do to one key; <see cref="HyperLogLogUnions"/> has those on several.</summary>
/// <remarks>
/// The value is a string in Redis's format. A dense one is changed where it lies; a sparse one, which may shrink as well, in a buffer, and then replaced.
/// The log gets PFADD itself: to show the elements twice changes nothing. The stored count is derived data and not logged.
/// </remarks>
internal sealed class HyperLogLogOperations
{
    private readonly Store _store;

    public HyperLogLogOperations(Store store)
    {
        _store = store;
        Unions = new HyperLogLogUnions(store);
    }

    /// <summary>PFCOUNT of several keys, and PFMERGE.</summary>
    public HyperLogLogUnions Unions { get; }

    /// <summary>PFADD: shows elements; an absent key counts as one that has seen none, and is created even for no elements. O(1) an element once dense.</summary>
    /// <returns>Whether the estimate may have changed, or the key was created.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing has changed.</exception>
    /// <exception cref="FormatException">The string is no HyperLogLog, or is damaged. Nothing has changed.</exception>
    public bool Add<TElements>(int database, in KeyProbe key, TElements elements, ref JournalTicket ticket)
        where TElements : struct, IShownElements, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool exists = write.TryFindString(key, out Entry current);
        HyperLogLogRecord.RequireValid(exists, current, key);
        if (exists && HyperLogLogFormat.IsDense(current.Value))
        {
            if (!WouldChange(current.Value, elements))
            {
                return false;
            }

            AddToDense(write, database, current, key, elements);
        }
        else if (!AddToSparse(write, database, current, key, elements))
        {
            return false;
        }

        LogAdd(write, key, elements);
        write.Notify(KeyEventClass.String, "pfadd"u8, key);
        return true;
    }

    /// <summary>PFCOUNT of one key: O(1) while nothing was added since the last time, without a lock; otherwise all registers are looked at.</summary>
    /// <returns>The estimate; 0 if there is no such key.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string.</exception>
    /// <exception cref="FormatException">The string is no HyperLogLog, or is damaged.</exception>
    public long Count(int database, in KeyProbe key, ref JournalTicket ticket)
    {
        var reader = new AnswerReader<StoredCount, long>(default);
        if (!StringRecord.TryRead(_store, database, key, ref reader))
        {
            return 0;
        }

        return reader.Answer >= 0 ? reader.Answer : CountAnew(database, key, ref ticket);
    }

    /// <summary>PFDEBUG TODENSE, and what PFDEBUG GETREG does first.</summary>
    /// <returns>Whether it was sparse; null if there is no such key.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing has changed.</exception>
    /// <exception cref="FormatException">The string is no HyperLogLog, or is damaged. Nothing has changed.</exception>
    public bool? MakeDense(int database, in KeyProbe key, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFindString(key, out Entry current))
        {
            return null;
        }

        HyperLogLogRecord.RequireValid(exists: true, current, key);
        if (HyperLogLogFormat.IsDense(current.Value))
        {
            return false;
        }

        using var buffer = new HyperLogLogBuffer(current);
        if (!buffer.TryMakeDense())
        {
            throw HyperLogLogRecord.Damaged(key);
        }

        StringRecord.Replace(write.Shard, database, current, key, buffer.Value, HyperLogLogRecord.ExtrasAfter(write.Shard, current));
        write.Effect(3)?.Argument("PFDEBUG"u8).Argument("TODENSE"u8).Argument(key);
        return true;
    }

    /// <summary>The value's bytes, for PFDEBUG; null if there is no such key.</summary>
    /// <exception cref="WrongTypeException">The key holds something else than a string.</exception>
    /// <exception cref="FormatException">The string is no HyperLogLog.</exception>
    public byte[]? Read(int database, in KeyProbe key)
    {
        using var read = new KeyRead(_store, database, key);
        if (!read.TryFind(key, ValueKind.String, out Entry entry))
        {
            return null;
        }

        HyperLogLogRecord.RequireValid(exists: true, entry, key);
        return entry.Value.ToArray();
    }

    private long CountAnew(int database, in KeyProbe key, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFindString(key, out Entry current, uses: false))
        {
            return 0;
        }

        HyperLogLogRecord.RequireValid(exists: true, current, key);
        if (HyperLogLogFormat.TryGetCount(current.Value, out long count))
        {
            return count;
        }

        if (!HyperLogLogValue.TryCount(current.Value, out count))
        {
            throw HyperLogLogRecord.Damaged(key);
        }

        try
        {
            ValueEdit edit = ValueEdit.Begin(write.Shard, database, current, key, current.ValueLength);
            HyperLogLogFormat.SetCount(edit.Value, count);
            edit.End(write.Shard, database, current, key);
        }
        catch (CacheFullException)
        {
            // Counting must not fail for want of room: it is done anew the next time.
        }

        return count;
    }

    private static bool WouldChange<TElements>(ReadOnlySpan<byte> dense, TElements elements)
        where TElements : struct, IShownElements, allows ref struct
    {
        for (int i = 0; i < elements.Count; i++)
        {
            if (HyperLogLogValue.WouldChangeDense(dense, elements[i]))
            {
                return true;
            }
        }

        return false;
    }

    private static void AddToDense<TElements>(in KeyWrite write, int database, in Entry current, in KeyProbe key, TElements elements)
        where TElements : struct, IShownElements, allows ref struct
    {
        ValueEdit edit = ValueEdit.Begin(write.Shard, database, current, key, HyperLogLogFormat.DenseBytes);
        Span<byte> value = edit.Value;
        for (int i = 0; i < elements.Count; i++)
        {
            HyperLogLogValue.AddToDense(value, elements[i]);
        }

        HyperLogLogFormat.Invalidate(value);
        edit.End(write.Shard, database, current, key);
    }

    private bool AddToSparse<TElements>(in KeyWrite write, int database, in Entry current, in KeyProbe key, TElements elements)
        where TElements : struct, IShownElements, allows ref struct
    {
        using var buffer = new HyperLogLogBuffer(current);
        bool changed = !current.Exists;
        for (int i = 0; i < elements.Count; i++)
        {
            if (!buffer.TryAdd(elements[i], _store.Encodings.HyperLogLogSparseMaxBytes, out bool changedNow))
            {
                throw HyperLogLogRecord.Damaged(key);
            }

            changed |= changedNow;
        }

        if (changed)
        {
            HyperLogLogFormat.Invalidate(buffer.Value);
            StringRecord.Replace(write.Shard, database, current, key, buffer.Value, HyperLogLogRecord.ExtrasAfter(write.Shard, current));
        }

        return changed;
    }

    private static void LogAdd<TElements>(in KeyWrite write, in KeyProbe key, TElements elements)
        where TElements : struct, IShownElements, allows ref struct
    {
        EffectBuffer? effect = write.Effect(2 + elements.Count, changes: Math.Max(1, elements.Count))?.Argument("PFADD"u8).Argument(key);
        for (int i = 0; effect != null && i < elements.Count; i++)
        {
            effect.Argument(elements[i]);
        }
    }

    /// <summary>The count if it is up to date and the value may be a HyperLogLog; otherwise −1.</summary>
    private readonly struct StoredCount : IValueQuestion<long>
    {
        public long Ask(ReadOnlySpan<byte> value) =>
            HyperLogLogFormat.IsValid(value) && HyperLogLogFormat.TryGetCount(value, out long count) ? count : -1;
    }
}
