using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded;

/// <summary>The log of a durable cache.</summary>
public static class LogExtensions
{
    /// <summary>Rewrites the log into the shortest form of what the cache holds: an RDB file, and what is written from now on. Redis: BGREWRITEAOF.</summary>
    /// <remarks>
    /// <para>Everybody goes on reading and writing. The moment is fixed in O(shards), with all shards locked; then a thread writes the state of that moment, and
    /// the manifest is switched to it in one step. A crash at any time leaves the old log or the new one, each whole.</para>
    /// <para>A log is rewritten by itself as it grows: see <see cref="EmbeddedCacheOptions.LogRewriteGrowthPercent"/>.</para>
    /// </remarks>
    /// <param name="cache">The cache.</param>
    /// <param name="cancellationToken">Ends the wait; the rewrite goes on.</param>
    /// <exception cref="InvalidOperationException">The cache has no folder, or another rewrite or export is running. Nothing has begun.</exception>
    /// <exception cref="LogRewriteException">The disk failed. The log goes on in the files that it had.</exception>
    /// <exception cref="LogPoisonedException">The disk failed, now or before, in a way that ends the log: see there.</exception>
    public static async Task RewriteLogAsync(this EmbeddedCache cache, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        cache.Store.ThrowIfDisposed();
        LogRewriter rewriter = cache.Log?.Rewriter ?? throw new InvalidOperationException("This cache is in memory only and has no log. Open it with a folder.");
        Task end = rewriter.TryBegin() ?? throw new InvalidOperationException("The log of this cache is being rewritten already: wait for it.");
        await end.WaitAsync(cancellationToken).ConfigureAwait(false);
    }
}
