using ElastiCache.Embedded;
using ElastiCache.Embedded.Caching;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers an embedded cache with a service collection.</summary>
public static class ElastiCacheEmbeddedServiceCollectionExtensions
{
    /// <summary>
    /// Adds an <see cref="EmbeddedCache"/> as a singleton, and as the app's <see cref="IDistributedCache"/>.
    /// </summary>
    /// <remarks>
    /// In a host the cache is opened before other services start and closed after they have stopped, and bad options keep the host from
    /// starting. Without a host it is opened when it is first asked for and closed with the container. Logger and
    /// <see cref="TimeProvider"/> come from the container unless they are set. Entries of <see cref="IDistributedCache"/> are placed by
    /// <see cref="EmbeddedDistributedCacheOptions"/>. Called again it adds to the configuration and to nothing else.
    /// </remarks>
    /// <param name="services">The collection.</param>
    /// <param name="configure">Sets options; <see langword="null"/> for a cache in memory without a limit.</param>
    public static IServiceCollection AddElastiCacheEmbedded(
        this IServiceCollection services, Action<EmbeddedCacheOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        return Add(services, name: null, configure);
    }

    /// <summary>As the overload with a delegate, with options from a configuration section.</summary>
    /// <param name="services">The collection.</param>
    /// <param name="section">
    /// Holds options by name, such as <c>"MaxMemory": "64mb"</c>. A name that is no option and a value that can't be read are refused
    /// when the cache is opened, with an <see cref="OptionsValidationException"/>.
    /// </param>
    public static IServiceCollection AddElastiCacheEmbedded(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        return Add(services, name: null, options => OptionsConfiguration.Read(section, options, Options.Options.DefaultName));
    }

    /// <summary>Adds one of several caches: the keyed services <see cref="EmbeddedCache"/> and <see cref="IDistributedCache"/> under a name.</summary>
    /// <remarks>Ask for it with <c>[FromKeyedServices("name")]</c>. All else is as in the overload without a name.</remarks>
    public static IServiceCollection AddElastiCacheEmbedded(
        this IServiceCollection services, string name, Action<EmbeddedCacheOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Add(services, name, configure);
    }

    /// <summary>As the overload with a name and a delegate, with options from a configuration section.</summary>
    public static IServiceCollection AddElastiCacheEmbedded(this IServiceCollection services, string name, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(section);
        return Add(services, name, options => OptionsConfiguration.Read(section, options, name));
    }

    private static IServiceCollection Add(IServiceCollection services, string? name, Action<EmbeddedCacheOptions>? configure)
    {
        if (configure is not null)
        {
            services.Configure(name ?? Options.Options.DefaultName, configure);
        }

        if (services.Any(service => service.ServiceType == typeof(EmbeddedCache) && Equals(service.ServiceKey, name)))
        {
            return services;
        }

        services.AddOptions();
        services.AddKeyedSingleton(name, (provider, _) => Open(provider, name));
        services.AddKeyedSingleton<IDistributedCache>(name, (provider, _) => new EmbeddedDistributedCache(
            provider.GetRequiredKeyedService<EmbeddedCache>(name),
            provider.GetRequiredService<IOptionsMonitor<EmbeddedDistributedCacheOptions>>().Get(name)));
        services.AddSingleton<IHostedService>(provider => new EmbeddedCacheLifetime(provider, name));
        return services;
    }

    private static EmbeddedCache Open(IServiceProvider provider, string? name)
    {
        EmbeddedCacheOptions options = provider.GetRequiredService<IOptionsMonitor<EmbeddedCacheOptions>>().Get(name).Copy();
        options.LoggerFactory ??= provider.GetService<ILoggerFactory>();
        if (ReferenceEquals(options.TimeProvider, TimeProvider.System))
        {
            options.TimeProvider = provider.GetService<TimeProvider>() ?? TimeProvider.System;
        }

        options.Validate(name ?? Options.Options.DefaultName);
        return EmbeddedCache.Open(options);
    }
}
