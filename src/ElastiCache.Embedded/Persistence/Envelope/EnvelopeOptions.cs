namespace ElastiCache.Embedded;

/// <summary>What stands around the bytes of every file that a cache writes for itself: log, snapshots, backups, and each temporary file of these.</summary>
/// <remarks>
/// Files in an envelope are no RDB and AOF files to other programs; <see cref="RdbFileExtensions.ExportAsync"/> writes one that is. Their form is in docs/file-formats.md.
/// </remarks>
public sealed class EnvelopeOptions
{
    /// <summary>Encrypts (AES-256-GCM) under these keys.</summary>
    /// <value>Default <see langword="null"/>: no encryption.</value>
    /// <remarks>
    /// Names of files, their lengths and times, and the ids of keys stay readable. Who can write to the disk can give back an older state of the whole folder, and can
    /// damage it, but can't change, reorder or mix anything without its being noticed.
    /// </remarks>
    public IKeyProvider? Keys { get; set; }

    /// <summary>Compresses (LZ4).</summary>
    /// <value>Default <see langword="false"/>.</value>
    /// <remarks>With encryption, lengths then tell how well the data compresses. Leave it off where somebody who sees the disk can also choose values that lie beside secret ones.</remarks>
    public bool Compresses { get; set; }

    /// <summary>Whether a log that was written without encryption is opened although there are keys.</summary>
    /// <value>Default <see langword="false"/>: it is refused, since anybody could have put it there.</value>
    /// <remarks>Set it for the one opening that puts an existing folder under encryption, and call <see cref="LogExtensions.RewriteLogAsync"/>. <see cref="RdbFileExtensions.ImportAsync"/> reads plain files in any case.</remarks>
    public bool AcceptsPlainFiles { get; set; }

    /// <summary>The same, for files that may come from elsewhere.</summary>
    internal EnvelopeOptions AcceptingPlainFiles() => new() { Keys = Keys, Compresses = Compresses, AcceptsPlainFiles = true };
}
