namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on hashes.</summary>
internal static class HashCommands
{
    public static readonly Command[] Rows = [];
}
