using System.Text.Json;
using ElastiCache.Embedded.Caching;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ZiggyCreatures.Caching.Fusion;
using ZiggyCreatures.Caching.Fusion.Serialization;

namespace ElastiCache.Embedded.Tests.Caching;

/// <summary>What people put on top of IDistributedCache, on top of ours. Each "app" is a first level of its own over one shared store.</summary>
public class SecondLevelTests : IDisposable
{
    // Begins at the real time: FusionCache computes the moment of expiry by the system's clock, and then only ours moves.
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly EmbeddedCache _store;
    private readonly ObservedCache _cache;
    private readonly List<IDisposable> _apps = [];
    private int _factoryRuns;

    public SecondLevelTests()
        : this(options => new EmbeddedCache(options))
    {
    }

    private protected SecondLevelTests(Func<EmbeddedCacheOptions, EmbeddedCache> open)
    {
        _store = open(new EmbeddedCacheOptions { TimeProvider = _time, Shards = 2 });
        _cache = new ObservedCache(new EmbeddedDistributedCache(_store));
    }

    public sealed record User(int Id, string Name);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _apps.ForEach(app => app.Dispose());
        _store.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task HybridCache_finds_in_a_second_app_what_a_first_one_created()
    {
        User created = await Hybrid().GetOrCreateAsync("user:1", CreateAsync, cancellationToken: Token);
        await _cache.WrittenAsync("user:1", Token);

        User found = await Hybrid().GetOrCreateAsync("user:1", CreateAsync, cancellationToken: Token);

        Assert.Equal(created, found);
        Assert.Equal(1, _factoryRuns);
    }

    [Fact]
    public async Task HybridCache_creates_again_what_has_expired()
    {
        var options = new HybridCacheEntryOptions { Expiration = TimeSpan.FromMinutes(1) };
        await Hybrid().GetOrCreateAsync("user:1", CreateAsync, options, cancellationToken: Token);
        await _cache.WrittenAsync("user:1", Token);

        _time.Advance(TimeSpan.FromMinutes(1));
        await Hybrid().GetOrCreateAsync("user:1", CreateAsync, options, cancellationToken: Token);

        Assert.Equal(2, _factoryRuns);
    }

    [Fact]
    public async Task HybridCache_creates_again_what_was_removed()
    {
        HybridCache app = Hybrid();
        await app.GetOrCreateAsync("user:1", CreateAsync, cancellationToken: Token);
        await _cache.WrittenAsync("user:1", Token);

        await app.RemoveAsync("user:1", Token);
        await Hybrid().GetOrCreateAsync("user:1", CreateAsync, cancellationToken: Token);

        Assert.Equal(2, _factoryRuns);
    }

    [Fact]
    public async Task HybridCache_creates_again_what_was_removed_by_tag()
    {
        HybridCache app = Hybrid();
        await app.GetOrCreateAsync("user:1", CreateAsync, tags: ["users"], cancellationToken: Token);
        await _cache.WrittenAsync("user:1", Token);

        _time.Advance(TimeSpan.FromSeconds(1));
        await app.RemoveByTagAsync("users", Token);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Hybrid().GetOrCreateAsync("user:1", CreateAsync, tags: ["users"], cancellationToken: Token);

        Assert.Equal(2, _factoryRuns);
    }

    [Fact]
    public async Task HybridCache_carries_strings_and_large_values()
    {
        string large = new('x', 500_000);
        await Hybrid().SetAsync("large", large, cancellationToken: Token);
        await _cache.WrittenAsync("large", Token);

        string found = await Hybrid().GetOrCreateAsync("large", _ => ValueTask.FromResult("created again"), cancellationToken: Token);

        Assert.Equal(large, found);
    }

    [Fact]
    public async Task FusionCache_finds_in_a_second_app_what_a_first_one_created()
    {
        User created = await Fusion().GetOrSetAsync<User>("user:1", (_, token) => CreateAsync(token).AsTask(), token: Token);

        User found = await Fusion().GetOrSetAsync<User>("user:1", (_, token) => CreateAsync(token).AsTask(), token: Token);

        Assert.Equal(created, found);
        Assert.Equal(1, _factoryRuns);
    }

    [Fact]
    public async Task FusionCache_creates_again_what_has_expired_or_was_removed()
    {
        await Fusion().SetAsync("user:1", new User(1, "Ada"), TimeSpan.FromMinutes(1), token: Token);
        await Fusion().SetAsync("user:2", new User(2, "Grace"), TimeSpan.FromHours(1), token: Token);

        _time.Advance(TimeSpan.FromMinutes(2));
        await Fusion().RemoveAsync("user:2", token: Token);

        Assert.False((await Fusion().TryGetAsync<User>("user:1", token: Token)).HasValue);
        Assert.False((await Fusion().TryGetAsync<User>("user:2", token: Token)).HasValue);
    }

    [Fact]
    public async Task A_session_is_there_for_the_next_request_and_gone_after_its_idle_time()
    {
        ISession first = Session();
        await first.LoadAsync(Token);
        first.SetString("name", "Ada");
        await first.CommitAsync(Token);

        _time.Advance(TimeSpan.FromMinutes(19));
        ISession second = Session();
        await second.LoadAsync(Token);
        Assert.Equal("Ada", second.GetString("name"));
        await second.CommitAsync(Token);        // nothing has changed, so this refreshes

        _time.Advance(TimeSpan.FromMinutes(19));
        ISession third = Session();
        await third.LoadAsync(Token);
        Assert.Equal("Ada", third.GetString("name"));

        _time.Advance(TimeSpan.FromMinutes(20));
        ISession fourth = Session();
        await fourth.LoadAsync(Token);
        Assert.Null(fourth.GetString("name"));
    }

    private ValueTask<User> CreateAsync(CancellationToken token)
    {
        _factoryRuns++;
        return ValueTask.FromResult(new User(1, "Ada"));
    }

    private HybridCache Hybrid()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IDistributedCache>(_cache);
        services.AddSingleton<TimeProvider>(_time);
        services.AddHybridCache();
        ServiceProvider app = services.BuildServiceProvider();
        _apps.Add(app);
        return app.GetRequiredService<HybridCache>();
    }

    private FusionCache Fusion()
    {
        var app = new FusionCache(new FusionCacheOptions());
        app.SetupDistributedCache(_cache, new JsonFusionSerializer());
        _apps.Add(app);
        return app;
    }

    private ISession Session() => new DistributedSessionStore(_cache, NullLoggerFactory.Instance)
        .Create("session-key", TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(1), () => true, isNewSessionKey: false);

    private sealed class JsonFusionSerializer : IFusionCacheSerializer
    {
        public byte[] Serialize<T>(T? obj) => JsonSerializer.SerializeToUtf8Bytes(obj);

        public T? Deserialize<T>(byte[] data) => JsonSerializer.Deserialize<T>(data);

        public ValueTask<byte[]> SerializeAsync<T>(T? obj, CancellationToken token = default) => ValueTask.FromResult(Serialize(obj));

        public ValueTask<T?> DeserializeAsync<T>(byte[] data, CancellationToken token = default) => ValueTask.FromResult(Deserialize<T>(data));
    }
}
