using ElastiCache.Embedded.Persistence;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Api;

/// <summary>A small cache with a clock that only the test moves. Each test class makes its own.</summary>
public abstract class CacheFixture : IDisposable
{
    protected CacheFixture()
    {
        Cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = Time, Shards = 2 });
    }

    protected FakeTimeProvider Time { get; } = new();

    protected EmbeddedCache Cache { get; }

    protected Strings Strings => Cache.Strings;

    protected Keys Keys => Cache.Keys;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Cache.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A cache that is durable on a storage of the test's.</summary>
    internal static EmbeddedCache OpenOn(IStorage storage, TimeProvider time, DurabilityMode mode) =>
        EmbeddedCache.Open(new EmbeddedCacheOptions { TimeProvider = time, Shards = 2, Durability = mode }, storage);
}
