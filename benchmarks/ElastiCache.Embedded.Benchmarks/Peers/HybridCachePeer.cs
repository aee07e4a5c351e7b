using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>Microsoft's HybridCache with its memory level alone.</summary>
/// <remarks>
/// HybridCache has no "try get": a read forbids the factory (<c>DisableUnderlyingData</c>), and a miss is then null.
/// It copies a byte array on every read by itself, since arrays can be changed.
/// </remarks>
internal sealed class HybridCachePeer : CacheUnderTest
{
    private readonly ServiceProvider _services;
    private readonly HybridCache _cache;

    public HybridCachePeer()
    {
        var services = new ServiceCollection();
        services.AddHybridCache();
        _services = services.BuildServiceProvider();
        _cache = _services.GetRequiredService<HybridCache>();
    }

    public override Player NewPlayer() => new Player<Session>(new Session(_cache));

    protected override void Close() => _services.Dispose();

    private readonly struct Session(HybridCache cache) : ISession
    {
        private static readonly HybridCacheEntryOptions ReadOnly = new() { Flags = HybridCacheEntryFlags.DisableUnderlyingData };
        private static readonly HybridCacheEntryOptions OneHour = new()
        {
            Expiration = TimeSpan.FromHours(1),
            LocalCacheExpiration = TimeSpan.FromHours(1),
        };

        public bool TryGet(string key, Span<byte> destination, out int length)
        {
            ValueTask<byte[]?> reading = cache.GetOrCreateAsync<byte[]?>(key, static _ => default, ReadOnly);
            byte[]? value = reading.IsCompletedSuccessfully ? reading.Result : reading.AsTask().GetAwaiter().GetResult();
            if (value is null)
            {
                length = 0;
                return false;
            }

            value.CopyTo(destination);
            length = value.Length;
            return true;
        }

        public void Set(string key, ReadOnlySpan<byte> value)
        {
            ValueTask writing = cache.SetAsync(key, value.ToArray(), OneHour);
            if (!writing.IsCompletedSuccessfully)
            {
                writing.AsTask().GetAwaiter().GetResult();
            }
        }
    }
}
