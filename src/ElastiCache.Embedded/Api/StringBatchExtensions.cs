using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Many strings in one call.</summary>
/// <remarks>
/// Reads go in groups of 16 keys whose memory accesses overlap. Each value is whole, but they need not be of one moment, and a key that
/// holds no string counts as absent, as in Redis. Writes are one step: all of it or nothing, in memory and in the log.
/// </remarks>
public static class StringBatchExtensions
{
    /// <summary>Reads values as <typeparamref name="T"/>. O(keys and bytes). Redis: MGET.</summary>
    /// <param name="strings">The strings.</param>
    /// <param name="keys">The keys; one may come twice.</param>
    /// <returns>A value for each key, in their order; <see langword="default"/> where there is none: for numbers ask for <c>int?</c> and the like.</returns>
    /// <exception cref="ArgumentNullException">A key is null.</exception>
    /// <exception cref="FormatException">A value is not a <typeparamref name="T"/>.</exception>
    public static T?[] GetMany<T>(this Strings strings, params ReadOnlySpan<string> keys)
    {
        CacheDatabase database = strings.Database;
        database.ThrowIfDisposed();
        var values = new T?[keys.Length];
        scoped var reader = new TypedBatchReader<T>(keys, values, database.Serializer);
        try
        {
            database.Operations.Batches.Read(database.Index, new TextKeys(keys), ref reader);
            return values;
        }
        finally
        {
            reader.Return();
        }
    }

    /// <summary>Copies values end to end into the caller's buffer. O(keys and bytes), no allocation. Redis: MGET.</summary>
    /// <remarks>
    /// <code>
    ///   int total = cache.Strings.GetMany(keys, buffer, lengths);
    ///   for (int i = 0, start = 0; i &lt; keys.Length; start += Math.Max(lengths[i++], 0))
    ///       if (lengths[i] &gt;= 0) Use(buffer.AsSpan(start, lengths[i]));
    /// </code>
    /// </remarks>
    /// <param name="strings">The strings.</param>
    /// <param name="keys">The keys; one may come twice.</param>
    /// <param name="destination">
    /// Where to. If it is too small it holds the values of the first keys: those before the first one that does not fit, and none after it.
    /// </param>
    /// <param name="lengths">At least as long as <paramref name="keys"/>. Takes the length of each value in bytes, also of those that do not fit; -1 where there is none.</param>
    /// <returns>The bytes of all values together: more than <paramref name="destination"/> holds if it was too small, and at most <see cref="int.MaxValue"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="lengths"/> is shorter than <paramref name="keys"/>; nothing is read.</exception>
    /// <exception cref="ArgumentNullException">A key is null.</exception>
    [SkipLocalsInit]
    public static int GetMany(this Strings strings, ReadOnlySpan<string> keys, Span<byte> destination, Span<int> lengths)
    {
        if (lengths.Length < keys.Length)
        {
            throw new ArgumentException($"There are {keys.Length} keys, and room for {lengths.Length} lengths.", nameof(lengths));
        }

        CacheDatabase database = strings.Database;
        scoped var reader = new SpanBatchReader(destination, lengths);
        database.Operations.Batches.Read(database.Index, new TextKeys(keys), ref reader);
        database.ThrowIfDisposed();
        return (int)Math.Min(reader.TotalBytes, int.MaxValue);
    }

    /// <summary>Stores all values or none, and removes the keys' deadlines. O(keys and bytes). Redis: MSET.</summary>
    /// <param name="strings">The strings.</param>
    /// <param name="pairs">Keys and values. Of a key that comes twice the last value stays.</param>
    /// <exception cref="ArgumentException">A key or a value is null, or a string is not valid UTF-16. Nothing changes.</exception>
    /// <exception cref="ValueTooLargeException">A value is longer than 512 MB. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The budget has no room for all of them. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public static void SetMany<T>(this Strings strings, params ReadOnlySpan<(string Key, T Value)> pairs)
    {
        using var encoded = new EncodedPairs(pairs.Length);
        foreach ((string key, T value) in pairs)
        {
            encoded.Add(key, value, strings.Database.Serializer);
        }

        Store(strings.Database, encoded, onlyIfAbsent: false);
    }

    /// <inheritdoc cref="SetMany{T}(Strings, ReadOnlySpan{ValueTuple{string, T}})"/>
    public static void SetMany<T>(this Strings strings, IEnumerable<KeyValuePair<string, T>> pairs)
    {
        using EncodedPairs encoded = Encode(strings.Database, pairs);
        Store(strings.Database, encoded, onlyIfAbsent: false);
    }

    /// <summary>Stores all values, or none if any of the keys exists. O(keys and bytes). Redis: MSETNX.</summary>
    /// <returns>Whether the values were stored; true also if there are none.</returns>
    /// <inheritdoc cref="SetMany{T}(Strings, ReadOnlySpan{ValueTuple{string, T}})"/>
    public static bool SetManyIfAbsent<T>(this Strings strings, params ReadOnlySpan<(string Key, T Value)> pairs)
    {
        using var encoded = new EncodedPairs(pairs.Length);
        foreach ((string key, T value) in pairs)
        {
            encoded.Add(key, value, strings.Database.Serializer);
        }

        return Store(strings.Database, encoded, onlyIfAbsent: true);
    }

    /// <inheritdoc cref="SetManyIfAbsent{T}(Strings, ReadOnlySpan{ValueTuple{string, T}})"/>
    public static bool SetManyIfAbsent<T>(this Strings strings, IEnumerable<KeyValuePair<string, T>> pairs)
    {
        using EncodedPairs encoded = Encode(strings.Database, pairs);
        return Store(strings.Database, encoded, onlyIfAbsent: true);
    }

    private static EncodedPairs Encode<T>(CacheDatabase database, IEnumerable<KeyValuePair<string, T>> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var encoded = new EncodedPairs(pairs.TryGetNonEnumeratedCount(out int count) ? count : 4);
        try
        {
            foreach ((string key, T value) in pairs)
            {
                encoded.Add(key, value, database.Serializer);
            }

            return encoded;
        }
        catch
        {
            encoded.Dispose();
            throw;
        }
    }

    private static bool Store(CacheDatabase database, EncodedPairs pairs, bool onlyIfAbsent)
    {
        database.ThrowIfDisposed();
        if (pairs.Count == 0)
        {
            return true;
        }

        JournalTicket ticket = default;
        bool isStored = true;
        if (onlyIfAbsent)
        {
            isStored = database.Operations.Batches.SetIfAbsent(database.Index, pairs.List, ref ticket);
        }
        else
        {
            database.Operations.Batches.Set(database.Index, pairs.List, ref ticket);
        }

        database.Wait(ticket);
        return isStored;
    }
}
