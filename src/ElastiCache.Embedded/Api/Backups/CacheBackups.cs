namespace ElastiCache.Embedded;

/// <summary>A cache's backups: whole copies of one moment, by name, in the store that <see cref="BackupOptions"/> names. ElastiCache: snapshots.</summary>
/// <remarks>
/// Each is an RDB file, made while everybody goes on. One is made by itself in the daily window, if there is one, and goes after the days of its retention; those of
/// one's own stay until they are deleted.
/// </remarks>
public sealed class CacheBackups
{
    private readonly EmbeddedCache _cache;
    private readonly BackupOptions _options;

    internal CacheBackups(EmbeddedCache cache, BackupOptions options)
    {
        _cache = cache;
        _options = options;
    }

    private IBackupStore Store => _options.Store!;

    /// <summary>Makes a backup. O(n); see <see cref="RdbFileExtensions.ExportAsync"/>.</summary>
    /// <param name="name">Its name, as <see cref="BackupName"/>.</param>
    /// <param name="cancellationToken">Gives up; there is none then.</param>
    /// <returns>The number of keys in it.</returns>
    /// <exception cref="ArgumentException">The name breaks the rule, which the message tells.</exception>
    /// <exception cref="BackupException">There is one of that name.</exception>
    /// <exception cref="IOException">The file can't be written, here or in the store.</exception>
    public Task<long> CreateAsync(string name, CancellationToken cancellationToken = default)
    {
        BackupName.ThrowIfInvalid(name);
        return MakeAsync(name, cancellationToken);
    }

    /// <summary>All backups in the store, those of other caches included, the newest first.</summary>
    public async Task<IReadOnlyList<BackupInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        var found = new List<BackupInfo>();
        await foreach (BackupInfo info in Store.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            found.Add(info);
        }

        return [.. found.OrderByDescending(info => info.CreatedAt).ThenBy(info => info.Name, StringComparer.Ordinal)];
    }

    /// <summary>Deletes a backup.</summary>
    /// <returns>Whether it was there.</returns>
    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Store.DeleteAsync(name, cancellationToken);
    }

    /// <summary>Reads a backup into the cache; see <see cref="RdbFileExtensions.ImportAsync"/>.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="mode">What happens to keys that are there already.</param>
    /// <param name="cancellationToken">Gives up; the keys so far stay.</param>
    /// <exception cref="BackupException">There is none of that name.</exception>
    /// <exception cref="RdbFileException">It is damaged.</exception>
    public async Task<ImportReport> RestoreAsync(string name, ImportMode mode = ImportMode.IntoEmpty, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        string file = TemporaryFile();
        try
        {
            using (Stream content = await Store.OpenAsync(name, cancellationToken).ConfigureAwait(false))
            using (var copy = new FileStream(file, FileMode.CreateNew, FileAccess.Write))
            {
                await content.CopyToAsync(copy, cancellationToken).ConfigureAwait(false);
            }

            return await _cache.ImportAsync(file, mode, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Copies a backup, within the store or into another.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="newName">The copy's name.</param>
    /// <param name="target">Where the copy goes; null for the same store.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The new name breaks the rule.</exception>
    /// <exception cref="BackupException">There is no such backup, or one of the new name.</exception>
    public async Task CopyAsync(string name, string newName, IBackupStore? target = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        BackupName.ThrowIfInvalid(newName);
        using Stream content = await Store.OpenAsync(name, cancellationToken).ConfigureAwait(false);
        await (target ?? Store).PutAsync(newName, content, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes today's automatic backup if its window is open and there is none yet, and deletes those whose days are over. Never throws.</summary>
    internal async Task RunAutomaticAsync(DateTimeOffset now)
    {
        DateTimeOffset opened = OpenedAt(now, _options.Window!.Value);
        if (now - opened >= TimeSpan.FromHours(1))
        {
            return;
        }

        string name = BackupName.Automatic(_options.CacheName, now);
        try
        {
            IReadOnlyList<BackupInfo> found = await ListAsync().ConfigureAwait(false);
            if (!found.Any(info => BackupName.MomentOf(info.Name, _options.CacheName) >= opened))
            {
                await MakeAsync(name, CancellationToken.None).ConfigureAwait(false);
            }

            foreach (BackupInfo info in found.Where(info => BackupName.MomentOf(info.Name, _options.CacheName) < opened.AddDays(-_options.RetentionDays)))
            {
                if (await Store.DeleteAsync(info.Name, CancellationToken.None).ConfigureAwait(false))
                {
                    _options.Happened?.Invoke(new BackupEvent(BackupEventKind.SnapshotExpired, info.Name));
                }
            }
        }
        catch (Exception e) when (e is not ObjectDisposedException)
        {
            // Told as an event where it was the backup that failed; a store that can't list or delete is asked again in a minute.
            _cache.LogBackupFailed(e, name);
        }
    }

    /// <summary>Makes the backup of the closing cache, if it is wanted. Never throws.</summary>
    internal async Task RunFinalAsync(DateTimeOffset now)
    {
        string name = BackupName.Final(_options.CacheName, now);
        try
        {
            await MakeAsync(name, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _cache.LogBackupFailed(e, name);
        }
    }

    private static DateTimeOffset OpenedAt(DateTimeOffset now, TimeOnly window)
    {
        var today = new DateTimeOffset(now.UtcDateTime.Date + window.ToTimeSpan(), TimeSpan.Zero);
        return today <= now ? today : today.AddDays(-1);
    }

    private async Task<long> MakeAsync(string name, CancellationToken cancellationToken)
    {
        string file = TemporaryFile();
        try
        {
            long keys = await _cache.SnapshotAsync(file, cancellationToken).ConfigureAwait(false);
            using (var content = new FileStream(file, FileMode.Open, FileAccess.Read))
            {
                await Store.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
            }

            _options.Happened?.Invoke(new BackupEvent(BackupEventKind.SnapshotComplete, name));
            return keys;
        }
        catch (Exception e)
        {
            _options.Happened?.Invoke(new BackupEvent(BackupEventKind.SnapshotFailed, name, e));
            throw;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private string TemporaryFile() => Path.Combine(_cache.Folder ?? Path.GetTempPath(), $"temp-backup-{Guid.NewGuid():N}.rdb");
}
