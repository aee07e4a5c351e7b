namespace ElastiCache.Embedded;

/// <summary>The folder of a durable cache can't be used: it is not a folder, can't be written, or can't be made. Nothing was changed.</summary>
public sealed class LogFolderException : LogException
{
    internal LogFolderException(string path, string what, string wayOut, Exception? cause = null)
        : base(path, $"Cache folder '{path}' can't be used: {what}. {wayOut}", cause)
    {
    }
}
