using Microsoft.Extensions.Caching.Memory;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>Microsoft.Extensions.Caching.Memory with default options, arrays copied in and out.</summary>
internal sealed class MemoryCachePeer : CacheUnderTest
{
    private readonly MemoryCache _cache = new(new MemoryCacheOptions());

    public override Player NewPlayer() => new Player<Session>(new Session(_cache));

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
}
