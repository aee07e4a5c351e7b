using ElastiCache.Embedded.Errors;

namespace ElastiCache.Embedded.Commands;

/// <summary>What a client is told of an exception that an operation threw: Redis's words where it has some.</summary>
internal static class CommandFailure
{
    /// <summary>The reply, code included; null for an exception that is no refusal but a defect.</summary>
    public static string? ReplyFor(Exception refusal) => RedisReply.Of(refusal) ?? refusal switch
    {
        WrongTypeException => "WRONGTYPE Operation against a key holding the wrong kind of value",
        CacheFullException => "OOM command not allowed when used memory > 'maxmemory'.",
        ValueTooLargeException => "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
        LogException => $"MISCONF Errors writing to the AOF file: {refusal.Message}",
        CacheException or ArgumentException or FormatException or OverflowException or InvalidOperationException => $"ERR {refusal.Message}",
        InsufficientMemoryException => "OOM out of memory",
        _ => null,
    };
}
