namespace ElastiCache.Embedded;

/// <summary>
/// The disk failed a write or a sync of the log. From then on writes are refused, and those that were waiting are in memory
/// but perhaps not on disk; reads go on. <see cref="Exception.InnerException"/> is what the disk answered.
/// </summary>
/// <remarks>
/// A failed fsync may have dropped the pages that it was to write, and a second fsync would then succeed over the loss; so a
/// file is never used again after the first failure. Once the disk is well the cache writes everything that it holds into new files
/// and goes on by itself: it tries after a second, then less and less often, down to once a minute, and
/// <see cref="LogExtensions.RewriteLogAsync"/> tries at once. What was acknowledged before the failure is there in any case.
/// </remarks>
public sealed class LogPoisonedException : LogException
{
    internal LogPoisonedException(string path, Exception cause)
        : base(
            path,
            $"Log '{path}' takes no more writes, because one failed: {cause.Message} " +
            "Reads go on. Make room or mend the disk: the log then goes on in new files, within a minute, or when the cache is opened again.",
            cause)
    {
    }
}
