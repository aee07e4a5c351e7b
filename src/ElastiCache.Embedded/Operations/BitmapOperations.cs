using System.Buffers;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>The commands that take a string as a row of bits: GETBIT, SETBIT, BITCOUNT, BITPOS, BITOP.</summary>
/// <remarks>Bit 0 is the highest bit of the first byte; see <see cref="BitOrder"/>. Those that only look take no lock, however long the value.</remarks>
internal sealed class BitmapOperations
{
    private readonly Store _store;

    public BitmapOperations(Store store)
    {
        _store = store;
    }

    /// <summary>GETBIT: past the end of the value, and in a missing one, every bit is 0. O(1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is not in 0..2^32−1.</exception>
    /// <exception cref="WrongTypeException">The key holds something else than a string.</exception>
    public bool GetBit(int database, in KeyProbe key, long offset)
    {
        RequireOffset(key, offset);
        var reader = new AnswerReader<BitAt, bool>(new BitAt(offset));
        return StringRecord.TryRead(_store, database, key, ref reader) && reader.Answer;
    }

    /// <summary>SETBIT: the value grows with zeros as needed. O(1), but for the growth.</summary>
    /// <returns>The bit as it was.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The offset is not in 0..2^32−1.</exception>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing has changed.</exception>
    public bool SetBit(int database, in KeyProbe key, long offset, bool bit, ref JournalTicket ticket)
    {
        RequireOffset(key, offset);
        int index = (int)(BitOrder.BytesToHold(offset) - 1);
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool exists = write.TryFindString(key, out Entry current);
        int length = exists ? current.ValueLength : 0;
        bool before = exists && BitOrder.GetBit(current.Value, offset);
        if (before == bit && index < length)
        {
            return before;
        }

        ValueEdit edit = ValueEdit.Begin(write.Shard, database, current, key, Math.Max(length, index + 1));
        BitOrder.SetBit(edit.Value, offset, bit);
        byte changed = edit.Value[index];
        edit.End(write.Shard, database, current, key);
        write.Effect(4)?.Argument("SETRANGE"u8).Argument(key).Argument(index).Argument([changed]);
        write.Notify(KeyEventClass.String, "setbit"u8, key);
        return before;
    }

    /// <summary>BITCOUNT: the bits that are 1. O(n).</summary>
    /// <exception cref="WrongTypeException">The key holds something else than a string.</exception>
    public long Count(int database, in KeyProbe key) => Count(database, key, 0, -1, BitRangeUnit.Byte);

    /// <summary>BITCOUNT of a range, both ends inclusive, negative from the end.</summary>
    /// <inheritdoc cref="Count(int, in KeyProbe)"/>
    public long Count(int database, in KeyProbe key, long start, long end, BitRangeUnit unit)
    {
        var reader = new AnswerReader<OnesIn, long>(new OnesIn(start, end, unit));
        return StringRecord.TryRead(_store, database, key, ref reader) ? reader.Answer : 0;
    }

    /// <summary>BITPOS: the first bit of this kind from a byte on. O(n).</summary>
    /// <returns>Its offset in the whole value, −1 where there is none. The zeros that are thought to follow a value count, those of a missing key too.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string.</exception>
    public long Position(int database, in KeyProbe key, bool bit, long start = 0)
    {
        var reader = new AnswerReader<FirstFrom, long>(new FirstFrom(bit, start));
        return StringRecord.TryRead(_store, database, key, ref reader) ? reader.Answer : BitPosition.OfMissingKey(bit);
    }

    /// <summary>BITPOS in a range, both ends inclusive, negative from the end.</summary>
    /// <inheritdoc cref="Position(int, in KeyProbe, bool, long)"/>
    public long Position(int database, in KeyProbe key, bool bit, long start, long end, BitRangeUnit unit)
    {
        var reader = new AnswerReader<FirstIn, long>(new FirstIn(bit, start, end, unit));
        return StringRecord.TryRead(_store, database, key, ref reader) ? reader.Answer : BitPosition.OfMissingKey(bit);
    }

    /// <summary>BITOP AND, OR, XOR: combines the sources and stores the result, which is as long as the longest; missing ones and what shorter ones lack are zeros.</summary>
    /// <remarks>The result replaces whatever the destination holds, its deadline too; an empty one deletes it. All keys are locked: the sources are of one moment.</remarks>
    /// <returns>The length of the result in bytes.</returns>
    /// <exception cref="WrongTypeException">A source holds something else than a string. Nothing has changed.</exception>
    public long Combine<TKeys>(int database, BitOperator with, in KeyProbe destination, TKeys sources, ref JournalTicket ticket)
        where TKeys : struct, IKeyList, allows ref struct =>
        CombineAndStore(database, with, invert: false, destination, sources, ref ticket);

    /// <summary>BITOP NOT: stores the opposite of each bit of the source.</summary>
    /// <inheritdoc cref="Combine"/>
    public long Invert<TKeys>(int database, in KeyProbe destination, TKeys source, ref JournalTicket ticket)
        where TKeys : struct, IKeyList, allows ref struct =>
        CombineAndStore(database, BitOperator.Or, invert: true, destination, source, ref ticket);

    private long CombineAndStore<TKeys>(int database, BitOperator with, bool invert, in KeyProbe destination, TKeys sources, ref JournalTicket ticket)
        where TKeys : struct, IKeyList, allows ref struct
    {
        ShardSet shards = ShardSet.Of(_store, sources);
        shards.Add(_store.ShardIndexOf(destination.Hash));
        using var write = new MultiKeyWrite(_store, shards, ref ticket);
        byte[] rented = [];
        try
        {
            // Not folded together in the new record: making room for that might evict a source.
            int length = Fold(write, database, with, sources, ref rented);
            Span<byte> result = rented.AsSpan(0, length);
            if (invert)
            {
                BitOperation.Not(result);
            }

            Replace(write, database, destination, result);
            return length;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static int Fold<TKeys>(in MultiKeyWrite write, int database, BitOperator with, TKeys sources, ref byte[] rented)
        where TKeys : struct, IKeyList, allows ref struct
    {
        KeyScratch scratch = default;
        int length = 0;
        for (int i = 0; i < sources.Count; i++)
        {
            sources.Probe(i, ref scratch, out KeyProbe source);
            bool exists = write.ShardOf(source).TryFind(database, source, out Entry entry);
            if (exists && entry.Kind != ValueKind.String)
            {
                throw StringErrors.WrongType(entry);
            }

            ReadOnlySpan<byte> value = exists ? entry.Value : default;
            if (value.Length > length)
            {
                Grow(ref rented, length, value.Length);
                length = value.Length;
            }

            BitOperation.Combine(i == 0 ? BitOperator.Or : with, rented.AsSpan(0, length), value);
        }

        return length;
    }

    private static void Grow(ref byte[] rented, int from, int to)
    {
        if (rented.Length < to)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(to);
            rented.AsSpan(0, from).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(rented);
            rented = larger;
        }

        rented.AsSpan(from, to - from).Clear();
    }

    private static void Replace(in MultiKeyWrite write, int database, in KeyProbe destination, ReadOnlySpan<byte> result)
    {
        Shard shard = write.ShardOf(destination);
        bool exists = shard.TryFind(database, destination, out Entry current);
        if (!result.IsEmpty)
        {
            var extras = new RecordExtras { Version = StringRecord.VersionAfter(shard, current), Edited = true };
            StringRecord.Overwrite(shard, database, current, destination, result, extras);
            write.Effect(database, 3)?.Argument("SET"u8).Argument(destination).Argument(result);
            write.Notify(KeyEventClass.String, "set"u8, database, destination);
        }
        else if (exists)
        {
            shard.Remove(database, current);
            write.Effect(database, 2)?.Argument("DEL"u8).Argument(destination);
            write.Notify(KeyEventClass.Generic, "del"u8, database, destination);
        }
    }

    private static void RequireOffset(in KeyProbe key, long offset)
    {
        if (offset is < 0 or > BitFieldOperation.MaxOffset)
        {
            throw StringErrors.BitOffset(key, offset);
        }
    }

    private readonly struct BitAt(long offset) : IValueQuestion<bool>
    {
        public bool Ask(ReadOnlySpan<byte> value) => BitOrder.GetBit(value, offset);
    }

    private readonly struct OnesIn(long start, long end, BitRangeUnit unit) : IValueQuestion<long>
    {
        public long Ask(ReadOnlySpan<byte> value) => BitCount.Of(value, start, end, unit);
    }

    private readonly struct FirstFrom(bool bit, long start) : IValueQuestion<long>
    {
        public long Ask(ReadOnlySpan<byte> value) => BitPosition.Of(value, bit, start);
    }

    private readonly struct FirstIn(bool bit, long start, long end, BitRangeUnit unit) : IValueQuestion<long>
    {
        public long Ask(ReadOnlySpan<byte> value) => BitPosition.Of(value, bit, start, end, unit);
    }
}
