namespace ElastiCache.Embedded;

/// <summary>Where backups are kept: a folder (<see cref="FolderBackupStore"/>), or whatever an application brings, a bucket of an object store for example.</summary>
/// <remarks>Names follow <see cref="BackupName"/>. What a method throws when the store fails is handed on to who asked for the backup.</remarks>
public interface IBackupStore
{
    /// <summary>Stores a backup. It is there as a whole or not at all.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">An RDB file, in the envelope of its cache if that has one, from its first byte to its last.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackupException">There is one of that name.</exception>
    Task PutAsync(string name, Stream content, CancellationToken cancellationToken);

    /// <summary>Opens a backup for reading.</summary>
    /// <exception cref="BackupException">There is none of that name.</exception>
    Task<Stream> OpenAsync(string name, CancellationToken cancellationToken);

    /// <summary>All backups, in no order.</summary>
    IAsyncEnumerable<BackupInfo> ListAsync(CancellationToken cancellationToken);

    /// <summary>Deletes a backup.</summary>
    /// <returns>Whether it was there.</returns>
    Task<bool> DeleteAsync(string name, CancellationToken cancellationToken);
}

/// <summary>A backup in a store.</summary>
/// <param name="Name">Its name.</param>
/// <param name="CreatedAt">The moment that it holds.</param>
/// <param name="Bytes">Its length.</param>
public sealed record BackupInfo(string Name, DateTimeOffset CreatedAt, long Bytes)
{
    /// <summary>Whether it was made by itself in the daily window, and goes by itself after <see cref="BackupOptions.RetentionDays"/>.</summary>
    public bool IsAutomatic => BackupName.IsAutomatic(Name);
}
