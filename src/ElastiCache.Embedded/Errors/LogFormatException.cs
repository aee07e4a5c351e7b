namespace ElastiCache.Embedded;

/// <summary>A file of the log is well, or may be, but this version can't read it. Nothing was changed on disk.</summary>
public sealed class LogFormatException : LogException
{
    internal LogFormatException(string path, long offset, string what, string wayOut)
        : base(path, $"Log '{path}' can't be read at byte {offset}: {what}. {wayOut}")
    {
        Offset = offset;
    }

    private LogFormatException(string path, string message, int line)
        : base(path, message)
    {
        Line = line;
    }

    /// <summary>Where the part begins that can't be read, in bytes from the start of the file.</summary>
    public long Offset { get; }

    /// <summary>The line of the manifest, from 1; 0 where the error is in a log.</summary>
    public int Line { get; }

    internal static LogFormatException InManifest(string path, int line, string what) => new(
        path,
        $"Manifest '{path}' can't be read in line {line}: {what}. Correct the line, or restore the folder from a backup.",
        line);
}
