#if ENGINE
using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;
using Microsoft.Extensions.Caching.Distributed;

namespace ElastiCache.Embedded.Caching;

/// <summary><see cref="IDistributedCache"/> on an <see cref="EmbeddedCache"/>: for sessions, the second level of HybridCache and the like.</summary>
/// <remarks>
/// Each entry is a string under <see cref="EmbeddedDistributedCacheOptions.InstanceName"/> + key, with its deadline as the key's own.
/// Reading a sliding entry moves its deadline; that is recorded in a durable cache but not waited for, so after a crash the entry may
/// expire as if the last reads had not been. Safe for use from many threads. Closing the cache stays its owner's business.
/// <para>
/// The asynchronous methods complete at once where there is nothing to wait for: reads always, writes unless the cache is durable
/// with <see cref="DurabilityMode.Always"/>. A cancelled token is honoured before anything is done; while a write waits
/// for the disk, cancellation ends the wait and not the write.
/// </para>
/// </remarks>
public sealed class EmbeddedDistributedCache : IBufferDistributedCache
{
    // Most entries fit, and reading one then takes nothing from the pool.
    private const int ScratchBytes = 1024;

    private static readonly DateTimeOffset LastMoment = DateTimeOffset.MaxValue;

    private readonly Strings _strings;
    private readonly Keys _keys;
    private readonly CacheClock _clock;
    private readonly string _instanceName;

    /// <summary>Entries in <paramref name="cache"/>, which stays the caller's to close.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The cache has no database of that number.</exception>
    public EmbeddedDistributedCache(EmbeddedCache cache, EmbeddedDistributedCacheOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(cache);
        options ??= new EmbeddedDistributedCacheOptions();
        ArgumentNullException.ThrowIfNull(options.InstanceName);
        CacheDatabase database = cache.Database(options.Database);
        _strings = database.Strings;
        _keys = database.Keys;
        _clock = cache.Clock;
        _instanceName = options.InstanceName;
    }

    /// <summary>Reads an entry, and moves its deadline if it slides.</summary>
    /// <returns>The data; <see langword="null"/> if there is no entry or it has expired.</returns>
    /// <exception cref="FormatException">Something else wrote the value of this key.</exception>
    /// <exception cref="WrongTypeException">The key holds no string.</exception>
    [SkipLocalsInit]
    public byte[]? Get(string key)
    {
        string storeKey = StoreKey(key);
        var buffer = new EntryBuffer(stackalloc byte[ScratchBytes]);
        try
        {
            return TryRead(storeKey, ref buffer, out int dataStart, out int length) ? buffer.Bytes[dataStart..length].ToArray() : null;
        }
        finally
        {
            buffer.Dispose();
        }
    }

    /// <inheritdoc cref="Get"/>
    public Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return token.IsCancellationRequested ? Task.FromCanceled<byte[]?>(token) : Task.FromResult(Get(key));
    }

    /// <summary>As <see cref="Get"/>, into the caller's buffer.</summary>
    /// <returns><see langword="false"/> if there is no entry or it has expired; nothing is written then.</returns>
    [SkipLocalsInit]
    public bool TryGet(string key, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        string storeKey = StoreKey(key);
        var buffer = new EntryBuffer(stackalloc byte[ScratchBytes]);
        try
        {
            if (!TryRead(storeKey, ref buffer, out int dataStart, out int length))
            {
                return false;
            }

            destination.Write(buffer.Bytes[dataStart..length]);
            return true;
        }
        finally
        {
            buffer.Dispose();
        }
    }

    /// <inheritdoc cref="TryGet"/>
    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(destination);
        return token.IsCancellationRequested ? ValueTask.FromCanceled<bool>(token) : ValueTask.FromResult(TryGet(key, destination));
    }

    /// <summary>Stores an entry in place of any that was there, and returns when the cache's durability mode is satisfied.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The absolute expiration is not in the future.</exception>
    /// <exception cref="ValueTooLargeException">The data is longer than <see cref="CacheLimits.MaxValueBytes"/> less 17 bytes.</exception>
    /// <exception cref="CacheFullException">There is no memory for it and nothing may be evicted.</exception>
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        Set(key, new ReadOnlySequence<byte>(value), options);
    }

    /// <inheritdoc cref="Set(string, byte[], DistributedCacheEntryOptions)"/>
    [SkipLocalsInit]
    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        string storeKey = StoreKey(key);
        var buffer = new EntryBuffer(stackalloc byte[ScratchBytes]);
        try
        {
            ReadOnlySpan<byte> entry = Compose(ref buffer, value, options, out SetOptions setOptions);
            _strings.Set(storeKey, entry, setOptions);
        }
        finally
        {
            buffer.Dispose();
        }
    }

    /// <inheritdoc cref="Set(string, byte[], DistributedCacheEntryOptions)"/>
    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(value);
        ValueTask stored = SetAsync(key, new ReadOnlySequence<byte>(value), options, token);
        return stored.IsCompletedSuccessfully ? Task.CompletedTask : stored.AsTask();
    }

    /// <inheritdoc cref="Set(string, byte[], DistributedCacheEntryOptions)"/>
    [SkipLocalsInit]
    public ValueTask SetAsync(
        string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        string storeKey = StoreKey(key);
        ArgumentNullException.ThrowIfNull(options);
        if (token.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(token);
        }

        var buffer = new EntryBuffer(stackalloc byte[ScratchBytes]);
        try
        {
            // The bytes are in the cache when SetAsync returns; only the disk may still be waited for. So the buffer may go.
            ReadOnlySpan<byte> entry = Compose(ref buffer, value, options, out SetOptions setOptions);
            ValueTask<bool> stored = _strings.SetAsync(storeKey, entry, setOptions, token);
            return stored.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(stored.AsTask());
        }
        finally
        {
            buffer.Dispose();
        }
    }

    /// <summary>Moves the deadline of a sliding entry, as reading it does. An absent entry is left absent.</summary>
    /// <exception cref="FormatException">Something else wrote the value of this key.</exception>
    [SkipLocalsInit]
    public void Refresh(string key)
    {
        string storeKey = StoreKey(key);
        var buffer = new EntryBuffer(stackalloc byte[ScratchBytes]);
        try
        {
            TryRead(storeKey, ref buffer, out _, out _);
        }
        finally
        {
            buffer.Dispose();
        }
    }

    /// <inheritdoc cref="Refresh"/>
    public Task RefreshAsync(string key, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (token.IsCancellationRequested)
        {
            return Task.FromCanceled(token);
        }

        Refresh(key);
        return Task.CompletedTask;
    }

    /// <summary>Removes an entry, if there is one, and returns when the cache's durability mode is satisfied.</summary>
    public void Remove(string key) => _keys.Delete(StoreKey(key));

    /// <inheritdoc cref="Remove"/>
    public Task RemoveAsync(string key, CancellationToken token = default)
    {
        string storeKey = StoreKey(key);
        if (token.IsCancellationRequested)
        {
            return Task.FromCanceled(token);
        }

        ValueTask<bool> removed = _keys.DeleteAsync(storeKey, token);
        return removed.IsCompletedSuccessfully ? Task.CompletedTask : removed.AsTask();
    }

    private string StoreKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return _instanceName.Length == 0 ? key : string.Concat(_instanceName, key);
    }

    /// <summary>Reads a whole stored entry and moves its deadline if it slides.</summary>
    private bool TryRead(string storeKey, ref EntryBuffer buffer, out int dataStart, out int length)
    {
        dataStart = 0;
        ulong version;
        while (true)
        {
            if (!_strings.TryGet(storeKey, buffer.Bytes, out length, out version))
            {
                return false;
            }

            if (length <= buffer.Bytes.Length)
            {
                break;
            }

            // Too long for the buffer, and by the time there is a larger one it may be longer still.
            buffer.Reserve(length);
        }

        if (!EntryLayout.TryReadHeader(buffer.Bytes[..length], out dataStart, out EntryExpiry expiry))
        {
            throw new FormatException(
                $"The value of key '{KeyText.Of(Encoding.UTF8.GetBytes(storeKey))}' was not written by IDistributedCache. " +
                "Give its entries an InstanceName or a Database of their own.");
        }

        if (expiry.IsSliding)
        {
            // Only if this is still the entry that was read: a newer one under the key has a deadline of its own.
            _keys.Extend(storeKey, version, expiry.DeadlineUnixMs(_clock.UnixMilliseconds));
        }

        return true;
    }

    private ReadOnlySpan<byte> Compose(
        ref EntryBuffer buffer, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, out SetOptions setOptions)
    {
        ArgumentNullException.ThrowIfNull(options);
        long now = _clock.UnixMilliseconds;
        EntryExpiry expiry = EntryExpiry.From(options, now);
        setOptions = new SetOptions { ExpiresAt = Moment(expiry.DeadlineUnixMs(now)) };

        buffer.Reserve(EntryLayout.MaxHeaderBytes + value.Length);
        int headerBytes = EntryLayout.WriteHeader(buffer.Bytes, expiry);
        value.CopyTo(buffer.Bytes[headerBytes..]);
        return buffer.Bytes[..(headerBytes + (int)value.Length)];
    }

    /// <summary>A deadline past the year 9999, which a date can't express, is none.</summary>
    private static DateTimeOffset? Moment(long unixMs) =>
        unixMs > LastMoment.ToUnixTimeMilliseconds() ? null : DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
}
#endif
