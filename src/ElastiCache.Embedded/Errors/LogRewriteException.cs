namespace ElastiCache.Embedded;

/// <summary>The log could not be rewritten, for want of room on the disk or in memory. Nothing is lost: it goes on in the files that it had, and a later rewrite may succeed.</summary>
public sealed class LogRewriteException : LogException
{
    internal LogRewriteException(string path, Exception cause)
        : base(
            path,
            $"The log in '{path}' was not rewritten: {cause.Message} It goes on in the files that it had. Make room or mend the disk; it is tried again as it grows.",
            cause)
    {
    }
}
