namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on lists.</summary>
internal static class ListCommands
{
    public static readonly Command[] Rows = [];
}
