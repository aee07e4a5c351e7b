using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.Server.Cli;

/// <summary>Data on disk, read into memory without changing or claiming anything there: an RDB file, or the folder of a cache that may be open.</summary>
internal static class StoredData
{
    /// <summary>Reads it.</summary>
    /// <exception cref="IOException">It is not there, damaged, or of another kind; the message says which.</exception>
    public static async Task<EmbeddedCache> LoadAsync(string path)
    {
        var cache = new EmbeddedCache();
        try
        {
            if (File.Exists(path))
            {
                await cache.ImportAsync(path).ConfigureAwait(false);
            }
            else
            {
                LoadLog(path, cache);
            }

            return cache;
        }
        catch
        {
            await cache.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static void LoadLog(string folder, EmbeddedCache cache)
    {
        if (!Directory.Exists(folder))
        {
            throw new FileNotFoundException($"There is no file and no folder '{folder}'.");
        }

        var storage = new DiskStorage(folder);
        Manifest manifest = Recovery.ReadManifest(storage) ?? throw new FileNotFoundException($"The folder '{folder}' has no log. Name the folder of a durable cache, or an RDB file.");
        cache.Store.IsLoading = true;
        PointInTime.Replay(storage, manifest, LogHistory.Read(storage), long.MaxValue, new StoreReplay(cache.Store));
        cache.Store.IsLoading = false;
    }
}
