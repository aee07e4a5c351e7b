using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Envelope;
using ElastiCache.Embedded.Persistence.Rdb;

namespace ElastiCache.Embedded;

/// <summary>Backups as files <c>NAME.rdb</c> in a folder, each an RDB file that redis-server loads, unless its cache has an envelope. Written under another name, synced, then renamed.</summary>
public sealed class FolderBackupStore : IBackupStore
{
    private const string Suffix = ".rdb";
    private const int CopyBytes = 1024 * 1024;

    private readonly DiskStorage _storage;

    /// <summary>Takes a folder; it is made when the first backup comes.</summary>
    /// <param name="folder">Its path. Its parent must be there.</param>
    public FolderBackupStore(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        _storage = new DiskStorage(System.IO.Path.GetFullPath(folder));
    }

    /// <summary>Where it is.</summary>
    public string Folder => _storage.PathOf("");

    /// <inheritdoc/>
    public async Task PutAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        BackupName.ThrowIfNotStorable(name);
        _storage.CreateDirectory("");
        if (File.Exists(_storage.PathOf(name + Suffix)))
        {
            throw new BackupException($"There is a backup '{name}' in '{Folder}' already.");
        }

        await WholeFile.WriteAsync(_storage, name + Suffix, $"temp-{Guid.NewGuid():N}", file => CopyAsync(content, file, cancellationToken)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<Stream> OpenAsync(string name, CancellationToken cancellationToken)
    {
        BackupName.ThrowIfNotStorable(name);
        try
        {
            return Task.FromResult<Stream>(DiskStorage.OpenStream(_storage.PathOf(name + Suffix), FileMode.Open));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BackupException($"There is no backup '{name}' in '{Folder}'.", e);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BackupInfo> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        foreach (string file in _storage.List(""))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (file.EndsWith(Suffix, StringComparison.Ordinal) && InfoOf(file) is { } info)
            {
                yield return info;
            }
        }
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        BackupName.ThrowIfNotStorable(name);
        if (!File.Exists(_storage.PathOf(name + Suffix)))
        {
            return Task.FromResult(false);
        }

        _storage.Delete(name + Suffix);
        _storage.SyncDirectory("");
        return Task.FromResult(true);
    }

    private static async Task<long> CopyAsync(Stream content, IStorageFile file, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[CopyBytes];
        long offset = 0;
        while (await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            file.Write(offset, buffer.AsSpan(0, read));
            offset += read;
        }

        file.Sync();
        return offset;
    }

    private static long CreatedSecond(IStorageFile file, string path)
    {
        Span<byte> start = stackalloc byte[EnvelopeHeader.Bytes];
        return EnvelopeHeader.TryRead(start[..file.Read(0, start)], out EnvelopeHeader envelope) ? envelope.CreatedSecond : RdbFileReader.ReadCreatedSecond(file, path);
    }

    // Null for a file that is no backup, or has gone meanwhile.
    private BackupInfo? InfoOf(string fileName)
    {
        try
        {
            using IStorageFile file = _storage.Open(fileName, StorageOpen.Existing);
            long second = CreatedSecond(file, _storage.PathOf(fileName));
            return new BackupInfo(fileName[..^Suffix.Length], DateTimeOffset.FromUnixTimeSeconds(second), file.Length);
        }
        catch (Exception e) when (e is RdbFileException or FileNotFoundException)
        {
            return null;
        }
    }
}
