using Microsoft.Extensions.Logging;

namespace ElastiCache.Embedded.Diagnostics;

/// <summary>What becomes of the append-only log, as lines for whoever reads the program's own log.</summary>
internal sealed partial class LogNotices(ILogger logger, string? folder)
{
    public void Poisoned(LogPoisonedException failure) => LogPoisoned(failure, folder);

    public void Resumed() => LogResumed(folder);

    public void FellBehind(TimeSpan age) => LogBehind(folder, age.TotalSeconds);

    public void CaughtUp() => LogCaughtUp(folder);

    public void RewriteFailed(Exception failure) => LogRewriteFailed(failure, folder);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The disk failed under '{Folder}': writes are refused, and reads go on. The log goes on in new files once the disk is well.")]
    private partial void LogPoisoned(Exception exception, string? folder);

    [LoggerMessage(Level = LogLevel.Information, Message = "The log in '{Folder}' works again, in new files that hold everything; writes are taken.")]
    private partial void LogResumed(string? folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The disk under '{Folder}' is slow: the oldest write has waited for it for {Seconds:F1} seconds. Writes are refused until it has caught up, and reads go on.")]
    private partial void LogBehind(string? folder, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "The disk under '{Folder}' has caught up; writes are taken.")]
    private partial void LogCaughtUp(string? folder);

    [LoggerMessage(Level = LogLevel.Error, Message = "The log in '{Folder}' has grown and could not be rewritten; it goes on as it is, and is tried again in a minute or more.")]
    private partial void LogRewriteFailed(Exception exception, string? folder);
}
