using System.Globalization;

namespace ElastiCache.Embedded.Server.Cli;

/// <summary><c>export</c>, <c>import</c> and <c>restore</c>: data between files, folders and times.</summary>
internal static class DataCommands
{
    /// <summary><c>export FOLDER FILE</c>.</summary>
    public static async Task<int> ExportAsync(string folder, string file, bool showsProgress)
    {
        using ProgressBar? progress = Terminal.Progress(showsProgress);
        await using EmbeddedCache cache = await StoredData.LoadAsync(folder, progress).ConfigureAwait(false);
        progress?.Dispose();
        long keys = await cache.ExportAsync(file).ConfigureAwait(false);
        Terminal.Write(string.Create(CultureInfo.InvariantCulture, $"{keys:N0} keys, {new FileInfo(file).Length:N0} bytes in '{file}'"));
        return 0;
    }

    /// <summary><c>import FILE FOLDER</c>.</summary>
    public static async Task<int> ImportAsync(string file, string folder, ImportMode mode, bool showsProgress)
    {
        await using EmbeddedCache cache = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions { Folder = folder, Envelope = ProgramKeys.Envelope }).ConfigureAwait(false);
        using ProgressBar? progress = Terminal.Progress(showsProgress);
        ImportReport report = await cache.ImportMeteredAsync(file, mode, progress, CancellationToken.None).ConfigureAwait(false);
        progress?.Dispose();
        Terminal.Write(string.Create(
            CultureInfo.InvariantCulture, $"{report.Imported:N0} keys imported, {report.Kept:N0} kept as they were, {report.Expired:N0} had expired"));
        return 0;
    }

    /// <summary><c>restore FOLDER --to TIME [--keys PATTERN]</c>.</summary>
    public static async Task<int> RestoreAsync(string folder, DateTimeOffset to, string? pattern, bool showsProgress)
    {
        // As long as it can be, so that nothing of the history goes because of this.
        var options = new EmbeddedCacheOptions { Folder = folder, HistoryRetention = TimeSpan.FromDays(35), Envelope = ProgramKeys.Envelope };
        if (pattern == null)
        {
            options.RecoverTo = to;
        }

        using ProgressBar? progress = Terminal.Progress(showsProgress);
        await using EmbeddedCache cache = await EmbeddedCache.OpenAsync(options, StoredData.Storage(folder, progress)).ConfigureAwait(false);
        if (pattern == null)
        {
            progress?.Dispose();
            Terminal.Write($"The folder is as it was at {cache.Recovery!.RecoveredTo:u}: {cache.Store.KeyCount()} keys. What was written since is history, and can be restored too.");
            return 0;
        }

        RestoreReport report = await cache.RestoreKeysAsync(pattern, to).ConfigureAwait(false);
        progress?.Dispose();
        Terminal.Write(string.Create(CultureInfo.InvariantCulture, $"{report.Restored:N0} keys are as they were, {report.Deleted:N0} that were not there then are gone"));
        return 0;
    }

    private static long KeyCount(this Keyspace.Store store) => Enumerable.Range(0, store.DatabaseCount).Sum(store.Count);
}
