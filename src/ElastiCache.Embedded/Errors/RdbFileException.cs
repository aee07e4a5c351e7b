namespace ElastiCache.Embedded;

/// <summary>An RDB file can't be read: it is damaged, no RDB file at all, or of a version that is not known here.</summary>
public sealed class RdbFileException : IOException
{
    internal RdbFileException(string path, long offset, string what, Exception? inner = null)
        : base($"'{path}' can't be read at byte {offset}: {what}. 'redis-check-rdb' tells more; an earlier backup may be whole.", inner)
    {
        FilePath = path;
        Offset = offset;
        What = what;
    }

    /// <summary>The file.</summary>
    public string FilePath { get; }

    /// <summary>What is wrong, in words for a message.</summary>
    internal string What { get; }

    /// <summary>Whether it is well, perhaps, and of a version that is not known here.</summary>
    internal bool IsUnknownVersion { get; init; }

    /// <summary>Where the entry begins that can't be read.</summary>
    public long Offset { get; }
}
