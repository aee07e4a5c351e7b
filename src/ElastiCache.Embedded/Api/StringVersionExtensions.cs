using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Memcached's view of a string: a version that changes with every change of the value, and flags (<c>gets</c>, <c>cas</c>).</summary>
/// <remarks>
/// <code>
///   while (cache.Strings.TryGetVersioned("cart", out Versioned&lt;Cart&gt; cart)
///          &amp;&amp; !cache.Strings.CompareAndSet("cart", cart.Value.With(item), cart.Version)) { }       // somebody was faster: again
/// </code>
/// An entry gets a version when it is first asked for one: that copies it and takes 8 bytes more. A new deadline alone does not change it. Flags survive a
/// restart, in annotations of the log that Redis skips; versions are not written, and old ones match nothing.
/// </remarks>
public static class StringVersionExtensions
{
    /// <summary>Reads a value with version and flags. O(n). Takes a lock only the first time that an entry is asked. Memcached: gets.</summary>
    /// <returns>Whether there is a value.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string.</exception>
    /// <exception cref="FormatException">The value is not a <typeparamref name="T"/>.</exception>
    /// <exception cref="CacheFullException">The budget has no room for a version. Nothing changes.</exception>
    [SkipLocalsInit]
    public static bool TryGetVersioned<T>(this Strings strings, CacheKey key, out Versioned<T> versioned)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        var reader = default(PooledReader);
        try
        {
            if (!database.Operations.Versions.TryRead(database.Index, probe, ref reader, out uint flags, out ulong version))
            {
                database.ThrowIfDisposed();
                versioned = default;
                return false;
            }

            versioned = new Versioned<T>(ValueCodec.Decode<T>(reader.Memory, database.Serializer, key), version, flags);
            return true;
        }
        finally
        {
            reader.Return();
        }
    }

    /// <summary>Stores a value if the entry still has the version that was read. O(n). Memcached: cas.</summary>
    /// <param name="strings">The strings.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The new value.</param>
    /// <param name="version">From <see cref="TryGetVersioned{T}"/>.</param>
    /// <param name="options">Deadline and flags of the new value; the default removes both. <see cref="SetOptions.Condition"/> must be left alone.</param>
    /// <returns>Whether it had the version; if not, it was changed or has gone, and nothing changes.</returns>
    /// <exception cref="ArgumentException">The value is null or not valid UTF-16; or the options have a condition, contradict each other or are out of range. Nothing changes.</exception>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing changes.</exception>
    /// <exception cref="ValueTooLargeException">The value is longer than 512 MB. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    [SkipLocalsInit]
    public static bool CompareAndSet<T>(this Strings strings, CacheKey key, T value, ulong version, in SetOptions options = default)
    {
        if (options.Condition != SetCondition.Always)
        {
            throw new ArgumentException($"The version is the condition; leave Condition = {options.Condition} out.", nameof(options));
        }

        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = strings.Database;
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        ReadOnlySpan<byte> encoded = encoder.Encode(value, database.Serializer, key);
        JournalTicket ticket = default;
        CompareAndSetOutcome outcome = database.Operations.Versions.CompareAndSet(
            database.Index, probe, encoded, version, options.ToArguments(database.Now), ref ticket);
        database.Wait(ticket);
        return outcome == CompareAndSetOutcome.Stored;
    }
}
