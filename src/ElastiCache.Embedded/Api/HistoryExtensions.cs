using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Rdb;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>What the log knows of earlier moments. How far back it reaches is <see cref="EmbeddedCacheOptions.HistoryRetention"/>.</summary>
public static class HistoryExtensions
{
    /// <summary>Brings keys back as they were at the end of a second, while everybody goes on, and deletes those that match and were not there then.</summary>
    /// <remarks>
    /// <para>Each key is stored or deleted as one write, in the log too; the keys together are not one step. Keys whose deadline has passed since then stay away.</para>
    /// <para>The whole state of that moment is built beside the cache first, so for that time it takes as much memory again, without a budget. Until then nothing
    /// has changed. An export or a rewrite of the log that is running is waited for. To bring everything back, open the folder with <see cref="EmbeddedCacheOptions.RecoverTo"/>.</para>
    /// </remarks>
    /// <param name="cache">A cache with a folder.</param>
    /// <param name="pattern">Which keys of all databases, as in <c>user:*</c>. Redis: KEYS.</param>
    /// <param name="moment">The second whose end counts.</param>
    /// <param name="cancellationToken">Gives up; the keys so far stay restored.</param>
    /// <exception cref="RecoveryPointException">The history does not reach back so far. Nothing changes.</exception>
    /// <exception cref="LogDamagedException">A file of the history is damaged. Nothing changes.</exception>
    /// <exception cref="InvalidOperationException">The cache has no folder.</exception>
    /// <exception cref="CacheFullException">The budget has no room for more.</exception>
    public static async Task<RestoreReport> RestoreKeysAsync(this EmbeddedCache cache, string pattern, DateTimeOffset moment, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentException.ThrowIfNullOrEmpty(pattern);
        cache.Store.ThrowIfDisposed();
        AppendLog log = cache.Log ?? throw new InvalidOperationException("This cache is in memory only and has no history. Open it with a folder.");

        // What was written before the call is in the files after this.
        await log.FlushAsync(cancellationToken).ConfigureAwait(false);
        using var restored = new Restored(cache, cancellationToken);

        // Keeps the log from being rewritten, and its files from being deleted.
        await cache.Store.SnapshotTurn.TakeAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await Task.Run(() => Read(cache, log, moment, Encoding.UTF8.GetBytes(pattern), restored), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            cache.Store.SnapshotTurn.Give();
        }

        long deleted = restored.DeleteOthers(pattern);
        await cache.Database(0).WaitAsync(restored.Ticket, cancellationToken).ConfigureAwait(false);
        return new RestoreReport(restored.Count, deleted);
    }

    private static void Read(EmbeddedCache cache, AppendLog log, DateTimeOffset moment, byte[] pattern, Restored restored)
    {
        using Store scratch = cache.NewScratchStore();
        try
        {
            KeysOfThePast.Read(log.Chain, moment.ToUnixTimeSeconds(), scratch, key => Glob.IsMatch(pattern, key), restored);
        }
        finally
        {
            restored.Finish();
        }
    }

    private sealed class Restored(EmbeddedCache cache, CancellationToken cancellationToken) : IRdbEntrySink, IDisposable
    {
        private readonly Dictionary<int, HashSet<byte[]>> _keys = [];
        private readonly BulkImport _import = new(cache.Store, replaces: true);

        public JournalTicket Ticket => _import.Ticket;

        public EncodingLimits Encodings => cache.Store.Encodings;

        public long Count => _import.Stored;

        public void Take(in RdbEntry entry)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _import.Add(entry);
            if (!_keys.TryGetValue((int)entry.Database, out HashSet<byte[]>? keys))
            {
                _keys.Add((int)entry.Database, keys = new HashSet<byte[]>(KeyComparer.Instance));
            }

            keys.Add(entry.Key.ToArray());
        }

        public void Finish() => _import.Finish();

        public void Dispose() => _import.Dispose();

        public long DeleteOthers(string pattern)
        {
            long deleted = 0;
            for (int database = 0; database < cache.Store.DatabaseCount; database++)
            {
                Keys keys = cache.Database(database).Keys;
                HashSet<byte[]>? restored = _keys.GetValueOrDefault(database);
                foreach (byte[] key in keys.MatchBytes(pattern))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    deleted += restored?.Contains(key) != true && keys.Delete(key) ? 1 : 0;
                }
            }

            return deleted;
        }
    }
}
