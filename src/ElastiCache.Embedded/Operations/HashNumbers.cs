using System.Globalization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>The commands that take a hash's field as a number. The log gets the sum, as an HSET; a field keeps its deadline, and then the log gets that as well.</summary>
internal sealed class HashNumbers
{
    private readonly Store _store;

    public HashNumbers(Store store)
    {
        _store = store;
    }

    /// <summary>HINCRBY: adds to the integer in a field; an absent one counts as 0. O(1).</summary>
    /// <returns>The sum.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="FormatException">The value is not an integer of 64 bits. Nothing has changed.</exception>
    /// <exception cref="OverflowException">The sum would not fit 64 bits. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public long Increment(int database, in KeyProbe key, ReadOnlySpan<byte> field, long by, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        long before = 0;
        if (HashOperations.TryFind(_store, write, database, key, out Entry current) &&
            HashOperations.ViewOf(_store, write.Shard, current).TryGet(field, text, out ReadOnlySpan<byte> value) &&
            !DecimalNumber.TryParse(value, out before))
        {
            throw HashErrors.NotAnInteger(key);
        }

        long after = unchecked(before + by);
        if (((before ^ after) & (by ^ after)) < 0)
        {
            throw HashErrors.IntegerOverflow(key, by);
        }

        Store(write, database, current, key, field, text[..DecimalNumber.Format(after, text)], "hincrby"u8);
        return after;
    }

    /// <summary>HINCRBYFLOAT: adds to the number in a field, with the 80-bit arithmetic that Redis uses; an absent field counts as 0. O(1).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="field">The field.</param>
    /// <param name="by">What to add, as text.</param>
    /// <param name="text">Takes the sum as it is stored; at least <see cref="NumberOperations.MaxFloatBytes"/> long.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>The length of the sum's text.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="FormatException">The value or <paramref name="by"/> is not a number. Nothing has changed.</exception>
    /// <exception cref="OverflowException"><paramref name="by"/> or the sum is infinite. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public int IncrementFloat(int database, in KeyProbe key, ReadOnlySpan<byte> field, ReadOnlySpan<byte> by, Span<byte> text, ref JournalTicket ticket)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(text.Length, NumberOperations.MaxFloatBytes);
        if (!LongDoubleText.TryParse(by, out LongDouble addend))
        {
            throw HashErrors.IncrementNotANumber(key);
        }

        if (!addend.IsFinite)
        {
            throw HashErrors.IncrementNotFinite(key);
        }

        using var write = new KeyWrite(_store, database, key, ref ticket);
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        LongDouble before = LongDouble.Zero(isNegative: false);
        if (HashOperations.TryFind(_store, write, database, key, out Entry current) &&
            HashOperations.ViewOf(_store, write.Shard, current).TryGet(field, scratch, out ReadOnlySpan<byte> value) &&
            !LongDoubleText.TryParse(value, out before))
        {
            throw HashErrors.NotANumber(key);
        }

        if (!LongDouble.TryAdd(before, addend, out LongDouble sum))
        {
            throw HashErrors.FloatOverflow(key);
        }

        int length = LongDoubleText.Format(sum, text);
        Store(write, database, current, key, field, text[..length], "hincrbyfloat"u8);
        return length;
    }

    /// <summary>As the other form, for a <see cref="double"/>, which stands for the shortest decimal number that gives it.</summary>
    /// <inheritdoc cref="IncrementFloat(int, in KeyProbe, ReadOnlySpan{byte}, ReadOnlySpan{byte}, Span{byte}, ref JournalTicket)"/>
    public int IncrementFloat(int database, in KeyProbe key, ReadOnlySpan<byte> field, double by, Span<byte> text, ref JournalTicket ticket)
    {
        if (double.IsInfinity(by))
        {
            throw HashErrors.IncrementNotFinite(key);
        }

        Span<byte> decimals = stackalloc byte[32];
        by.TryFormat(decimals, out int written, "R", CultureInfo.InvariantCulture);
        return IncrementFloat(database, key, field, decimals[..written], text, ref ticket);
    }

    private void Store(
        in KeyWrite write,
        int database,
        in Entry current,
        in KeyProbe key,
        scoped ReadOnlySpan<byte> field,
        scoped ReadOnlySpan<byte> text,
        ReadOnlySpan<byte> notice)
    {
        HashEdit edit = HashEdit.Begin(_store, write.Shard, database, current, key, new OneFieldValue(field, text));
        edit.Set(field, text, keepsDeadline: true);
        edit.End(key);
        write.Effect(4)?.Argument("HSET"u8).Argument(key).Argument(field).Argument(text);
        if (edit.Body is { NextDue: not Record.NoExpiry } body)
        {
            KeyProbe.Create(field, out KeyProbe name);
            if (body.TryFind(name, 0, out Member found) && found.HasDeadline)
            {
                HashExpiry.LogDeadline(write, key, found.Deadline, field);
            }
        }

        write.Notify(KeyEventClass.Hash, notice, key);
    }
}
