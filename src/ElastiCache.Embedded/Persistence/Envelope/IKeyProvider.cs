namespace ElastiCache.Embedded;

/// <summary>Gives the keys under which files are encrypted. Called from any thread, when a file is made or opened, never in an operation on the cache.</summary>
/// <remarks>
/// To rotate, let <see cref="Current"/> answer another key and keep the old one to be found: new files are under the new key, old ones stay readable, and
/// <see cref="LogExtensions.RewriteLogAsync"/> puts all of the log under the new key. What is kept of the past (<see cref="EmbeddedCacheOptions.HistoryRetention"/>)
/// and backups need the old key for as long as they are there.
/// </remarks>
public interface IKeyProvider
{
    /// <summary>The key for files that are made from now on.</summary>
    EncryptionKey Current { get; }

    /// <summary>The key of an id; null if there is none.</summary>
    /// <param name="id">As <see cref="EncryptionKey.Id"/>.</param>
    EncryptionKey? Find(string id);
}
