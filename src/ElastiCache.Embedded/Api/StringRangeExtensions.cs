using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Parts of strings: what is added at an end, and ranges of bytes. The key's deadline stays.</summary>
public static class StringRangeExtensions
{
    /// <summary>Adds bytes at the end of a value; an absent key counts as empty. Amortized O(bytes added). Redis: APPEND.</summary>
    /// <returns>The new length in bytes.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing changes.</exception>
    /// <exception cref="ValueTooLargeException">The result would be longer than 512 MB. Nothing changes.</exception>
    [SkipLocalsInit]
    public static long Append(this Strings strings, CacheKey key, ReadOnlySpan<byte> value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        JournalTicket ticket = default;
        long length = database.Operations.Edits.Append(database.Index, probe, value, ref ticket);
        database.Wait(ticket);
        return length;
    }

    /// <summary>As the other form, with text, which is added as UTF-8.</summary>
    /// <exception cref="ArgumentException">The text is null or not valid UTF-16. Nothing changes.</exception>
    /// <inheritdoc cref="Append(Strings, CacheKey, ReadOnlySpan{byte})"/>
    public static long Append(this Strings strings, CacheKey key, string value)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return strings.Append(key, encoder.Encode(value, strings.Database.Serializer, key));
    }

    /// <summary>Adds bytes at the end of a value that exists. Amortized O(bytes added). Memcached: append.</summary>
    /// <returns>Whether the key was there; if not it stays absent.</returns>
    /// <inheritdoc cref="Append(Strings, CacheKey, ReadOnlySpan{byte})" path="/exception"/>
    [SkipLocalsInit]
    public static bool TryAppend(this Strings strings, CacheKey key, ReadOnlySpan<byte> value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        JournalTicket ticket = default;
        bool exists = database.Operations.Edits.TryAppend(database.Index, probe, value, ref ticket);
        database.Wait(ticket);
        return exists;
    }

    /// <summary>Adds bytes at the beginning of a value that exists. O(n). Memcached: prepend.</summary>
    /// <returns>Whether the key was there; if not it stays absent.</returns>
    /// <inheritdoc cref="Append(Strings, CacheKey, ReadOnlySpan{byte})" path="/exception"/>
    [SkipLocalsInit]
    public static bool TryPrepend(this Strings strings, CacheKey key, ReadOnlySpan<byte> value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        JournalTicket ticket = default;
        bool exists = database.Operations.Edits.TryPrepend(database.Index, probe, value, ref ticket);
        database.Wait(ticket);
        return exists;
    }

    /// <summary>A range of a value's bytes. O(bytes returned). Redis: GETRANGE.</summary>
    /// <param name="strings">The strings.</param>
    /// <param name="key">The key.</param>
    /// <param name="start">The first byte; negative counts from the end, -1 being the last one.</param>
    /// <param name="end">The last byte, inclusive; negative counts from the end. Beyond the value it means the end.</param>
    /// <returns>The bytes; none if the range, or the value, is empty.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string.</exception>
    [SkipLocalsInit]
    public static byte[] GetRange(this Strings strings, CacheKey key, long start, long end = -1)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        var reader = new PooledReader(start, end);
        try
        {
            if (database.Operations.Strings.TryRead(database.Index, probe, ref reader))
            {
                return reader.Value.ToArray();
            }

            database.ThrowIfDisposed();
            return [];
        }
        finally
        {
            reader.Return();
        }
    }

    /// <summary>Overwrites bytes from an offset on. A gap before it is filled with zeros; an empty value changes nothing and creates no key. O(bytes written), and O(n) where the value grows. Redis: SETRANGE.</summary>
    /// <returns>The new length in bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative. Nothing changes.</exception>
    /// <inheritdoc cref="Append(Strings, CacheKey, ReadOnlySpan{byte})"/>
    [SkipLocalsInit]
    public static long SetRange(this Strings strings, CacheKey key, long offset, ReadOnlySpan<byte> value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        JournalTicket ticket = default;
        long length = database.Operations.Edits.SetRange(database.Index, probe, offset, value, ref ticket);
        database.Wait(ticket);
        return length;
    }
}
