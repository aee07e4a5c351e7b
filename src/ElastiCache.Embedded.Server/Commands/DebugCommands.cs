using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Connections;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>DEBUG, for tests. Allowed by enable-debug-command only.</summary>
internal static class DebugCommands
{
    public static readonly Command[] Rows =
    [
        new("DEBUG", -2, CommandFlags.Admin | NoScript | Loading | Stale, KeyPositions.None, Run, "Commands for tests.") { Complexity = "Depends on the subcommand" },
    ];

    private static CommandError? Run(CommandContext context, scoped in CommandArguments arguments)
    {
        string name = Encoding.Latin1.GetString(arguments[1]).ToUpperInvariant();
        switch (name)
        {
            case "SLEEP" when arguments.Count == 3:
                return Sleep(context.Client(), arguments);
            case "ERROR" when arguments.Count == 3:
                context.Reply.Error(Encoding.UTF8.GetString(arguments[2]));
                return null;
            case "LOG" when arguments.Count == 3:
                context.Reply.Ok();
                return null;
            case "PROTOCOL" when arguments.Count == 3:
                return DebugProtocol.Write(context.Reply, arguments);
            case "CHANGE-REPL-ID" when arguments.Count == 2:
                context.Client().Server.ReplicationId = System.Security.Cryptography.RandomNumberGenerator.GetHexString(40, lowercase: true);
                context.Reply.Ok();
                return null;
            case "STRINGMATCH-LEN" when arguments.Count == 4:
                context.Reply.Integer(Values.Glob.IsMatch(arguments[2], arguments[3]) ? 1 : 0);
                return null;
            case "HELP" when arguments.Count == 2:
                return Help(context);
            case "SET-ACTIVE-EXPIRE" when arguments.Count == 3:
                context.Client().Server.Cache.Sweeper.IsPaused = arguments.Is(2, "0"u8);
                context.Reply.Ok();
                return null;
            default:
                if (!IsHarmless(name))
                {
                    return DebugDataCommands.Run(context, name, arguments);
                }

                context.Reply.Ok();
                return null;
        }
    }

    // What these switch or show is Redis's inside and has no counterpart here; its tests want an OK.
    private static bool IsHarmless(string name) => name
        is "SET-SKIP-CHECKSUM-VALIDATION" or "SET-DISABLE-DENY-SCRIPTS" or "REPLYBUFFER" or "QUICKLIST-PACKED-THRESHOLD" or "PAUSE-CRON" or "AOF-FLUSH-SLEEP"
        or "DROP-CLUSTER-PACKET-FILTER" or "STRINGMATCH-TEST" or "LEAK" or "CLUSTERLINK" or "CONFIG-REWRITE-FORCE-ALL" or "REPLICATE" or "JMAP"
        or "LISTPACK" or "QUICKLIST" or "DICT-RESIZING";

    // Redis stops as a whole. Here this command holds its thread, so that its time is counted as its own, and everybody else's commands wait.
    private static CommandError? Sleep(ClientContext client, scoped in CommandArguments arguments)
    {
        if (double.TryParse(Encoding.ASCII.GetString(arguments[2]), NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds > 0)
        {
            var time = TimeSpan.FromSeconds(Math.Min(seconds, 1e6));
            client.Server.Pause.Begin(PauseMode.All, (long)time.TotalMilliseconds);
            using var never = new ManualResetEvent(initialState: false);
            never.WaitOne(time);
        }

        client.Reply.Ok();
        return null;
    }

    private static CommandError? Help(CommandContext context) => ServerCommands.Help(
        context,
        "DEBUG",
        "CHANGE-REPL-ID",
        "    Draws another replication number.",
        "DIGEST",
        "    A digest of all data: the same for the same content.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Digests of the keys' values.",
        "ERROR <text>",
        "    Answers an error.",
        "LOADAOF",
        "    Puts the log on disk. It is not read again: it says what is in memory.",
        "OBJECT <key>",
        "    A key's encoding and size.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Makes string keys.",
        "PROTOCOL <type>",
        "    Answers a value of a type of the protocol.",
        "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
        "    Saves the data, empties all databases and loads what was saved. With a log: as LOADAOF.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Whether expired keys are removed before somebody looks for them.",
        "SLEEP <seconds>",
        "    Lets all commands wait.");
}
