using ElastiCache.Embedded.Commands;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>Commands on files. There are no snapshots yet, and nothing claims that there were.</summary>
internal static class PersistenceCommands
{
    private static readonly CommandError NoSnapshots = new("This server does not write snapshots; with appendonly yes every write is in the log");

    public static readonly Command[] Rows =
    [
        new("SAVE", 1, CommandFlags.Admin | NoScript | NoAsyncLoading | NoMulti, KeyPositions.None, (_, in _) => NoSnapshots, "Would write a snapshot."),
        new("BGSAVE", -1, CommandFlags.Admin | NoScript | NoAsyncLoading, KeyPositions.None, (_, in _) => NoSnapshots, "Would write a snapshot in the background."),
        new("BGREWRITEAOF", 1, CommandFlags.Admin | NoScript | NoAsyncLoading, KeyPositions.None, (_, in _) => new CommandError("This server does not rewrite its log"), "Would rewrite the log."),
        new("LASTSAVE", 1, Loading | Stale | Fast, KeyPositions.None, LastSave, "Tells when the data was last saved as a whole.") { Complexity = "O(1)" },
    ];

    // As in Redis that never saved: the time of its start.
    private static CommandError? LastSave(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Integer(context.Client().Server.StartedMilliseconds / 1000);
        return null;
    }
}
