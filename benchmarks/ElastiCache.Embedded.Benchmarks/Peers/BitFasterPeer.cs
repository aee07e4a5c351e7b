using BitFaster.Caching;
using BitFaster.Caching.Lfu;
using BitFaster.Caching.Lru;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>BitFaster's ConcurrentLru or ConcurrentLfu, arrays copied in and out.</summary>
/// <remarks>
/// Both get a quarter more room than there are entries, so that all of them stay and every read is a hit.
/// ConcurrentLfu does its bookkeeping on pool threads, as it does by default; its callers' CPU time leaves that out.
/// </remarks>
internal sealed class BitFasterPeer<TCache>(TCache cache) : CacheUnderTest
    where TCache : class, ICache<string, byte[]>
{
    public override Player NewPlayer() => new Player<Session>(new Session(cache));

    private readonly struct Session(TCache cache) : ISession
    {
        public bool TryGet(string key, Span<byte> destination, out int length)
        {
            if (cache.TryGet(key, out byte[]? value))
            {
                value.CopyTo(destination);
                length = value.Length;
                return true;
            }

            length = 0;
            return false;
        }

        public void Set(string key, ReadOnlySpan<byte> value) => cache.AddOrUpdate(key, value.ToArray());
    }
}

internal static class BitFasterPeer
{
    public static CacheUnderTest Lru(int entries) =>
        new BitFasterPeer<ConcurrentLru<string, byte[]>>(new ConcurrentLru<string, byte[]>(Capacity(entries)));

    /// <summary>Full with so many entries: each further one evicts another.</summary>
    public static CacheUnderTest LruAtCapacity(int entries) =>
        new BitFasterPeer<ConcurrentLru<string, byte[]>>(new ConcurrentLru<string, byte[]>(entries));

    public static CacheUnderTest Lfu(int entries) =>
        new BitFasterPeer<ConcurrentLfu<string, byte[]>>(new ConcurrentLfu<string, byte[]>(Capacity(entries)));

    private static int Capacity(int entries) => entries + Math.Max(entries / 4, 1000);
}
