using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ElastiCache.Embedded.Caching;

/// <summary>Opens the cache before anything else in the host starts, and closes it after everything else has stopped.</summary>
/// <remarks>
/// Opening early has two uses: a bad option or a folder in use stops the host at once and not at the first request, and no request waits
/// for recovery. Closing late means that what other services write while they stop is still kept. The container closes the cache
/// too when it is disposed; closing twice does nothing.
/// </remarks>
internal sealed class EmbeddedCacheLifetime(IServiceProvider services, string? name) : IHostedLifecycleService
{
    private EmbeddedCache? _cache;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _cache = services.GetRequiredKeyedService<EmbeddedCache>(name);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_cache is not null)
        {
            await _cache.DisposeAsync().ConfigureAwait(false);
        }
    }
}
