using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Connections;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>All commands that a server answers: those on data from the library, and its own.</summary>
internal static class ServerCommands
{
    public static CommandTable Table { get; } = new(
    [
        .. CommandTable.CoreFamilies,
        (CommandGroup.Connection, ConnectionCommands.Rows),
        (CommandGroup.Connection, ClientCommands.Rows),
        (CommandGroup.Server, CommandCommands.Rows),
        (CommandGroup.Server, ConfigCommands.Rows),
        (CommandGroup.Server, InfoCommands.Rows),
        (CommandGroup.Server, DebugCommands.Rows),
        (CommandGroup.Server, MemoryCommands.Rows),
        (CommandGroup.Server, SlowLogCommands.Rows),
        (CommandGroup.Server, LatencyCommands.Rows),
        (CommandGroup.Server, PersistenceCommands.Rows),
        (CommandGroup.Server, ReplicationCommands.Rows),
    ]);

    /// <summary>The client for whom a command runs.</summary>
    public static ClientContext Client(this CommandContext context) => (ClientContext)context;

    /// <summary>A container's HELP: its subcommands as lines of text.</summary>
    public static CommandError? Help(CommandContext context, string container, params ReadOnlySpan<string> lines)
    {
        context.Reply.Array(lines.Length + 3);
        context.Reply.Simple(System.Text.Encoding.ASCII.GetBytes($"{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
        foreach (string line in lines)
        {
            context.Reply.Simple(System.Text.Encoding.ASCII.GetBytes(line));
        }

        context.Reply.Simple("HELP"u8);
        context.Reply.Simple("    Shows this help."u8);
        return null;
    }

    /// <summary>The row of a container: it has no meaning without a subcommand.</summary>
    public static Command Container(string name, string summary, params Command[] subcommands) =>
        new(name, -2, CommandFlags.None, KeyPositions.None, NotAlone, summary) { Subcommands = subcommands };

    private static CommandError? NotAlone(CommandContext context, scoped in CommandArguments arguments) => CommandError.Syntax;
}
