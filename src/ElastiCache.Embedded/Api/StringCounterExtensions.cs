using System.Globalization;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Numbers in strings, changed in one step. An absent key counts as 0; the key's deadline stays.</summary>
/// <remarks>Stored as decimal text, as Redis stores them, so <c>Get&lt;long&gt;</c> and <c>Get&lt;double&gt;</c> read them and Set may begin with any number.</remarks>
public static class StringCounterExtensions
{
    /// <summary>Adds to the integer at the key. O(1). Redis: INCR, INCRBY.</summary>
    /// <returns>The new value.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing changes.</exception>
    /// <exception cref="FormatException">The value is not an integer of 64 bits in decimal. Nothing changes.</exception>
    /// <exception cref="OverflowException">The result would not fit 64 bits. Nothing changes.</exception>
    [SkipLocalsInit]
    public static long Increment(this Strings strings, CacheKey key, long by = 1)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        JournalTicket ticket = default;
        long sum = database.Operations.Numbers.Increment(database.Index, probe, by, ref ticket);
        database.Wait(ticket);
        return sum;
    }

    /// <summary>Subtracts from the integer at the key. O(1). Redis: DECR, DECRBY.</summary>
    /// <returns>The new value.</returns>
    /// <exception cref="OverflowException">The result would not fit 64 bits, or <paramref name="by"/> is <see cref="long.MinValue"/>. Nothing changes.</exception>
    /// <inheritdoc cref="Increment(Strings, CacheKey, long)"/>
    [SkipLocalsInit]
    public static long Decrement(this Strings strings, CacheKey key, long by = 1)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        JournalTicket ticket = default;
        long difference = database.Operations.Numbers.Decrement(database.Index, probe, by, ref ticket);
        database.Wait(ticket);
        return difference;
    }

    /// <summary>Adds to the number at the key. O(1). Redis: INCRBYFLOAT.</summary>
    /// <remarks>
    /// Computed with the 80-bit arithmetic that Redis uses and stored with 17 digits after the point, so 0.1 + 0.2 is 0.3.
    /// <paramref name="by"/> counts as the shortest decimal number that gives it.
    /// </remarks>
    /// <returns>The new value, rounded to a <see cref="double"/>.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing changes.</exception>
    /// <exception cref="FormatException">The value is not a number, or <paramref name="by"/> is NaN. Nothing changes.</exception>
    /// <exception cref="OverflowException">The result would be NaN or infinite. Nothing changes.</exception>
    [SkipLocalsInit]
    public static double Increment(this Strings strings, CacheKey key, double by)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        Span<byte> text = stackalloc byte[NumberOperations.MaxFloatBytes];
        JournalTicket ticket = default;
        int length = database.Operations.Numbers.IncrementFloat(database.Index, probe, by, text, ref ticket);
        database.Wait(ticket);
        return double.Parse(text[..length], NumberStyles.Float, CultureInfo.InvariantCulture);
    }
}
