namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on HyperLogLogs.</summary>
internal static class HyperLogLogCommands
{
    public static readonly Command[] Rows = [];
}
