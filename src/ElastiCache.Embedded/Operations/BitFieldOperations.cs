using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>BITFIELD and BITFIELD_RO: several steps on integers in the middle of a string of bits, as one operation.</summary>
/// <remarks>
/// The log gets the bytes that the steps covered, as they are afterwards: one SETRANGE over all of them if they lie close together,
/// otherwise a block with one for each step. A Bloom filter's bits lie far apart, and logging all that is between
/// them would cost the length of the filter.
/// </remarks>
internal sealed class BitFieldOperations
{
    // A second SETRANGE with its key and the MULTI around both take about as much as this.
    private const long CloseBytes = 128;

    private readonly Store _store;

    public BitFieldOperations(Store store)
    {
        _store = store;
    }

    /// <summary>BITFIELD: does the steps in their order. The value grows first to hold the highest field that is to be written, even if that write then fails.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key; absent counts as all zeros.</param>
    /// <param name="steps">What to do. If all of them only read, no lock is taken and no key is created.</param>
    /// <param name="answers">One a step: null where the number did not fit and the step said FAIL.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing has changed.</exception>
    /// <exception cref="ValueTooLargeException">A field ends beyond 512 MB. Nothing has changed.</exception>
    public void Apply(int database, in KeyProbe key, ReadOnlySpan<BitFieldOperation> steps, Span<long?> answers, ref JournalTicket ticket)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(answers.Length, steps.Length);
        long bytes = BitField.BytesToHold(steps);
        if (bytes == 0)
        {
            Read(database, key, steps, answers);
            return;
        }

        StringRecord.RequireLength(key, bytes);
        ByteRange covered = Cover(steps);
        if (covered.Count <= CloseBytes || _store.Journal == null)
        {
            using var write = new KeyWrite(_store, database, key, ref ticket);
            if (Change(write.Shard, database, key, steps, answers, (int)bytes))
            {
                Log(write.Shard, database, key, covered);
                write.Notify(KeyEventClass.String, "setbit"u8, key);
            }
        }
        else
        {
            var shards = default(ShardSet);
            shards.Add(_store.ShardIndexOf(key.Hash));
            using var write = new MultiKeyWrite(_store, shards, ref ticket);
            if (Change(write.ShardOf(key), database, key, steps, answers, (int)bytes))
            {
                foreach (ref readonly BitFieldOperation step in steps)
                {
                    if (step.IsWrite)
                    {
                        Log(write.ShardOf(key), database, key, ByteRange.Of(step));
                    }
                }

                write.Notify(KeyEventClass.String, "setbit"u8, database, key);
            }
        }
    }

    /// <summary>BITFIELD_RO: reads fields without a lock; past the end of the value all bits are 0.</summary>
    /// <exception cref="ArgumentException">A step would write.</exception>
    /// <exception cref="WrongTypeException">The key holds something else than a string.</exception>
    public void Read(int database, in KeyProbe key, ReadOnlySpan<BitFieldOperation> steps, Span<long?> answers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(answers.Length, steps.Length);
        foreach (ref readonly BitFieldOperation step in steps)
        {
            if (step.IsWrite)
            {
                throw new ArgumentException("BITFIELD_RO only supports the GET subcommand: a step that writes was given.", nameof(steps));
            }
        }

        var fields = new Fields(steps, answers);
        var reader = new AnswerReader<Fields, bool>(fields);
        if (!StringRecord.TryRead(_store, database, key, ref reader))
        {
            fields.Ask(default);
        }
    }

    // Whether anything was written or grown.
    private static bool Change(Shard shard, int database, in KeyProbe key, ReadOnlySpan<BitFieldOperation> steps, Span<long?> answers, int bytes)
    {
        bool exists = shard.TryFind(database, key, out Entry current);
        if (exists && current.Kind != ValueKind.String)
        {
            throw StringErrors.WrongType(current);
        }

        int length = exists ? current.ValueLength : 0;
        bool changes = bytes > length;
        ValueEdit edit = ValueEdit.Begin(shard, database, current, key, Math.Max(length, bytes));
        Span<byte> value = edit.Value;
        for (int i = 0; i < steps.Length; i++)
        {
            // As in Redis, a write that leaves the field as it was is no change.
            var field = BitFieldOperation.Get(steps[i].IsSigned, steps[i].Bits, steps[i].Offset);
            BitField.TryApply(field, value, out long before);
            bool fits = BitField.TryApply(steps[i], value, out long answer);
            answers[i] = fits ? answer : null;
            BitField.TryApply(field, value, out long after);
            changes |= before != after;
        }

        edit.End(shard, database, current, key);
        return changes;
    }

    private static void Log(Shard shard, int database, in KeyProbe key, ByteRange range)
    {
        if (shard.Effects == null)
        {
            // Nothing is looked up for a log that isn't there; only the change counts.
            shard.Effect(database, 4);
            return;
        }

        // Found before the effect begins: an entry whose time has come logs a DEL of its own.
        if (shard.TryFind(database, key, out Entry entry))
        {
            shard.Effect(database, 4)?.Argument("SETRANGE"u8).Argument(key).Argument(range.First)
                .Argument(entry.Value.Slice((int)range.First, (int)range.Count));
        }
    }

    private static ByteRange Cover(ReadOnlySpan<BitFieldOperation> steps)
    {
        long first = long.MaxValue;
        long end = 0;
        foreach (ref readonly BitFieldOperation step in steps)
        {
            if (step.IsWrite)
            {
                ByteRange range = ByteRange.Of(step);
                first = Math.Min(first, range.First);
                end = Math.Max(end, range.First + range.Count);
            }
        }

        return new ByteRange(first, end - first);
    }

    private readonly record struct ByteRange(long First, long Count)
    {
        public static ByteRange Of(in BitFieldOperation step)
        {
            long first = step.Offset >> 3;
            return new ByteRange(first, BitOrder.BytesToHold(step.Offset + step.Bits - 1) - first);
        }
    }

    private readonly ref struct Fields(ReadOnlySpan<BitFieldOperation> steps, Span<long?> answers) : IValueQuestion<bool>
    {
        private readonly ReadOnlySpan<BitFieldOperation> _steps = steps;
        private readonly Span<long?> _answers = answers;

        public bool Ask(ReadOnlySpan<byte> value)
        {
            for (int i = 0; i < _steps.Length; i++)
            {
                _answers[i] = BitField.Read(value, _steps[i].IsSigned, _steps[i].Bits, _steps[i].Offset);
            }

            return true;
        }
    }
}
