using System.Globalization;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Numbers in a hash's fields, changed in one step. An absent field counts as 0; a field's deadline stays.</summary>
public static class HashCounterExtensions
{
    /// <summary>Adds to the integer in a field. O(1). Redis: HINCRBY.</summary>
    /// <returns>The new value.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a hash. Nothing changes.</exception>
    /// <exception cref="FormatException">The value is not an integer of 64 bits in decimal. Nothing changes.</exception>
    /// <exception cref="OverflowException">The result would not fit 64 bits. Nothing changes.</exception>
    [SkipLocalsInit]
    public static long Increment<TField, TValue>(this CacheHash<TField, TValue> hash, TField field, long by = 1)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(hash.Key.Value, ref scratch, out KeyProbe key);
        CacheDatabase database = hash.Database;
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        long sum = hash.Operations.Numbers.Increment(database.Index, key, name.Encode(field, database.Serializer, hash.Key.Value), by, ref ticket);
        database.Wait(ticket);
        return sum;
    }

    /// <summary>Adds to the number in a field. O(1). Redis: HINCRBYFLOAT.</summary>
    /// <remarks>Computed and stored as by <see cref="StringCounterExtensions.Increment(Strings, CacheKey, double)"/>.</remarks>
    /// <returns>The new value, rounded to a <see cref="double"/>.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a hash. Nothing changes.</exception>
    /// <exception cref="FormatException">The value is not a number, or <paramref name="by"/> is NaN. Nothing changes.</exception>
    /// <exception cref="OverflowException"><paramref name="by"/> or the result is infinite. Nothing changes.</exception>
    [SkipLocalsInit]
    public static double Increment<TField, TValue>(this CacheHash<TField, TValue> hash, TField field, double by)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(hash.Key.Value, ref scratch, out KeyProbe key);
        CacheDatabase database = hash.Database;
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        Span<byte> text = stackalloc byte[NumberOperations.MaxFloatBytes];
        JournalTicket ticket = default;
        int length = hash.Operations.Numbers.IncrementFloat(database.Index, key, name.Encode(field, database.Serializer, hash.Key.Value), by, text, ref ticket);
        database.Wait(ticket);
        return double.Parse(text[..length], NumberStyles.Float, CultureInfo.InvariantCulture);
    }
}
