namespace ElastiCache.Embedded;

/// <summary>A file of the log is not what was written, and not in a way that a crash explains. Nothing was changed on disk.</summary>
/// <remarks>
/// A crash can only leave the end of the last file torn, and recovery cuts that itself. Anything else (a flipped bit, a lost
/// block, a file that was cut, swapped or removed) would lose or change data without a word if it were let pass.
/// </remarks>
public sealed class LogDamagedException : LogException
{
    private const string WayOut = "Repair it with 'elasticache-embedded check --fix', or restore a snapshot.";

    internal LogDamagedException(string path, long offset, long bytesAfter)
        : this(path, offset, bytesAfter, $"{bytesAfter} bytes follow, so this is not a torn last write")
    {
    }

    internal LogDamagedException(string path, long offset, long bytesAfter, string what)
        : base(path, $"Log '{path}' is damaged at byte {offset}: {what}. {WayOut}")
    {
        Offset = offset;
        BytesAfter = bytesAfter;
    }

    /// <summary>Where the damaged part begins, in bytes from the start of the file. Everything before it was checked.</summary>
    public long Offset { get; }

    /// <summary>Bytes from <see cref="Offset"/> to the end of the file.</summary>
    public long BytesAfter { get; }
}
