using System.Buffers;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Redis's strings: bytes, text, typed values and counters under a key.</summary>
/// <remarks>
/// <see cref="string"/>, <c>byte[]</c>, numbers, <see cref="bool"/>, <see cref="Guid"/> and dates are stored in the plain form that a Redis client would read; everything
/// else goes through <see cref="EmbeddedCacheOptions.Serializer"/>. A read takes no lock and, into the caller's buffer, allocates nothing.
/// Methods that find another type of value throw <see cref="WrongTypeException"/> and change nothing.
/// </remarks>
public sealed class Strings
{
    private const int ScratchBytes = 512;

    private readonly CacheDatabase _database;
    private readonly StringOperations _operations;
    private readonly int _index;

    internal Strings(CacheDatabase database)
    {
        _database = database;
        _operations = database.Cache.StringOperations;
        _index = database.Index;
    }

    /// <summary>Copies a value into the caller's buffer. O(n), no allocation. Redis: GET.</summary>
    /// <param name="key">The key.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="length">The value's length in bytes, also when it does not fit; -1 if there is no value.</param>
    /// <returns>Whether there is a value and it fits. If not, the buffer's contents are undefined.</returns>
    [SkipLocalsInit]
    public bool TryGet(CacheKey key, Span<byte> destination, out int length)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        scoped var reader = new SpanReader(destination);
        if (!_operations.TryRead(_index, probe, ref reader))
        {
            _database.Cache.Store.ThrowIfDisposed();
            length = -1;
            return false;
        }

        length = reader.Length;
        return length <= destination.Length;
    }

    /// <summary>Writes a value to a buffer writer. O(n). Redis: GET.</summary>
    /// <returns>Whether there is a value; without one nothing is written.</returns>
    [SkipLocalsInit]
    public bool TryGet(CacheKey key, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        Span<byte> small = stackalloc byte[ScratchBytes];
        if (TryGet(key, small, out int length))
        {
            destination.Write(small[..length]);
            return true;
        }

        return length >= 0 && TryGetLarge(key, destination);
    }

    /// <summary>A value as bytes; null if there is none. O(n). Redis: GET.</summary>
    [SkipLocalsInit]
    public byte[]? GetBytes(CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        var reader = default(ArrayReader);
        if (_operations.TryRead(_index, probe, ref reader))
        {
            return reader.Value;
        }

        _database.Cache.Store.ThrowIfDisposed();
        return null;
    }

    /// <summary>Stores bytes, and removes the key's deadline. O(n), no allocation. Redis: SET.</summary>
    /// <exception cref="ValueTooLargeException">The value is longer than 512 MB. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    [SkipLocalsInit]
    public void Set(CacheKey key, ReadOnlySpan<byte> value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        _operations.Set(_index, probe, value, ref ticket);
        _database.Wait(ticket);
    }

    /// <summary>As <see cref="Set(CacheKey, ReadOnlySpan{byte})"/>; completes when the durability mode's promise holds, without holding a thread.</summary>
    /// <param name="key">The key; used before the method returns.</param>
    /// <param name="value">The value; copied before the method returns.</param>
    /// <param name="cancellationToken">Ends the wait; the value stays stored.</param>
    [SkipLocalsInit]
    public ValueTask SetAsync(CacheKey key, ReadOnlySpan<byte> value, CancellationToken cancellationToken = default)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        _operations.Set(_index, probe, value, ref ticket);
        return _database.WaitAsync(ticket, cancellationToken);
    }

    private bool TryGetLarge(CacheKey key, IBufferWriter<byte> destination)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        var reader = default(PooledReader);
        try
        {
            if (!_operations.TryRead(_index, probe, ref reader))
            {
                return false;
            }

            destination.Write(reader.Value);
            return true;
        }
        finally
        {
            reader.Return();
        }
    }
}
