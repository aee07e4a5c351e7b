using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded.Tests.House;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.StackExchangeRedis;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace ElastiCache.Embedded.Server.Tests.Clients;

/// <summary>What others wrote for Redis, on the embedded cache: over a socket, and over memory where the client can.</summary>
public sealed class ClientTests : IAsyncLifetime
{
    private readonly EmbeddedCache _cache = new();
    private RespServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await RespServer.StartAsync(_cache, new RespServerOptions { Port = 0 }, Token);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _cache.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StackExchange_Redis_works_with_all_kinds_of_values(bool inMemory)
    {
        await using IConnectionMultiplexer redis = await ConnectAsync(inMemory);
        IDatabase db = redis.GetDatabase();

        await db.StringSetAsync("s", "v", TimeSpan.FromMinutes(5));
        await db.HashSetAsync("h", [new HashEntry("a", 1), new HashEntry("b", 2)]);
        await db.ListRightPushAsync("l", ["x", "y", "z"]);
        await db.SetAddAsync("t", ["1", "2", "2"]);
        await db.SortedSetAddAsync("z", [new SortedSetEntry("ada", 2), new SortedSetEntry("bob", 1)]);
        RedisValue id = await db.StreamAddAsync("x", "f", "v");

        Assert.Equal("v", await db.StringGetAsync("s"));
        Assert.True(await db.KeyTimeToLiveAsync("s") > TimeSpan.FromMinutes(4));
        Assert.Equal(2, (long)await db.HashGetAsync("h", "b"));
        Assert.Equal(["x", "y", "z"], (await db.ListRangeAsync("l")).Select(value => value.ToString()));
        Assert.Equal(2, await db.SetLengthAsync("t"));
        Assert.Equal(["bob", "ada"], (await db.SortedSetRangeByRankAsync("z")).Select(value => value.ToString()));
        Assert.Equal(id, (await db.StreamReadAsync("x", "0-0"))[0].Id);
        Assert.Equal("v", _cache.Strings.GetString("s"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StackExchange_Redis_works_with_transactions_batches_and_channels(bool inMemory)
    {
        await using IConnectionMultiplexer redis = await ConnectAsync(inMemory);
        IDatabase db = redis.GetDatabase();
        ITransaction transaction = db.CreateTransaction();
        transaction.AddCondition(Condition.KeyNotExists("n"));
        Task<long> counted = transaction.StringIncrementAsync("n", 5);
        Assert.True(await transaction.ExecuteAsync());
        Assert.Equal(5, await counted);
        ITransaction refused = db.CreateTransaction();
        refused.AddCondition(Condition.KeyNotExists("n"));
        _ = refused.StringIncrementAsync("n", 5);
        Assert.False(await refused.ExecuteAsync());

        Task<bool>[] many = [.. Enumerable.Range(0, 1_000).Select(i => db.StringSetAsync($"k{i}", i))];
        await Task.WhenAll(many);
        Assert.Equal(1_001, _cache.Keys.Count);

        ChannelMessageQueue queue = await redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal("news"));
        await db.PublishAsync(RedisChannel.Literal("news"), "hello");
        Assert.Equal("hello", (await queue.ReadAsync(Token)).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_distributed_cache_for_Redis_works(bool inMemory)
    {
        await using IConnectionMultiplexer redis = await ConnectAsync(inMemory);
        using var cache = new RedisCache(new RedisCacheOptions { ConnectionMultiplexerFactory = () => Task.FromResult(redis), InstanceName = "app:" });

        await cache.SetAsync("k", [1, 2, 3], new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromMinutes(1) }, Token);

        Assert.Equal([1, 2, 3], await cache.GetAsync("k", Token));
        await cache.RefreshAsync("k", Token);
        Assert.True(_cache.Keys.Exists("app:k"));
        await cache.RemoveAsync("k", Token);
        Assert.Null(await cache.GetAsync("k", Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Keys_of_data_protection_are_kept(bool inMemory)
    {
        await using IConnectionMultiplexer redis = await ConnectAsync(inMemory);
        string secret = Protector(redis).Protect("secret");

        // Another app with the same keys, and nothing else in common.
        Assert.Equal("secret", Protector(redis).Unprotect(secret));
        Assert.Equal(1, _cache.List<string>("DataProtection-Keys").Count());
    }

    [Fact]
    public async Task Redis_cli_works()
    {
        Assert.Equal("OK\n", await RunAsync("redis-cli", "set", "greeting", "hello"));
        Assert.Equal("hello\n", await RunAsync("redis-cli", "get", "greeting"));
        Assert.Equal("1) \"greeting\"\n", await RunAsync("redis-cli", "--no-raw", "keys", "*"));
        Assert.Contains("redis_version:", await RunAsync("redis-cli", "info", "server"), StringComparison.Ordinal);
        Assert.Contains("Biggest string found", await RunAsync("redis-cli", "--bigkeys"), StringComparison.Ordinal);
        Assert.Equal("greeting\n", await RunAsync("redis-cli", "--scan"));
    }

    [Fact]
    public async Task Redis_benchmark_works()
    {
        string printed = await RunAsync("redis-benchmark", "-n", "1000", "-c", "10", "-P", "8", "-q");

        foreach (string test in (string[])["SET", "GET", "INCR", "LPUSH", "RPOP", "SADD", "HSET", "SPOP", "ZADD", "ZPOPMIN", "LRANGE_600 (first 600 elements)", "MSET (10 keys)"])
        {
            Assert.Contains($"{test}: ", printed, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("ERR", printed, StringComparison.Ordinal);
    }

    private async Task<IConnectionMultiplexer> ConnectAsync(bool inMemory) =>
        inMemory ? await _cache.ConnectAsync() : await ConnectionMultiplexer.ConnectAsync(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_server.Port}"));

    private static IDataProtector Protector(IConnectionMultiplexer redis)
    {
        var services = new ServiceCollection();
        services.AddDataProtection().SetApplicationName("tests").PersistKeysToStackExchangeRedis(redis);
        return services.BuildServiceProvider().GetRequiredService<IDataProtectionProvider>().CreateProtector("tests");
    }

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        string path = Peer.Find(program);
        var start = new ProcessStartInfo(path, ["-p", _server.Port.ToString(CultureInfo.InvariantCulture), .. arguments]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string printed = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.Equal(0, process.ExitCode);
        return printed;
    }
}
