using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Distributed;

namespace ElastiCache.Embedded.Tests.Caching;

/// <summary>Tells when an entry has been written to the cache behind it.</summary>
/// <remarks>
/// HybridCache answers its caller as soon as the factory has run and writes to the second level after that. A test that goes on with
/// another app, a later time or a removal must wait for that write: it once came after the removal, and the second app found the entry.
/// </remarks>
internal sealed class ObservedCache(IBufferDistributedCache inner) : IBufferDistributedCache
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _writes = new();

    public Task WrittenAsync(string key, CancellationToken token) => Write(key).Task.WaitAsync(token);

    public byte[]? Get(string key) => inner.Get(key);

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => inner.GetAsync(key, token);

    public bool TryGet(string key, IBufferWriter<byte> destination) => inner.TryGet(key, destination);

    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default)
        => inner.TryGetAsync(key, destination, token);

    public void Refresh(string key) => inner.Refresh(key);

    public Task RefreshAsync(string key, CancellationToken token = default) => inner.RefreshAsync(key, token);

    public void Remove(string key) => inner.Remove(key);

    public Task RemoveAsync(string key, CancellationToken token = default) => inner.RemoveAsync(key, token);

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        inner.Set(key, value, options);
        Write(key).TrySetResult();
    }

    public async Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        await inner.SetAsync(key, value, options, token);
        Write(key).TrySetResult();
    }

    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        inner.Set(key, value, options);
        Write(key).TrySetResult();
    }

    public async ValueTask SetAsync(
        string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        await inner.SetAsync(key, value, options, token);
        Write(key).TrySetResult();
    }

    private TaskCompletionSource Write(string key)
        => _writes.GetOrAdd(key, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
