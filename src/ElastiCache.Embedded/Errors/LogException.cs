namespace ElastiCache.Embedded;

/// <summary>Something is wrong with the folder or the files that make the cache durable.</summary>
/// <remarks>
/// Every message names the file or folder and the way out; none holds a stored value. Catch this to treat all of them alike.
/// </remarks>
public abstract class LogException : IOException
{
    private protected LogException(string path, string message, Exception? cause = null)
        : base(message, cause)
    {
        Path = path;
    }

    /// <summary>The file or folder that the error is about.</summary>
    public string Path { get; }
}
