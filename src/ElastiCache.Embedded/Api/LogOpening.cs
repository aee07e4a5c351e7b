using ElastiCache.Embedded.Diagnostics;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Envelope;
using Microsoft.Extensions.Logging;

namespace ElastiCache.Embedded.Api;

/// <summary>Recovers a folder into a store and opens its log for what the store's writers will do.</summary>
internal static class LogOpening
{
    /// <summary>Recovers the folder, opens its log and makes that the journal of the store.</summary>
    /// <param name="store">The store, empty. After an error it may hold a part: throw it away.</param>
    /// <param name="storage">The folder.</param>
    /// <param name="options">The cache's.</param>
    /// <param name="logger">Is told what becomes of the log.</param>
    /// <returns>The log, and what was found.</returns>
    /// <exception cref="LogException">Its subtypes say what is wrong.</exception>
    public static (AppendLog Log, RecoveryReport Report) Open(Store store, IStorage storage, EmbeddedCacheOptions options, ILogger logger)
    {
        RecoveredLog? recovered = null;
        try
        {
            // Before anything is made: without a key nothing can be written.
            _ = options.Envelope?.Keys?.Current;
            recovered = Replay(store, new EnvelopeStorage(storage, options.Envelope, options.TimeProvider), options);
            var notices = new LogNotices(logger, options.Folder);
            var logOptions = new AppendLogOptions
            {
                Poisoned = notices.Poisoned,
                Resumed = notices.Resumed,
                FellBehind = notices.FellBehind,
                CaughtUp = notices.CaughtUp,
                RewriteFailed = notices.RewriteFailed,
                Mode = options.Durability,
                MaxUnpersistedAge = options.MaxUnpersistedAge,
                RewriteGrowthPercent = options.LogRewriteGrowthPercent,
                RewriteMinBytes = options.LogRewriteMinBytes,
            };
            RecoveryReport report = recovered.Report;
            var log = new AppendLog(recovered, new StoreLocks(store), logOptions, store.Clock, new StoreRewriteSource(store));
            recovered = null;       // the log gives it back
            store.Journal = log;
            if (options.RecoverTo != null)
            {
                MakeItTheLogs(log);
            }

            log.Rewriter!.RewriteIfOverdue();
            return (log, report);
        }
        catch (IOException e) when (e is not LogException)
        {
            // What the disk answers rarely says which disk: "No space left on device".
            throw new LogFolderException(
                storage.PathOf(LogFolder.Root), $"the disk failed ({e.Message.TrimEnd('.')})",
                "Nothing is lost that was on disk: make room or mend the disk, then open it again.", e);
        }
        catch
        {
            recovered?.Dispose();
            throw;
        }
    }

    private static RecoveredLog Replay(Store store, IStorage storage, EmbeddedCacheOptions options)
    {
        store.IsLoading = true;
        RecoveredLog recovered = Recovery.Run(
            storage, new StoreReplay(store), store.Clock, new RecoveryOptions(options.HistoryRetention, options.RecoverTo?.ToUnixTimeSeconds()));
        store.IsLoading = false;
        if (recovered.Report.NewestTimestamp is { } newest)
        {
            // What was reported as expired before the restart stays expired, even if the wall clock was set back.
            store.Clock.NotBefore(newest.ToUnixTimeMilliseconds());
        }

        return recovered;
    }

    // Until this has succeeded the folder has its newest state, and whoever opens it anew gets that.
    private static void MakeItTheLogs(AppendLog log)
    {
        try
        {
            log.Rewriter!.Rewrite();
        }
        catch
        {
            log.Close();
            throw;
        }
    }
}
