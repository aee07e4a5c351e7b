using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>Looks each minute whether an automatic backup is due.</summary>
internal sealed class BackupSchedule : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly CacheBackups _backups;
    private readonly CacheClock _clock;
    private readonly ITimer _timer;
    private int _isRunning;

    public BackupSchedule(CacheBackups backups, CacheClock clock)
    {
        (_backups, _clock) = (backups, clock);
        _timer = clock.TimeProvider.CreateTimer(static schedule => _ = ((BackupSchedule)schedule!).RunAsync(), this, TimeSpan.Zero, Period);
    }

    public void Dispose() => _timer.Dispose();

    private async Task RunAsync()
    {
        if (Interlocked.Exchange(ref _isRunning, 1) == 1)
        {
            return;
        }

        try
        {
            await _backups.RunAutomaticAsync(DateTimeOffset.FromUnixTimeMilliseconds(_clock.UnixMilliseconds)).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The cache was closed.
        }
        finally
        {
            Volatile.Write(ref _isRunning, 0);
        }
    }
}
