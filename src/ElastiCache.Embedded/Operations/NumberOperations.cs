using System.Globalization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>The commands that take a string as a number: INCR, INCRBY, DECR, DECRBY, INCRBYFLOAT.</summary>
/// <remarks>The log gets the sum and the deadline, as a SET. Deadline and flags are kept.</remarks>
internal sealed class NumberOperations
{
    /// <summary>Room for the longest text that <see cref="IncrementFloat(int, in KeyProbe, ReadOnlySpan{byte}, Span{byte}, ref JournalTicket)"/> writes.</summary>
    public const int MaxFloatBytes = LongDoubleText.MaxFormattedBytes;

    private readonly Store _store;

    public NumberOperations(Store store)
    {
        _store = store;
    }

    /// <summary>INCRBY: adds to the integer at the key; an absent key counts as 0.</summary>
    /// <returns>The new value.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing has changed.</exception>
    /// <exception cref="FormatException">The value is not a decimal integer of 64 bits. Nothing has changed.</exception>
    /// <exception cref="OverflowException">The result would not fit 64 bits. Nothing has changed.</exception>
    public long Increment(int database, in KeyProbe key, long by, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        long before = 0;
        bool exists = write.TryFindString(key, out Entry current);
        if (exists && !DecimalNumber.TryParse(current.Value, out before))
        {
            throw StringErrors.NotAnInteger(key);
        }

        long after = unchecked(before + by);
        if (((before ^ after) & (by ^ after)) < 0)
        {
            throw StringErrors.IntegerOverflow(key, by);
        }

        if (exists && by == 0)
        {
            write.Notify(KeyEventClass.String, "incrby"u8, key);
            return before;
        }

        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        Store(write, database, current, key, text[..DecimalNumber.Format(after, text)]);
        write.Notify(KeyEventClass.String, "incrby"u8, key);
        return after;
    }

    /// <summary>DECRBY: as <see cref="Increment"/> with the opposite, which <see cref="long.MinValue"/> does not have.</summary>
    /// <inheritdoc cref="Increment"/>
    public long Decrement(int database, in KeyProbe key, long by, ref JournalTicket ticket) => by == long.MinValue
        ? throw StringErrors.DecrementOverflow(key)
        : Increment(database, key, -by, ref ticket);

    /// <summary>INCRBYFLOAT: adds to the number at the key, with the 80-bit arithmetic that Redis uses; an absent key counts as 0.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="by">What to add, as text: <c>3</c>, <c>-0.5</c>, <c>1.5e3</c>.</param>
    /// <param name="text">Takes the sum as it is stored; at least <see cref="MaxFloatBytes"/> long.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>The length of the sum's text.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing has changed.</exception>
    /// <exception cref="FormatException">The value or <paramref name="by"/> is not a number. Nothing has changed.</exception>
    /// <exception cref="OverflowException">The sum would be NaN or infinite. Nothing has changed.</exception>
    public int IncrementFloat(int database, in KeyProbe key, ReadOnlySpan<byte> by, Span<byte> text, ref JournalTicket ticket)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(text.Length, MaxFloatBytes);
        bool isNumber = LongDoubleText.TryParse(by, out LongDouble addend);

        using var write = new KeyWrite(_store, database, key, ref ticket);
        LongDouble before = LongDouble.Zero(isNegative: false);
        if (write.TryFindString(key, out Entry current) && !LongDoubleText.TryParse(current.Value, out before))
        {
            throw StringErrors.NotANumber(key);
        }

        // Only now: Redis, too, complains about the key first.
        if (!isNumber)
        {
            throw StringErrors.IncrementNotANumber(key);
        }

        if (!LongDouble.TryAdd(before, addend, out LongDouble sum))
        {
            throw StringErrors.FloatOverflow(key);
        }

        int length = LongDoubleText.Format(sum, text);
        Store(write, database, current, key, text[..length]);
        write.Notify(KeyEventClass.String, "incrbyfloat"u8, key);
        return length;
    }

    /// <summary>As the other form, for a <see cref="double"/>, which stands for the shortest decimal number that gives it: 0.1 is one tenth.</summary>
    /// <inheritdoc cref="IncrementFloat(int, in KeyProbe, ReadOnlySpan{byte}, Span{byte}, ref JournalTicket)"/>
    public int IncrementFloat(int database, in KeyProbe key, double by, Span<byte> text, ref JournalTicket ticket)
    {
        if (double.IsInfinity(by))
        {
            return IncrementFloat(database, key, by > 0 ? "inf"u8 : "-inf"u8, text, ref ticket);
        }

        Span<byte> decimals = stackalloc byte[32];
        by.TryFormat(decimals, out int written, "R", CultureInfo.InvariantCulture);
        return IncrementFloat(database, key, decimals[..written], text, ref ticket);
    }

    private static void Store(in KeyWrite write, int database, in Entry current, in KeyProbe key, ReadOnlySpan<byte> text)
    {
        RecordExtras extras = StringRecord.ExtrasAfter(write.Shard, current);
        StringRecord.Replace(write.Shard, database, current, key, text, extras);
        StringRecord.LogSet(write, key, text, extras);
    }
}
