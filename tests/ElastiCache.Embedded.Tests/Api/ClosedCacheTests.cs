using System.Buffers;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class ClosedCacheTests
{
    public static TheoryData<string, Action<EmbeddedCache>> Operations { get; } = new()
    {
        { "TryGet", cache => cache.Strings.TryGet("k", new byte[10], out _) },
        { "TryGet writer", cache => cache.Strings.TryGet("k", new ArrayBufferWriter<byte>()) },
        { "Get", cache => cache.Strings.Get<int>("k") },
        { "Get object", cache => cache.Strings.Get<ClosedCacheTests>("k") },
        { "GetBytes", cache => cache.Strings.GetBytes("k") },
        { "Length", cache => cache.Strings.Length("k") },
        { "Set", cache => cache.Strings.Set("k", 1) },
        { "Set with options", cache => cache.Strings.Set("k", 1, TimeSpan.FromSeconds(1)) },
        { "SetAsync", cache => cache.Strings.SetAsync("k", 1).AsTask() },
        { "GetAndSet", cache => cache.Strings.GetAndSet("k", 1) },
        { "GetAndDelete", cache => cache.Strings.GetAndDelete<int>("k") },
        { "GetAndExpire", cache => cache.Strings.GetAndExpire<int>("k", TimeSpan.FromSeconds(1)) },
        { "Increment", cache => cache.Strings.Increment("k") },
        { "Increment double", cache => cache.Strings.Increment("k", 0.5) },
        { "Append", cache => cache.Strings.Append("k", "v") },
        { "GetRange", cache => cache.Strings.GetRange("k", 0) },
        { "SetRange", cache => cache.Strings.SetRange("k", 0, "v"u8) },
        { "GetMany", cache => cache.Strings.GetMany<int>("k") },
        { "GetMany none", cache => cache.Strings.GetMany<int>() },
        { "GetMany buffer", cache => cache.Strings.GetMany(["k"], new byte[1], new int[1]) },
        { "SetMany", cache => cache.Strings.SetMany(("k", 1)) },
        { "SetMany none", cache => cache.Strings.SetMany<int>() },
        { "TryGetVersioned", cache => cache.Strings.TryGetVersioned<int>("k", out _) },
        { "CompareAndSet", cache => cache.Strings.CompareAndSet("k", 1, 1) },
        { "GetOrCreate", cache => cache.Strings.GetOrCreate("k", () => 1) },
        { "GetOrCreateAsync", cache => cache.Strings.GetOrCreateAsync("k", _ => new ValueTask<int>(1)).AsTask() },
        { "LongestCommonSubsequence", cache => cache.Strings.LongestCommonSubsequence("k", "l") },
        { "GetBit", cache => cache.Bits.GetBit("k", 0) },
        { "SetBit", cache => cache.Bits.SetBit("k", 0, true) },
        { "Bits.Count", cache => cache.Bits.Count("k") },
        { "Position", cache => cache.Bits.Position("k", true) },
        { "Combine", cache => cache.Bits.Combine(BitOperator.And, "k", "l") },
        { "Invert", cache => cache.Bits.Invert("k", "l") },
        { "Fields", cache => cache.Bits.Fields("k", BitFieldOperation.Get(true, 8, 0)) },
        { "Keys.Count", cache => _ = cache.Keys.Count },
        { "Delete", cache => cache.Keys.Delete("k") },
        { "Delete many", cache => cache.Keys.Delete(["k"]) },
        { "Delete none", cache => cache.Keys.Delete([]) },
        { "DeleteAsync", cache => cache.Keys.DeleteAsync("k").AsTask() },
        { "Exists", cache => cache.Keys.Exists("k") },
        { "Exists many", cache => cache.Keys.Exists(["k"]) },
        { "Touch", cache => cache.Keys.Touch("k") },
        { "Rename", cache => cache.Keys.Rename("k", "l") },
        { "Copy", cache => cache.Keys.Copy("k", "l") },
        { "Move", cache => cache.Keys.Move("k", 1) },
        { "Flush", cache => cache.Keys.Flush() },
        { "FlushAll", cache => cache.FlushAll() },
        { "SwapDatabases", cache => cache.SwapDatabases(0, 1) },
        { "Expire", cache => cache.Keys.Expire("k", TimeSpan.FromSeconds(1)) },
        { "Persist", cache => cache.Keys.Persist("k") },
        { "TimeToLive", cache => cache.Keys.TimeToLive("k") },
        { "TypeOf", cache => cache.Keys.TypeOf("k") },
        { "Encoding", cache => cache.Keys.Encoding("k") },
        { "Match", cache => cache.Keys.Match() },
        { "Scan", cache => cache.Keys.Scan() },
        { "Random", cache => cache.Keys.Random() },
        { "GetStatistics", cache => cache.GetStatistics() },
        { "FlushAsync", cache => cache.FlushAsync().AsTask() },
    };

    [Theory]
    [MemberData(nameof(Operations), DisableDiscoveryEnumeration = true)]
    public void A_closed_cache_says_so(string name, Action<EmbeddedCache> operation)
    {
        var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1 });
        cache.Strings.Set("k", 1);
        cache.Strings.Set("l", 1);
        cache.Dispose();

        Assert.True(Record.Exception(() => operation(cache)) is ObjectDisposedException, name);
    }

    [Fact]
    public async Task Closing_twice_is_no_error()
    {
        var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1 });

        cache.Dispose();
        cache.Dispose();
        await cache.DisposeAsync();
    }
}
