using System.Buffers;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>PFCOUNT of several keys and PFMERGE: what any of several HyperLogLogs has seen.</summary>
internal sealed class HyperLogLogUnions
{
    private readonly Store _store;

    public HyperLogLogUnions(Store store)
    {
        _store = store;
    }

    /// <summary>PFCOUNT: estimates how many different elements all keys together have seen, at one moment. O(keys).</summary>
    /// <returns>The estimate; absent keys have seen nothing.</returns>
    /// <exception cref="WrongTypeException">A key holds something else than a string.</exception>
    /// <exception cref="FormatException">A string is no HyperLogLog, or is damaged.</exception>
    public long Count<TKeys>(int database, TKeys keys)
        where TKeys : struct, IKeyList, allows ref struct
    {
        KeyScratch scratch = default;
        byte[] rented = RentUnion(out Span<byte> union);
        try
        {
            using var read = new MultiKeyRead(_store, ShardSet.Of(_store, keys));
            for (int i = 0; i < keys.Count; i++)
            {
                keys.Probe(i, ref scratch, out KeyProbe key);
                bool exists = read.ShardOf(key).TryFind(database, key, out Entry entry);
                _store.Accesses.Count(exists);
                if (exists)
                {
                    EntryAccess.MarkUsed(entry);
                    AddTo(union, key, entry);
                }
                else
                {
                    KeyNotice.Raise(_store, KeyEventClass.KeyMiss, "keymiss"u8, database, key);
                }
            }

            return HyperLogLogValue.Count(union);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>PFMERGE: makes the destination have seen what it and all sources have seen. It keeps its deadline, and is dense if any of them is.</summary>
    /// <remarks>The log gets the whole value: a replay may come when the sources have seen more.</remarks>
    /// <exception cref="WrongTypeException">A key holds something else than a string. Nothing has changed.</exception>
    /// <exception cref="FormatException">A string is no HyperLogLog, or is damaged. Nothing has changed.</exception>
    public void Merge<TKeys>(int database, in KeyProbe destination, TKeys sources, ref JournalTicket ticket)
        where TKeys : struct, IKeyList, allows ref struct
    {
        KeyScratch scratch = default;
        ShardSet shards = ShardSet.Of(_store, sources);
        shards.Add(_store.ShardIndexOf(destination.Hash));
        byte[] rented = RentUnion(out Span<byte> union);
        try
        {
            using var write = new MultiKeyWrite(_store, shards, ref ticket);
            bool isDense = write.ShardOf(destination).TryFind(database, destination, out Entry own) && AddTo(union, destination, own);
            for (int i = 0; i < sources.Count; i++)
            {
                sources.Probe(i, ref scratch, out KeyProbe source);
                isDense |= write.ShardOf(source).TryFind(database, source, out Entry entry) && AddTo(union, source, entry);
            }

            Store(write, database, destination, union, isDense);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private void Store(in MultiKeyWrite write, int database, in KeyProbe destination, ReadOnlySpan<byte> union, bool isDense)
    {
        // Found again: a source whose time had come may have been removed in between.
        Shard shard = write.ShardOf(destination);
        bool exists = shard.TryFind(database, destination, out Entry current);
        using var buffer = new HyperLogLogBuffer(current);
        if ((isDense && !buffer.TryMakeDense()) || !buffer.TryAddUnion(union, _store.Encodings.HyperLogLogSparseMaxBytes))
        {
            throw HyperLogLogRecord.Damaged(destination);
        }

        HyperLogLogFormat.Invalidate(buffer.Value);
        if (!exists || !buffer.Value.SequenceEqual(current.Value))
        {
            RecordExtras extras = HyperLogLogRecord.ExtrasAfter(shard, current);
            write.Reserve(destination.Length + (long)buffer.Value.Length);
            StringRecord.Replace(shard, database, current, destination, buffer.Value, extras);
            Log(write, database, destination, buffer.Value, extras);
        }

        write.Notify(KeyEventClass.String, "pfadd"u8, database, destination);
    }

    private static void Log(in MultiKeyWrite write, int database, in KeyProbe key, ReadOnlySpan<byte> value, in RecordExtras extras)
    {
        bool expires = extras.Deadline != Record.NoExpiry;
        EffectBuffer? effect = write.Effect(database, expires ? 5 : 3, extras.Marks)?.Argument("SET"u8).Argument(key).Argument(value);
        if (expires)
        {
            effect?.Argument("PXAT"u8).Argument(extras.Deadline);
        }
    }

    /// <summary>Adds what an entry has seen to a union.</summary>
    /// <returns>Whether the entry is dense.</returns>
    private static bool AddTo(Span<byte> union, in KeyProbe key, in Entry entry)
    {
        if (entry.Kind != ValueKind.String)
        {
            throw StringErrors.WrongType(entry);
        }

        HyperLogLogRecord.RequireValid(exists: true, entry, key);
        return HyperLogLogValue.TryMergeInto(entry.Value, union) ? HyperLogLogFormat.IsDense(entry.Value) : throw HyperLogLogRecord.Damaged(key);
    }

    private static byte[] RentUnion(out Span<byte> union)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(HyperLogLogFormat.Registers);
        union = rented.AsSpan(0, HyperLogLogFormat.Registers);
        union.Clear();
        return rented;
    }
}
