namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on streams.</summary>
internal static class StreamCommands
{
    public static readonly Command[] Rows = [];
}
