using ElastiCache.Embedded.Caching;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Caching;

public sealed class ServiceRegistrationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Without_a_host_the_cache_opens_when_it_is_asked_for_and_closes_with_the_container()
    {
        EmbeddedCache cache;
        using (ServiceProvider services = new ServiceCollection().AddElastiCacheEmbedded().BuildServiceProvider())
        {
            cache = services.GetRequiredService<EmbeddedCache>();
            services.GetRequiredService<IDistributedCache>().Set("k", [1], new());

            Assert.Same(cache, services.GetRequiredService<EmbeddedCache>());
            Assert.IsType<EmbeddedDistributedCache>(services.GetRequiredService<IDistributedCache>());
            Assert.True(cache.Keys.Exists("k"));
        }

        Assert.Throws<ObjectDisposedException>(() => cache.Keys.Exists("k"));
    }

    [Fact]
    public async Task A_host_opens_the_cache_before_its_services_start_and_closes_it_after_they_have_stopped()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IHostedService, Visitor>();
        builder.Services.AddElastiCacheEmbedded();
        using IHost host = builder.Build();
        var visitor = (Visitor)host.Services.GetServices<IHostedService>().First();

        await host.StartAsync(Token);
        await host.StopAsync(Token);

        Assert.True(visitor.WroteAtStop);
        Assert.Throws<ObjectDisposedException>(() => visitor.Cache.Keys.Exists("k"));
    }

    [Fact]
    public async Task A_host_with_a_folder_finds_at_its_next_start_what_it_had()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("elasticache-host-");
        try
        {
            for (int start = 0; start < 2; start++)
            {
                HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
                builder.Services.AddElastiCacheEmbedded(options => options.Folder = folder.FullName);
                using IHost host = builder.Build();
                await host.StartAsync(Token);
                var cache = host.Services.GetRequiredService<EmbeddedCache>();

                Assert.Equal(start, cache.Strings.Get<int>("starts"));
                Assert.NotNull(cache.Recovery);

                cache.Strings.Increment("starts");
                await host.StopAsync(Token);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_folder_in_use_keeps_the_host_from_starting()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("elasticache-host-");
        try
        {
            await using EmbeddedCache owner = await EmbeddedCache.OpenAsync(folder.FullName, Token);
            HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
            builder.Services.AddElastiCacheEmbedded(options => options.Folder = folder.FullName);
            using IHost host = builder.Build();

            await Assert.ThrowsAsync<FolderInUseException>(() => host.StartAsync(Token));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_bad_option_keeps_the_host_from_starting()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddElastiCacheEmbedded(options => options.Shards = 3);
        using IHost host = builder.Build();

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));

        Assert.Contains("Shards = 3", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_come_from_a_section_and_code_may_add_to_them()
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("Cache:Databases", "2"), new("Cache:MaxMemory", "64mb")]).Build();
        using ServiceProvider services = new ServiceCollection()
            .AddElastiCacheEmbedded(configuration.GetSection("Cache"))
            .Configure<EmbeddedCacheOptions>(options => options.Databases++)
            .BuildServiceProvider();

        EmbeddedCache cache = services.GetRequiredService<EmbeddedCache>();

        Assert.NotNull(cache.Database(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Database(3));
    }

    [Fact]
    public void A_misspelt_section_is_refused_when_the_cache_is_asked_for()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Shard", "2")]).Build();
        using ServiceProvider services = new ServiceCollection().AddElastiCacheEmbedded(configuration).BuildServiceProvider();

        Assert.Throws<OptionsValidationException>(services.GetRequiredService<EmbeddedCache>);
    }

    [Fact]
    public void Caches_of_different_names_are_different_caches()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddElastiCacheEmbedded()
            .AddElastiCacheEmbedded("sessions", options => options.Databases = 1)
            .Configure<EmbeddedDistributedCacheOptions>("sessions", options => options.InstanceName = "s:")
            .BuildServiceProvider();

        var sessions = services.GetRequiredKeyedService<EmbeddedCache>("sessions");
        services.GetRequiredKeyedService<IDistributedCache>("sessions").Set("k", [1], new());

        Assert.NotSame(sessions, services.GetRequiredService<EmbeddedCache>());
        Assert.True(sessions.Keys.Exists("s:k"));
        Assert.Null(services.GetRequiredService<IDistributedCache>().Get("k"));
    }

    [Fact]
    public void Adding_a_cache_twice_adds_one_cache()
    {
        IServiceCollection services = new ServiceCollection().AddElastiCacheEmbedded().AddElastiCacheEmbedded(options => options.Databases = 2);

        Assert.Single(services, service => service.ServiceType == typeof(EmbeddedCache));
        Assert.Single(services, service => service.ServiceType == typeof(IHostedService));
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Throws<ArgumentOutOfRangeException>(() => provider.GetRequiredService<EmbeddedCache>().Database(2));
    }

    [Fact]
    public void It_takes_the_place_of_a_distributed_cache_that_was_registered_before()
    {
        using ServiceProvider services = new ServiceCollection().AddDistributedMemoryCache().AddElastiCacheEmbedded().BuildServiceProvider();

        Assert.IsType<EmbeddedDistributedCache>(services.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public void The_containers_clock_is_used_unless_another_was_set()
    {
        var time = new FakeTimeProvider();
        using ServiceProvider services = new ServiceCollection().AddSingleton<TimeProvider>(time).AddElastiCacheEmbedded().BuildServiceProvider();
        var cache = services.GetRequiredService<IDistributedCache>();
        cache.Set("k", [1], new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1) });

        time.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(cache.Get("k"));
    }

    [Fact]
    public void Null_and_empty_names_are_refused()
    {
        var services = new ServiceCollection();

        Assert.Throws<ArgumentNullException>(() => ((IServiceCollection)null!).AddElastiCacheEmbedded());
        Assert.Throws<ArgumentNullException>(() => services.AddElastiCacheEmbedded((IConfiguration)null!));
        Assert.Throws<ArgumentException>(() => services.AddElastiCacheEmbedded(""));
        Assert.Throws<ArgumentNullException>(() => services.AddElastiCacheEmbedded("name", (IConfiguration)null!));
    }

    private sealed class Visitor(EmbeddedCache cache) : IHostedService
    {
        public EmbeddedCache Cache => cache;

        public bool WroteAtStop { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            cache.Strings.Set("k", "v"u8);
            WroteAtStop = cache.Keys.Exists("k");
            return Task.CompletedTask;
        }
    }
}
