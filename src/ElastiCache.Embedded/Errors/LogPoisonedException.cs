namespace ElastiCache.Embedded;

/// <summary>
/// The disk failed a write or a sync of the log. From then on writes are refused, and those that were waiting are in memory
/// but perhaps not on disk; reads go on. <see cref="Exception.InnerException"/> is what the disk answered.
/// </summary>
/// <remarks>
/// A failed fsync may have dropped the pages that it was to write, and a second fsync would then succeed over the loss; so a
/// log is never used again after the first failure. Free or replace the disk and open the cache again: what was acknowledged
/// before the failure is there.
/// </remarks>
public sealed class LogPoisonedException : LogException
{
    internal LogPoisonedException(string path, Exception cause)
        : base(
            path,
            $"Log '{path}' takes no more writes, because one failed: {cause.Message} " +
            "Reads go on. Make room or replace the disk, then open the cache again.",
            cause)
    {
    }
}
