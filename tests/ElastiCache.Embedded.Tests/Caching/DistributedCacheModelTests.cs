using CsCheck;
using ElastiCache.Embedded.Caching;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Caching;

/// <summary>Microsoft's own in-memory implementation is the model for how the limits combine.</summary>
public sealed class DistributedCacheModelTests
{
    private static readonly Gen<string> Key = Gen.Int[0, 2].Select(number => $"key:{number}");
    private static readonly Gen<TimeSpan?> Span = Gen.Frequency(
        (1, Gen.Const((TimeSpan?)null)), (2, Gen.Int[1, 20].Select(seconds => (TimeSpan?)TimeSpan.FromSeconds(seconds))));

    private static readonly Gen<Operation> AnyOperation = Gen.Frequency(
        (3, Gen.Select(Key, Span, Span, Span, Gen.Byte, (key, absolute, relative, sliding, data) => (Operation)new Set(key, absolute, relative, sliding, data))),
        (6, Key.Select(key => (Operation)new Get(key))),
        (2, Key.Select(key => (Operation)new Refresh(key))),
        (1, Key.Select(key => (Operation)new Remove(key))),
        (6, Gen.Int[1, 8_000].Select(ms => (Operation)new Wait(TimeSpan.FromMilliseconds(ms)))));

    [Fact]
    public void Every_sequence_of_operations_gives_what_MemoryDistributedCache_gives() =>
        AnyOperation.Array[1, 60].Sample(operations =>
        {
            var time = new FakeTimeProvider();
            using var store = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = time, Shards = 1 });
            var ours = new EmbeddedDistributedCache(store);
            var model = new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions { Clock = new Clock(time) }));

            foreach (Operation operation in operations)
            {
                if (operation is Wait wait)
                {
                    time.Advance(wait.Time);
                }
                else
                {
                    Assert.Equal(operation.Run(model, time.GetUtcNow()), operation.Run(ours, time.GetUtcNow()));
                }
            }
        }, iter: 2_000);

    private abstract record Operation
    {
        public virtual byte[]? Run(IDistributedCache cache, DateTimeOffset now) => null;
    }

    private sealed record Wait(TimeSpan Time) : Operation;

    private sealed record Set(string Key, TimeSpan? Absolute, TimeSpan? Relative, TimeSpan? Sliding, byte Data) : Operation
    {
        public override byte[]? Run(IDistributedCache cache, DateTimeOffset now)
        {
            cache.Set(Key, [Data], new()
            {
                AbsoluteExpiration = now + Absolute,
                AbsoluteExpirationRelativeToNow = Relative,
                SlidingExpiration = Sliding,
            });
            return null;
        }
    }

    private sealed record Get(string Key) : Operation
    {
        public override byte[]? Run(IDistributedCache cache, DateTimeOffset now) => cache.Get(Key);
    }

    private sealed record Refresh(string Key) : Operation
    {
        public override byte[]? Run(IDistributedCache cache, DateTimeOffset now)
        {
            cache.Refresh(Key);
            return null;
        }
    }

    private sealed record Remove(string Key) : Operation
    {
        public override byte[]? Run(IDistributedCache cache, DateTimeOffset now)
        {
            cache.Remove(Key);
            return null;
        }
    }

    private sealed class Clock(TimeProvider time) : Microsoft.Extensions.Internal.ISystemClock
    {
        public DateTimeOffset UtcNow => time.GetUtcNow();
    }
}
