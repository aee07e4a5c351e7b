namespace ElastiCache.Embedded;

/// <summary>A backup is not there, or one of that name is there already. Nothing was changed.</summary>
public sealed class BackupException : IOException
{
    /// <summary>Makes the exception, for stores of one's own.</summary>
    /// <param name="message">What is wrong, the name included.</param>
    /// <param name="inner">What the store said, if anything.</param>
    public BackupException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
