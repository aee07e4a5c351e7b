namespace ElastiCache.Embedded;

/// <summary>Where a cache's backups go, and which are made by themselves.</summary>
public sealed class BackupOptions
{
    internal const int MostRetentionDays = 35;

    /// <summary>Where they go.</summary>
    /// <value>Never <see langword="null"/> when the cache is opened.</value>
    public IBackupStore? Store { get; set; }

    /// <summary>The name of the cache in the names of automatic and final backups, where several caches share a store.</summary>
    /// <value>As <see cref="BackupName"/>. Default <c>cache</c>.</value>
    public string CacheName { get; set; } = "cache";

    /// <summary>When the window opens, of an hour each day, in which a backup is made by itself.</summary>
    /// <value>UTC. Default <see langword="null"/>: none is.</value>
    public TimeOnly? Window { get; set; }

    /// <summary>After how many days automatic backups go.</summary>
    /// <value>0 to 35; 0 for no automatic backups. Default 1.</value>
    public int RetentionDays { get; set; } = 1;

    /// <summary>Whether a backup is made when the cache is closed.</summary>
    /// <value>Default <see langword="false"/>. Its name is <c>final-NAME-yyyy-MM-dd-HH-mm-ss</c>, and it stays until it is deleted.</value>
    public bool FinalBackup { get; set; }

    /// <summary>Called when a backup has been made, has failed or has gone, from any thread.</summary>
    public Action<BackupEvent>? Happened { get; set; }
}

/// <summary>What has happened to a backup.</summary>
public enum BackupEventKind
{
    /// <summary>It was made.</summary>
    SnapshotComplete,

    /// <summary>It could not be made.</summary>
    SnapshotFailed,

    /// <summary>It was automatic, and its days were over.</summary>
    SnapshotExpired,
}

/// <summary>Something that has happened to a backup.</summary>
/// <param name="Kind">What.</param>
/// <param name="Name">The name of the backup.</param>
/// <param name="Failure">Why it could not be made; null otherwise.</param>
public sealed record BackupEvent(BackupEventKind Kind, string Name, Exception? Failure = null);
