using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Connections;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>Commands on files.</summary>
internal static class PersistenceCommands
{
    private static readonly CommandError SaveRunning = new("Background save already in progress");

    public static readonly Command[] Rows =
    [
        new("SAVE", 1, CommandFlags.Admin | NoScript | NoAsyncLoading | NoMulti, KeyPositions.None, Save, "Writes all data into the RDB file, and answers when that is done.") { Complexity = "O(n) for n keys" },
        new("BGSAVE", -1, CommandFlags.Admin | NoScript | NoAsyncLoading, KeyPositions.None, BackgroundSave, "Begins to write all data into the RDB file.") { Complexity = "O(1)" },
        new("BGREWRITEAOF", 1, CommandFlags.Admin | NoScript | NoAsyncLoading, KeyPositions.None, Rewrite, "Begins to rewrite the log into the shortest form of the data.") { Complexity = "O(1)" },
        new("LASTSAVE", 1, Loading | Stale | Fast, KeyPositions.None, LastSave, "Tells when the data was last saved as a whole.") { Complexity = "O(1)" },
    ];

    private static CommandError? Save(CommandContext context, scoped in CommandArguments arguments)
    {
        if (context.Client().Server.Snapshots.TrySave(isBackground: false) is not { } save)
        {
            return SaveRunning;
        }

        context.Client().Pending = new PendingReply(PendingReply.OutcomeOfAsync(save));
        return null;
    }

    private static CommandError? BackgroundSave(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count > 2 || (arguments.Count == 2 && !arguments.Is(1, "SCHEDULE"u8)))
        {
            return CommandError.Syntax;
        }

        if (context.Client().Server.Snapshots.TrySave(isBackground: true) is not { } save)
        {
            return SaveRunning;
        }

        // How it ends is told by INFO.
        _ = PendingReply.OutcomeOfAsync(save);
        context.Reply.Simple("Background saving started"u8);
        return null;
    }

    // A log that is off has nothing to rewrite; Redis makes one all the same, and goes on without it.
    private static CommandError? Rewrite(CommandContext context, scoped in CommandArguments arguments)
    {
        if (context.Client().Server.Cache.Log?.Rewriter is not { } rewriter)
        {
            return new CommandError("This cache has no log: start the server with --appendonly yes");
        }

        if (rewriter.IsRunning)
        {
            return new CommandError("Background append only file rewriting already in progress");
        }

        // How it ends is told by INFO. While a save is running it waits for that.
        bool waits = context.Client().Server.Snapshots.IsSaving;
        _ = PendingReply.OutcomeOfAsync(context.Client().Server.Cache.RewriteLogAsync());
        context.Reply.Simple(waits ? "Background append only file rewriting scheduled"u8 : "Background append only file rewriting started"u8);
        return null;
    }

    private static CommandError? LastSave(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Integer(context.Client().Server.Snapshots.LastSavedAt / 1000);
        return null;
    }
}
