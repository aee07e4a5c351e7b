using System.Buffers;
using ElastiCache.Embedded.Tests.House;

namespace ElastiCache.Embedded.Tests.Api;

/// <summary>The paths that promise to allocate nothing, measured on the test's own thread.</summary>
public sealed class AllocationTests : CacheFixture
{
    private static readonly string[] BatchKeys = [.. Enumerable.Range(0, 20).Select(i => $"batch:{i}")];

    private readonly byte[] _value = new byte[100];
    private readonly byte[] _buffer = new byte[4_096];
    private readonly int[] _lengths = new int[20];
    private readonly long?[] _answers = new long?[1];

    [Fact]
    public void Reading_and_writing_bytes_and_numbers_allocates_nothing()
    {
        Strings.SetMany(BatchKeys.Select(key => KeyValuePair.Create(key, _value)));

        AssertNothing("Set", () => Strings.Set("session:42:profile", _value));
        AssertNothing("TryGet", () => Strings.TryGet("session:42:profile", _buffer, out _));
        AssertNothing("TryGet, absent", () => Strings.TryGet("session:43:profile", _buffer, out _));
        AssertNothing("Set with expiry", () => Strings.Set("expiring", _value, new SetOptions { Expiry = TimeSpan.FromMinutes(1) }));
        AssertNothing("SetAsync", () =>
        {
            ValueTask stored = Strings.SetAsync("async", _value.AsSpan(), Token);
            Assert.True(stored.IsCompletedSuccessfully);
        });
        AssertNothing("Set<long>", () => Strings.Set("number", 1234567890123L));
        AssertNothing("Get<long>", () => Strings.Get<long>("number"));
        AssertNothing("Get<Guid?>", () => Strings.Get<Guid?>("absent"));
        AssertNothing("Set<string>", () => Strings.Set("text", "some text"));
        AssertNothing("Increment", () => Strings.Increment("counter"));
        AssertNothing("Length", () => Strings.Length("session:42:profile"));
        AssertNothing("GetMany", () => Strings.GetMany(BatchKeys, _buffer, _lengths));
        AssertNothing("Exists", () => Keys.Exists("number"));
        AssertNothing("TimeToLive", () => Keys.TimeToLive("expiring"));
        AssertNothing("Delete", () => Keys.Delete("absent"));
        AssertNothing("SetBit", () => Cache.Bits.SetBit("bits", 100, true));
        AssertNothing("Count", () => Cache.Bits.Count("bits"));
        AssertNothing("Fields", () => Cache.Bits.Fields("bits", [BitFieldOperation.Get(false, 8, 0)], _answers));
    }

    [Fact]
    public void A_hit_of_GetOrCreateAsync_with_state_allocates_nothing()
    {
        Strings.Set("number", 1);

        AssertNothing("GetOrCreateAsync", () =>
        {
            ValueTask<int> hit = Strings.GetOrCreateAsync("number", 5, static (state, _) => new ValueTask<int>(state), cancellationToken: Token);
            Assert.True(hit.IsCompletedSuccessfully);
        });
    }

    [Fact]
    public void An_object_costs_what_its_serializer_allocates_and_no_more()
    {
        var cache = new EmbeddedCache(new EmbeddedCacheOptions { Serializer = new OneByte(), Shards = 1 });
        var value = new Thing();

        AssertNothing("Set<T>", () => cache.Strings.Set("k", value));
        AssertNothing("Get<T>", () => cache.Strings.Get<Thing>("k"));
        cache.Dispose();
    }

    // An object a call would be 24,000 bytes at least.
    private static void AssertNothing(string what, Action operation)
    {
        long bytes = Allocations.Least(operation, calls: 1_000);
        Assert.True(bytes < 1_000, $"{what}: {bytes} bytes in 1,000 calls");
    }

    private sealed class Thing;

    private sealed class OneByte : ICacheSerializer
    {
        public void Serialize<T>(T value, IBufferWriter<byte> destination) => destination.Write<byte>([1]);

        public T? Deserialize<T>(ReadOnlyMemory<byte> source) => default;
    }
}
