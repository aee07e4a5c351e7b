namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on sets.</summary>
internal static class SetCommands
{
    public static readonly Command[] Rows = [];
}
