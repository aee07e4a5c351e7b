namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on sorted sets.</summary>
internal static class SortedSetCommands
{
    public static readonly Command[] Rows = [];
}
