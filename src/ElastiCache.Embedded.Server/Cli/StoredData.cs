using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Envelope;

namespace ElastiCache.Embedded.Server.Cli;

/// <summary>Data on disk, read into memory without changing or claiming anything there: an RDB file, or the folder of a cache that may be open.</summary>
internal static class StoredData
{
    /// <summary>Reads it.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="progress">Is told how far it has been read; null if nobody wants to know.</param>
    /// <exception cref="IOException">It is not there, damaged, or of another kind; the message says which.</exception>
    public static async Task<EmbeddedCache> LoadAsync(string path, IProgress<ReadProgress>? progress)
    {
        var cache = new EmbeddedCache(new EmbeddedCacheOptions { Envelope = ProgramKeys.EnvelopeOfReads });
        try
        {
            if (File.Exists(path))
            {
                await cache.ImportMeteredAsync(path, ImportMode.IntoEmpty, progress, CancellationToken.None).ConfigureAwait(false);
            }
            else
            {
                LoadLog(path, cache, progress);
            }

            return cache;
        }
        catch
        {
            await cache.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A folder that is only read, in whatever envelope.</summary>
    public static IStorage ReadStorage(string folder, IProgress<ReadProgress>? progress) =>
        new EnvelopeStorage(Storage(folder, progress), ProgramKeys.EnvelopeOfReads, TimeProvider.System);

    /// <summary>A folder of the disk.</summary>
    public static IStorage Storage(string folder, IProgress<ReadProgress>? progress) =>
        MeteredStorage.Over(new DiskStorage(folder), progress);

    private static void LoadLog(string folder, EmbeddedCache cache, IProgress<ReadProgress>? progress)
    {
        if (!Directory.Exists(folder))
        {
            throw new FileNotFoundException($"There is no file and no folder '{folder}'.");
        }

        IStorage storage = ReadStorage(folder, progress);
        Manifest manifest = Recovery.ReadManifest(storage) ?? throw new FileNotFoundException($"The folder '{folder}' has no log. Name the folder of a durable cache, or an RDB file.");
        cache.Store.IsLoading = true;
        PointInTime.Replay(storage, manifest, LogHistory.Read(storage), long.MaxValue, new StoreReplay(cache.Store));
        cache.Store.IsLoading = false;
    }
}
