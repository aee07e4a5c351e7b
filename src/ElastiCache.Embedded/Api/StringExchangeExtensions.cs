using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>Reads of a string that change it, or its deadline, in the same step.</summary>
/// <remarks>
/// A value that is not a <c>T</c> is a <see cref="FormatException"/>. If <c>T</c> has a plain form (text, bytes, numbers, dates) it comes before anything
/// has changed. Other types are decoded by the serializer after the step: then the change stands.
/// </remarks>
public static class StringExchangeExtensions
{
    /// <summary>Stores a value and returns the one before. O(n). Redis: GETSET, or SET with GET and PX.</summary>
    /// <param name="strings">The strings.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The new value.</param>
    /// <param name="expiry">Its life from now on, more than zero; <see langword="null"/> for no end.</param>
    /// <returns>The value before; <see langword="default"/> if there was none.</returns>
    /// <inheritdoc cref="GetAndSet{T}(Strings, CacheKey, T, in SetOptions, out bool)" path="/exception"/>
    public static T? GetAndSet<T>(this Strings strings, CacheKey key, T value, TimeSpan? expiry = null) =>
        strings.GetAndSet(key, value, new SetOptions { Expiry = expiry }, out _);

    /// <summary>Stores a value on conditions and returns the one before, also when the condition fails. O(n). Redis: SET with GET.</summary>
    /// <param name="strings">The strings.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The new value.</param>
    /// <param name="options">Conditions and deadline.</param>
    /// <param name="isStored">Whether the condition held.</param>
    /// <returns>The value before; <see langword="default"/> if there was none.</returns>
    /// <exception cref="ArgumentException">The value is null or not valid UTF-16; or the options contradict each other or are out of range. Nothing changes.</exception>
    /// <exception cref="WrongTypeException">The key holds something else than a string, which a plain SET would replace. Nothing changes.</exception>
    /// <exception cref="FormatException">The value before is not a <typeparamref name="T"/>; see the remarks of the class.</exception>
    [SkipLocalsInit]
    public static T? GetAndSet<T>(this Strings strings, CacheKey key, T value, in SetOptions options, out bool isStored)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        ReadOnlySpan<byte> encoded = encoder.Encode(value, database.Serializer, key);
        JournalTicket ticket = default;
        scoped var reader = new LockedValueReader<T>(key);
        isStored = database.Operations.Strings.SetAndRead(
            database.Index, probe, encoded, options.ToArguments(database.Now), ref reader, out _, ref ticket);
        database.Wait(ticket);
        return reader.Finish(database.Serializer);
    }

    /// <summary>Removes a value and returns it. O(n). Redis: GETDEL.</summary>
    /// <returns>The value; <see langword="default"/> if there was none.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing changes.</exception>
    /// <exception cref="FormatException">The value is not a <typeparamref name="T"/>; see the remarks of the class.</exception>
    [SkipLocalsInit]
    public static T? GetAndDelete<T>(this Strings strings, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        JournalTicket ticket = default;
        scoped var reader = new LockedValueReader<T>(key);
        database.Operations.Strings.ReadAndDelete(database.Index, probe, ref reader, ref ticket);
        database.Wait(ticket);
        return reader.Finish(database.Serializer);
    }

    /// <summary>Returns a value and gives it a new life. O(n). Redis: GETEX with PX.</summary>
    /// <param name="strings">The strings.</param>
    /// <param name="key">The key.</param>
    /// <param name="expiry">The life from now on, more than zero.</param>
    /// <returns>The value; <see langword="default"/> if there is none, and nothing has changed then.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="expiry"/> is not positive. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The key had no deadline, and the budget has no room for one. Nothing changes.</exception>
    /// <inheritdoc cref="GetAndDelete" path="/exception"/>
    public static T? GetAndExpire<T>(this Strings strings, CacheKey key, TimeSpan expiry) =>
        GetWithDeadline<T>(strings.Database, key, new SetOptions { Expiry = expiry }.DeadlineUnixMs(strings.Database.Now));

    /// <summary>Returns a value and sets the moment of its end; one that has passed removes it. O(n). Redis: GETEX with PXAT.</summary>
    /// <returns>The value; <see langword="default"/> if there is none, and nothing has changed then.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The moment is not after 1970. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The key had no deadline, and the budget has no room for one. Nothing changes.</exception>
    /// <inheritdoc cref="GetAndDelete" path="/exception"/>
    public static T? GetAndExpireAt<T>(this Strings strings, CacheKey key, DateTimeOffset expiresAt) =>
        GetWithDeadline<T>(strings.Database, key, new SetOptions { ExpiresAt = expiresAt }.DeadlineUnixMs(strings.Database.Now));

    /// <summary>Returns a value and takes its deadline away. O(n). Redis: GETEX with PERSIST.</summary>
    /// <returns>The value; <see langword="default"/> if there is none.</returns>
    /// <inheritdoc cref="GetAndDelete" path="/exception"/>
    public static T? GetAndPersist<T>(this Strings strings, CacheKey key) => GetWithDeadline<T>(strings.Database, key, SetOptions.NoExpiry);

    [SkipLocalsInit]
    private static T? GetWithDeadline<T>(CacheDatabase database, CacheKey key, long deadline)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        scoped var reader = new LockedValueReader<T>(key);
        database.Operations.Strings.ReadAndExpire(database.Index, probe, deadline, ref reader, ref ticket);
        database.Wait(ticket);
        return reader.Finish(database.Serializer);
    }
}
