using Microsoft.Extensions.Caching.Memory;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>Microsoft.Extensions.Caching.Memory, arrays copied in and out.</summary>
/// <param name="sizeLimit">The most entries it may hold, each counted as 1; null for the default options.</param>
internal sealed class MemoryCachePeer(int? sizeLimit = null) : CacheUnderTest
{
    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = sizeLimit });

    public override Player NewPlayer() => sizeLimit is null ? new Player<Session>(new Session(_cache)) : new Player<SizedSession>(new SizedSession(_cache));

    protected override void Close() => _cache.Dispose();

    private readonly struct Session(MemoryCache cache) : ISession
    {
        public bool TryGet(string key, Span<byte> destination, out int length)
        {
            if (cache.TryGetValue(key, out byte[]? value) && value is not null)
            {
                value.CopyTo(destination);
                length = value.Length;
                return true;
            }

            length = 0;
            return false;
        }

        public void Set(string key, ReadOnlySpan<byte> value) => cache.Set(key, value.ToArray());
    }

    private readonly struct SizedSession(MemoryCache cache) : ISession
    {
        private static readonly MemoryCacheEntryOptions One = new() { Size = 1 };

        public bool TryGet(string key, Span<byte> destination, out int length) => new Session(cache).TryGet(key, destination, out length);

        public void Set(string key, ReadOnlySpan<byte> value) => cache.Set(key, value.ToArray(), One);
    }
}
