using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Rdb;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>A whole cache as an RDB file, Redis's snapshot and ElastiCache's backup.</summary>
public static class RdbFileExtensions
{
    /// <summary>Writes all databases, as they are at one moment, into an RDB file of version 10, which Redis 7.0, Valkey and ElastiCache load. Redis: BGSAVE.</summary>
    /// <remarks>
    /// Reads and writes go on meanwhile; nobody waits for longer than it takes to encode some sixteen kilobytes. The file is written under another name, synced,
    /// and then takes the place of one that has the name. It is plain, also where the cache has an envelope: see <see cref="SnapshotAsync"/>. Deadlines of a hash's fields
    /// have no place in this version: they stand in auxiliary fields, which <see cref="ImportAsync"/> reads and redis-server passes over. Another export or a rewrite of the log that is running is waited for.
    /// </remarks>
    /// <param name="cache">The cache.</param>
    /// <param name="path">The file; its folder must be there.</param>
    /// <param name="cancellationToken">Gives up; the old file stays.</param>
    /// <returns>The number of keys written.</returns>
    /// <exception cref="IOException">The file can't be written; the old one stays.</exception>
    public static Task<long> ExportAsync(this EmbeddedCache cache, string path, CancellationToken cancellationToken = default) =>
        WriteAsync(cache, path, isPlain: true, atMoment: null, cancellationToken);

    /// <summary>As <see cref="ExportAsync"/>, for the cache itself and no other program: in the envelope that the cache has (<see cref="EmbeddedCacheOptions.Envelope"/>), encrypted for example.</summary>
    /// <remarks><see cref="ImportAsync"/> reads it, in a cache that has the key. Without an envelope the two write the same.</remarks>
    /// <param name="cache">The cache.</param>
    /// <param name="path">The file; its folder must be there.</param>
    /// <param name="cancellationToken">Gives up; the old file stays.</param>
    /// <returns>The number of keys written.</returns>
    /// <exception cref="IOException">The file can't be written; the old one stays.</exception>
    public static Task<long> SnapshotAsync(this EmbeddedCache cache, string path, CancellationToken cancellationToken = default) =>
        cache.SnapshotMomentAsync(path, atMoment: null, cancellationToken);

    /// <summary>As <see cref="SnapshotAsync"/>.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="path">The file.</param>
    /// <param name="atMoment">Called at the moment whose state is written, with everything locked: note something and return.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static Task<long> SnapshotMomentAsync(this EmbeddedCache cache, string path, Action? atMoment, CancellationToken cancellationToken) =>
        WriteAsync(cache, path, isPlain: false, atMoment, cancellationToken);

    private static async Task<long> WriteAsync(EmbeddedCache cache, string path, bool isPlain, Action? atMoment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        cache.Store.ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        await cache.Store.SnapshotTurn.TakeAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            long keys = await Task.Run(() => WriteFileAsync(cache, path, isPlain, atMoment, cancellationToken), CancellationToken.None).ConfigureAwait(false);
            cache.Metrics.SnapshotFailed = false;
            return keys;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            cache.Metrics.SnapshotFailed = true;
            throw;
        }
        finally
        {
            cache.Store.SnapshotTurn.Give();
        }
    }

    /// <summary>Reads an RDB file of Redis 2.x to 7.4 or Valkey 8 or 9 into the cache, an ElastiCache backup for example.</summary>
    /// <remarks>
    /// Each entry is checked in full before it is stored, and stored as one write, in the log too. Functions and modules' own data in the file are passed over. Where the file turns out to be
    /// damaged, the keys before that place are in the cache.
    /// </remarks>
    /// <param name="cache">The cache.</param>
    /// <param name="path">The file.</param>
    /// <param name="mode">What happens to keys that are there already.</param>
    /// <param name="cancellationToken">Gives up; the keys so far stay.</param>
    /// <exception cref="InvalidOperationException">The cache is not empty, and the mode is <see cref="ImportMode.IntoEmpty"/>. Nothing changes.</exception>
    /// <exception cref="RdbFileException">The file is damaged, no RDB file, or of a later version.</exception>
    /// <exception cref="EncryptionKeyException">It is encrypted, and the cache does not have its key. Nothing changes.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="CacheFullException">The budget has no room for more.</exception>
    public static Task<ImportReport> ImportAsync(this EmbeddedCache cache, string path, ImportMode mode = ImportMode.IntoEmpty, CancellationToken cancellationToken = default) =>
        cache.ImportMeteredAsync(path, mode, progress: null, cancellationToken);

    /// <summary>As <see cref="ImportAsync"/>.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="path">The file.</param>
    /// <param name="mode">What happens to keys that are there already.</param>
    /// <param name="progress">Is told how far the file has been read; null if nobody wants to know.</param>
    /// <param name="cancellationToken">Gives up; the keys so far stay.</param>
    internal static async Task<ImportReport> ImportMeteredAsync(
        this EmbeddedCache cache, string path, ImportMode mode, IProgress<ReadProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        cache.Store.ThrowIfDisposed();
        if (!Enum.IsDefined(mode))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "The mode is IntoEmpty, Replace or Keep.");
        }

        if (mode == ImportMode.IntoEmpty && Enumerable.Range(0, cache.Store.DatabaseCount).Any(database => cache.Store.Count(database) > 0))
        {
            throw new InvalidOperationException("The cache is not empty. Say by the import mode what shall happen to keys that are there: Replace or Keep.");
        }

        Importer importer = await Task.Run(
            () =>
            {
                (string folder, string name) = Split(path);
                using IStorageFile file = cache.ForeignStorageAt(folder, progress).Open(name, StorageOpen.Existing);
                using var importer = new Importer(cache, mode == ImportMode.Replace, Path.GetFullPath(path), cancellationToken);
                try
                {
                    Read(file, Path.GetFullPath(path), importer);
                }
                finally
                {
                    importer.Finish();
                }

                return importer;
            },
            CancellationToken.None).ConfigureAwait(false);
        await cache.Database(0).WaitAsync(importer.Ticket, cancellationToken).ConfigureAwait(false);
        return importer.Report;
    }

    private static Task<long> WriteFileAsync(EmbeddedCache cache, string path, bool isPlain, Action? atMoment, CancellationToken cancellationToken)
    {
        (string folder, string name) = Split(path);
        IStorage storage = isPlain ? new DiskStorage(folder) : cache.StorageAt(folder);
        return WholeFile.WriteAsync(storage, name, $"temp-{Environment.ProcessId}-{name}", file => Task.FromResult(
            RdbSnapshot.Begin(cache.Store, atMoment).Write(new RdbFileWriter(file, cache.Clock.UnixMilliseconds), cancellationToken)));
    }

    private static void Read(IStorageFile file, string path, Importer importer)
    {
        try
        {
            RdbFileReader.Read(file, path, importer);
            if (file.TornBytes > 0)
            {
                throw new RdbFileException(path, file.Length, $"{file.TornBytes} bytes at its end can't be read");
            }
        }
        catch (LogDamagedException e)
        {
            throw new RdbFileException(path, e.Offset, "its envelope is not what was written");
        }
    }

    private static (string Folder, string Name) Split(string path)
    {
        string full = Path.GetFullPath(path);
        return (Path.GetDirectoryName(full) ?? "/", Path.GetFileName(full));
    }

    private sealed class Importer(EmbeddedCache cache, bool replaces, string path, CancellationToken cancellationToken) : IRdbEntrySink, IDisposable
    {
        private readonly BulkImport _import = new(cache.Store, replaces);
        private long _expired;

        public ImportReport Report => new(_import.Stored, _expired, _import.Kept);

        public JournalTicket Ticket => _import.Ticket;

        public EncodingLimits Encodings => cache.Store.Encodings;

        public void Expect(long database, long entries) => _import.Expect(database, entries);

        public void Take(in RdbEntry entry)
        {
            if (Wants(entry))
            {
                _import.Add(entry);
            }
            else
            {
                entry.Value?.Dispose();
            }
        }

        public void Finish() => _import.Finish();

        public void Dispose() => _import.Dispose();

        private bool Wants(in RdbEntry entry)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (entry.Database < 0 || entry.Database >= cache.Store.DatabaseCount)
            {
                throw new RdbFileException(path, 0, $"it has keys in database {entry.Database}, and this cache has {cache.Store.DatabaseCount} databases (EmbeddedCacheOptions.Databases)");
            }

            bool hasPassed = entry.Deadline != Record.NoExpiry && cache.Store.Clock.HasPassed(entry.Deadline);
            _expired += hasPassed ? 1 : 0;
            return !hasPassed;
        }
    }
}
