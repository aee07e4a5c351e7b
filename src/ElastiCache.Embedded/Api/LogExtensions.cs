using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded;

/// <summary>The log of a durable cache.</summary>
public static class LogExtensions
{
    /// <summary>Rewrites the log into the shortest form of what the cache holds: an RDB file, and what is written from now on. Redis: BGREWRITEAOF.</summary>
    /// <remarks>
    /// <para>Everybody goes on reading and writing. The moment is fixed in O(shards), with all shards locked; then a thread writes the state of that moment, and
    /// the manifest is switched to it in one step. A crash at any time leaves the old log or the new one, each whole.</para>
    /// <para>A rewrite or an export that is running is waited for.</para>
    /// <para>A log is rewritten by itself as it grows: see <see cref="EmbeddedCacheOptions.LogRewriteGrowthPercent"/>.</para>
    /// </remarks>
    /// <param name="cache">The cache.</param>
    /// <param name="cancellationToken">Ends the wait; the rewrite goes on.</param>
    /// <exception cref="InvalidOperationException">The cache has no folder.</exception>
    /// <exception cref="LogRewriteException">The disk failed. The log goes on in the files that it had.</exception>
    /// <exception cref="LogPoisonedException">The disk failed, now or before, in a way that ends the log: see there.</exception>
    public static async Task RewriteLogAsync(this EmbeddedCache cache, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        cache.Store.ThrowIfDisposed();
        LogRewriter rewriter = cache.Log?.Rewriter ?? throw new InvalidOperationException("This cache is in memory only and has no log. Open it with a folder.");
        while (rewriter.TryBegin() is not { } end || !await IsDoneAsync(end).WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            // Another rewrite, or an export: after it.
            if (rewriter.Current is { } other)
            {
                await ((Task)other.WaitAsync(cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
            }

            await cache.Store.SnapshotTurn.TakeAsync(cancellationToken).ConfigureAwait(false);
            cache.Store.SnapshotTurn.Give();
        }
    }

    // False if it did not begin because somebody else's snapshot was running.
    private static async Task<bool> IsDoneAsync(Task end)
    {
        try
        {
            await end.ConfigureAwait(false);
            return true;
        }
        catch (SnapshotTakenException)
        {
            return false;
        }
    }
}
