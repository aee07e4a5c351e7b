namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on channels.</summary>
internal static class ChannelCommands
{
    public static readonly Command[] Rows = [];
}
