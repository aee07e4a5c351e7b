using ZiggyCreatures.Caching.Fusion;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>FusionCache's memory level alone, arrays copied in and out.</summary>
internal sealed class FusionCachePeer : CacheUnderTest
{
    private readonly FusionCache _cache = new(new FusionCacheOptions
    {
        DefaultEntryOptions = new FusionCacheEntryOptions(TimeSpan.FromHours(1)),
    });

    public override Player NewPlayer() => new Player<Session>(new Session(_cache));

    protected override void Close() => _cache.Dispose();

    private readonly struct Session(FusionCache cache) : ISession
    {
        public bool TryGet(string key, Span<byte> destination, out int length)
        {
            MaybeValue<byte[]> value = cache.TryGet<byte[]>(key);
            if (value.HasValue)
            {
                value.Value.CopyTo(destination);
                length = value.Value.Length;
                return true;
            }

            length = 0;
            return false;
        }

        public void Set(string key, ReadOnlySpan<byte> value) => cache.Set(key, value.ToArray());
    }
}
