using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Connections;
using ElastiCache.Embedded.Server.Hosting;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>What the server tells of itself: INFO, TIME, LOLWUT, MONITOR, and its end: SHUTDOWN.</summary>
internal static class InfoCommands
{
    public static readonly Command[] Rows =
    [
        new("INFO", -1, Loading | Stale, KeyPositions.None, Information, "Tells the server's state and figures.") { Complexity = "O(1)" },
        new("TIME", 1, Loading | Stale | Fast, KeyPositions.None, Time, "Tells the server's time.") { Since = "2.6.0", Complexity = "O(1)" },
        new("LOLWUT", -1, CommandFlags.ReadOnly | Fast, KeyPositions.None, Art, "Tells the version.") { Since = "5.0.0", Complexity = "O(1)" },
        new("MONITOR", 1, CommandFlags.Admin | NoScript | Loading | Stale, KeyPositions.None, Monitor, "Shows all commands as they run."),
        new("SHUTDOWN", -1, CommandFlags.Admin | NoScript | Loading | Stale | NoMulti | AllowBusy, KeyPositions.None, Shutdown, "Ends the server."),
    ];

    private static CommandError? Information(CommandContext context, scoped in CommandArguments arguments)
    {
        var sections = new HashSet<string>(StringComparer.Ordinal);
        IEnumerable<string> wanted = arguments.Count == 1 ? ["default"] : Words(arguments);
        foreach (string word in wanted)
        {
            switch (word)
            {
                case "all" or "everything":
                    sections.UnionWith(InfoText.Sections.Select(section => section.Name));
                    break;
                case "default":
                    sections.UnionWith(InfoText.Sections.Where(section => section.IsDefault).Select(section => section.Name));
                    break;
                default:
                    sections.Add(word);
                    break;
            }
        }

        context.Reply.Verbatim("txt"u8, Encoding.UTF8.GetBytes(new InfoText(context.Client().Server).Write(sections)));
        return null;
    }

    private static List<string> Words(scoped in CommandArguments arguments)
    {
        var words = new List<string>();
        for (int i = 1; i < arguments.Count; i++)
        {
            words.Add(Encoding.Latin1.GetString(arguments[i]).ToLowerInvariant());
        }

        return words;
    }

    private static CommandError? Time(CommandContext context, scoped in CommandArguments arguments)
    {
        long microseconds = (context.Client().Server.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        context.Reply.Array(2);
        context.Reply.BulkInteger(microseconds / 1_000_000);
        context.Reply.BulkInteger(microseconds % 1_000_000);
        return null;
    }

    private static CommandError? Art(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count >= 3 && arguments.Is(1, "VERSION"u8) && !arguments.TryInteger(2, out _))
        {
            return CommandError.NotAnInteger;
        }

        context.Reply.Verbatim("txt"u8, Encoding.ASCII.GetBytes($"Redis ver. {ConnectionCommands.RedisVersion}\n"));
        return null;
    }

    private static CommandError? Monitor(CommandContext context, scoped in CommandArguments arguments)
    {
        if (context.DeniesWaiting)
        {
            return new CommandError("MONITOR isn't allowed for DENY BLOCKING client");
        }

        if (!context.Client().IsMonitor)
        {
            context.Client().IsMonitor = true;
            context.Client().Server.Monitors.Add(context.Client().Connection);
        }

        context.Reply.Ok();
        return null;
    }

    private static CommandError? Shutdown(CommandContext context, scoped in CommandArguments arguments)
    {
        bool saves = false, savesNot = false, aborts = false, others = false, forces = false;
        for (int i = 1; i < arguments.Count; i++)
        {
            bool isSave = arguments.Is(i, "SAVE"u8), isNoSave = arguments.Is(i, "NOSAVE"u8), isAbort = arguments.Is(i, "ABORT"u8);
            bool isOther = arguments.Is(i, "NOW"u8) || arguments.Is(i, "FORCE"u8);
            if (!isSave && !isNoSave && !isAbort && !isOther)
            {
                return CommandError.Syntax;
            }

            saves |= isSave;
            savesNot |= isNoSave;
            aborts |= isAbort;
            others |= isOther;
            forces |= arguments.Is(i, "FORCE"u8);
        }

        if ((saves && savesNot) || (aborts && (saves || savesNot || others)))
        {
            return CommandError.Syntax;
        }

        if (aborts)
        {
            return new CommandError("No shutdown in progress.");
        }

        ServerState server = context.Client().Server;
        if (server.Snapshots.SavesAtEnd(saves, savesNot))
        {
            context.Client().Pending = new PendingReply(SaveAndEndAsync(context.Client(), forces));
            return null;
        }

        // No reply: the client learns it from the end of its connection.
        context.Client().ClosesAfterReply = true;
        server.ShutdownRequested?.Invoke();
        return null;
    }

    private static async Task<string?> SaveAndEndAsync(ClientContext client, bool forces)
    {
        if (await client.Server.Snapshots.SaveAtEndAsync().ConfigureAwait(false) is not null && !forces)
        {
            return "ERR Errors trying to SHUTDOWN. Check logs.";
        }

        client.Server.ShutdownRequested?.Invoke();
        client.Connection.Kill();
        return null;
    }
}
