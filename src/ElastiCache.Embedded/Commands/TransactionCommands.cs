namespace ElastiCache.Embedded.Commands;

/// <summary>Commands that make several others one step.</summary>
internal static class TransactionCommands
{
    public static readonly Command[] Rows = [];
}
