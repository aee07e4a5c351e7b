namespace ElastiCache.Embedded;

/// <summary>An RDB file can't be read: it is damaged, no RDB file at all, or of a version that is not known here.</summary>
public sealed class RdbFileException : IOException
{
    internal RdbFileException(string path, long offset, string what, Exception? inner = null)
        : base($"'{path}' can't be read at byte {offset}: {what}. 'redis-check-rdb' tells more; an earlier backup may be whole.", inner)
    {
        FilePath = path;
        Offset = offset;
    }

    /// <summary>The file.</summary>
    public string FilePath { get; }

    /// <summary>Where the entry begins that can't be read.</summary>
    public long Offset { get; }
}
