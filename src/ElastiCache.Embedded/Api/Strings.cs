using System.Buffers;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Redis's strings: bytes, text, typed values and counters under a key.</summary>
/// <remarks>
/// <see cref="string"/>, <c>byte[]</c>, numbers, <see cref="bool"/>, <see cref="Guid"/>, dates and enums are stored in the plain form that a Redis
/// client would read; everything else goes through <see cref="EmbeddedCacheOptions.Serializer"/>. A read takes no lock and, into the caller's
/// buffer, allocates nothing. Every method is one atomic step.
/// <para>
/// Whole values are here; extension methods add reads that change something (<see cref="StringExchangeExtensions"/>), counters (<see cref="StringCounterExtensions"/>), parts of values
/// (<see cref="StringRangeExtensions"/>), many keys at once (<see cref="StringBatchExtensions"/>), versions
/// (<see cref="StringVersionExtensions"/>), values that are created when they are missing (<see cref="StringFactoryExtensions"/>), and comparison
/// (<see cref="StringComparisonExtensions"/>).
/// </para>
/// <para>
/// Common to all: a key that holds another type of value is a <see cref="WrongTypeException"/>, except that a SET replaces it. A value over 512 MB is a
/// <see cref="ValueTooLargeException"/>, a budget without room a <see cref="CacheFullException"/>, a log that refuses writes a
/// <see cref="LogException"/>; in each of these cases nothing has changed. Writes return when the promise of
/// <see cref="EmbeddedCacheOptions.Durability"/> holds. With <see cref="DurabilityMode.Always"/> that holds a thread for as long as the disk takes; the
/// asynchronous forms do not, and <see cref="EmbeddedCache.FlushAsync"/> waits for any number of writes of any kind.
/// </para>
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
        _operations = database.Operations.Strings;
        _index = database.Index;
    }

    internal CacheDatabase Database => _database;

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
            _database.ThrowIfDisposed();
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

    /// <summary>Reads a value as a <typeparamref name="T"/>. O(n). Redis: GET.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value; <see langword="default"/> if there is none.</param>
    /// <returns>Whether there is a value.</returns>
    /// <exception cref="FormatException">The value is not a <typeparamref name="T"/>.</exception>
    public bool TryGet<T>(CacheKey key, out T? value)
    {
        if (typeof(T) == typeof(byte[]))
        {
            value = (T?)(object?)GetBytes(key);
            return value is not null;
        }

        return ValueCodec.IsPlain<T>() ? TryGetPlain(key, out value) : TryGetPooled(key, out value);
    }

    /// <summary>Reads a value as a <typeparamref name="T"/>. O(n). Redis: GET.</summary>
    /// <returns>
    /// The value; <see langword="default"/> if there is none, which for a number is 0: ask for <c>int?</c>, or use
    /// <see cref="TryGet{T}(CacheKey, out T)"/>, to tell the two apart.
    /// </returns>
    /// <exception cref="FormatException">The value is not a <typeparamref name="T"/>.</exception>
    public T? Get<T>(CacheKey key)
    {
        TryGet(key, out T? value);
        return value;
    }

    /// <summary>A value as text; null if there is none. O(n). Redis: GET.</summary>
    /// <exception cref="FormatException">The value is not UTF-8.</exception>
    public string? GetString(CacheKey key) => Get<string>(key);

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

        _database.ThrowIfDisposed();
        return null;
    }

    /// <summary>The length of a value in bytes; 0 if there is none. O(1). Redis: STRLEN.</summary>
    [SkipLocalsInit]
    public long Length(CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        var reader = default(LengthReader);
        if (!_operations.TryRead(_index, probe, ref reader))
        {
            _database.ThrowIfDisposed();
        }

        return reader.Length;
    }

    /// <summary>Stores bytes, and removes the key's deadline. O(n), no allocation. Redis: SET.</summary>
    [SkipLocalsInit]
    public void Set(CacheKey key, ReadOnlySpan<byte> value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        _operations.Set(_index, probe, value, ref ticket);
        _database.Wait(ticket);
    }

    /// <summary>Stores bytes on conditions and with a deadline. O(n), no allocation. Redis: SET with NX, XX, PX, PXAT, KEEPTTL.</summary>
    /// <returns>Whether the condition held. A deadline that has already passed leaves the key absent and is no failure.</returns>
    /// <exception cref="ArgumentException">The options contradict each other or are out of range. Nothing changes.</exception>
    public bool Set(CacheKey key, ReadOnlySpan<byte> value, in SetOptions options)
    {
        JournalTicket ticket = default;
        bool isStored = Store(key, value, options, ref ticket);
        _database.Wait(ticket);
        return isStored;
    }

    /// <summary>Stores a value, and gives the key a deadline or removes the one it has. O(n). Redis: SET, or SET with PX.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value; null only for types that go through the serializer.</param>
    /// <param name="expiry">The value's life from now on, more than zero; <see langword="null"/> for no end.</param>
    /// <exception cref="ArgumentException">The value is null, or a string that is not valid UTF-16; or <paramref name="expiry"/> is not positive. Nothing changes.</exception>
    public void Set<T>(CacheKey key, T value, TimeSpan? expiry = null)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        ReadOnlySpan<byte> encoded = encoder.Encode(value, _database.Serializer, key);
        if (expiry is null)
        {
            Set(key, encoded);
        }
        else
        {
            Set(key, encoded, new SetOptions { Expiry = expiry });
        }
    }

    /// <summary>Stores a value on conditions and with a deadline. O(n). Redis: SET with NX, XX, PX, PXAT, KEEPTTL.</summary>
    /// <returns>Whether the condition held. A deadline that has already passed leaves the key absent and is no failure.</returns>
    /// <exception cref="ArgumentException">The value is null, or a string that is not valid UTF-16; or the options contradict each other or are out of range. Nothing changes.</exception>
    public bool Set<T>(CacheKey key, T value, in SetOptions options)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return Set(key, encoder.Encode(value, _database.Serializer, key), options);
    }

    /// <summary>As <see cref="Set(CacheKey, ReadOnlySpan{byte})"/>; completes when the durability mode's promise holds, without holding a thread.</summary>
    /// <param name="key">The key; used before the method returns.</param>
    /// <param name="value">The value; copied before the method returns.</param>
    /// <param name="cancellationToken">Cancelled before the call, nothing happens; afterwards it ends the wait, and the value stays stored.</param>
    [SkipLocalsInit]
    public ValueTask SetAsync(CacheKey key, ReadOnlySpan<byte> value, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        _operations.Set(_index, probe, value, ref ticket);
        return _database.WaitAsync(ticket, cancellationToken);
    }

    /// <summary>As <see cref="Set(CacheKey, ReadOnlySpan{byte}, in SetOptions)"/>, without holding a thread.</summary>
    /// <inheritdoc cref="SetAsync(CacheKey, ReadOnlySpan{byte}, CancellationToken)"/>
    public ValueTask<bool> SetAsync(CacheKey key, ReadOnlySpan<byte> value, in SetOptions options, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(cancellationToken);
        }

        JournalTicket ticket = default;
        bool isStored = Store(key, value, options, ref ticket);
        return _database.WaitAsync(ticket, isStored, cancellationToken);
    }

    /// <summary>As <see cref="Set{T}(CacheKey, T, TimeSpan?)"/>, without holding a thread.</summary>
    /// <inheritdoc cref="SetAsync(CacheKey, ReadOnlySpan{byte}, CancellationToken)"/>
    public ValueTask SetAsync<T>(CacheKey key, T value, TimeSpan? expiry = null, CancellationToken cancellationToken = default)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        ReadOnlySpan<byte> encoded = encoder.Encode(value, _database.Serializer, key);
        if (expiry is null)
        {
            return SetAsync(key, encoded, cancellationToken);
        }

        ValueTask<bool> stored = SetAsync(key, encoded, new SetOptions { Expiry = expiry }, cancellationToken);
        return stored.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(stored.AsTask());
    }

    /// <summary>As <see cref="Set{T}(CacheKey, T, in SetOptions)"/>, without holding a thread.</summary>
    /// <inheritdoc cref="SetAsync(CacheKey, ReadOnlySpan{byte}, CancellationToken)"/>
    public ValueTask<bool> SetAsync<T>(CacheKey key, T value, in SetOptions options, CancellationToken cancellationToken = default)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return SetAsync(key, encoder.Encode(value, _database.Serializer, key), options, cancellationToken);
    }

    // Copied to the stack and not decoded where it lies: without a lock the bytes may be changing.
    [SkipLocalsInit]
    private bool TryGetPlain<T>(CacheKey key, out T? value)
    {
        Span<byte> small = stackalloc byte[ScratchBytes];
        if (TryGet(key, small, out int length))
        {
            value = ValueCodec.DecodePlain<T>(small[..length], key);
            return true;
        }

        value = default;
        return length >= 0 && TryGetPooled(key, out value);
    }

    [SkipLocalsInit]
    private bool TryGetPooled<T>(CacheKey key, out T? value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        var reader = default(PooledReader);
        try
        {
            bool isHit = _operations.TryRead(_index, probe, ref reader);
            if (!isHit)
            {
                _database.ThrowIfDisposed();
            }

            value = isHit ? ValueCodec.Decode<T>(reader.Memory, _database.Serializer, key) : default;
            return isHit;
        }
        finally
        {
            reader.Return();
        }
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

    [SkipLocalsInit]
    private bool Store(CacheKey key, ReadOnlySpan<byte> value, in SetOptions options, ref JournalTicket ticket)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return _operations.Set(_index, probe, value, options.ToArguments(_database.Now), ref ticket);
    }
}
