using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Server.Connections;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>CLIENT: connections, one's own and others'.</summary>
internal static class ClientCommands
{
    public static readonly CommandError NotAName = new("Client names cannot contain spaces, newlines or special characters.");

    private const CommandFlags Own = NoScript | Loading | Stale;
    private const CommandFlags Others = CommandFlags.Admin | NoScript | Loading | Stale;

    public static readonly Command[] Rows =
    [
        ServerCommands.Container(
            "CLIENT",
            "Commands on connections.",
            new("ID", 2, Own, KeyPositions.None, (context, in _) => Integer(context, context.Client().Id), "Tells the connection's number.") { Since = "5.0.0", Complexity = "O(1)" },
            new("GETNAME", 2, Own, KeyPositions.None, GetName, "Tells the connection's name.") { Since = "2.6.9", Complexity = "O(1)" },
            new("SETNAME", 3, Own, KeyPositions.None, SetName, "Names the connection.") { Since = "2.6.9", Complexity = "O(1)" },
            new("SETINFO", 4, Own, KeyPositions.None, SetInformation, "Tells the server the client's library and its version.") { Since = "7.2.0", Complexity = "O(1)" },
            new("INFO", 2, Own, KeyPositions.None, Information, "Describes the connection.") { Since = "6.2.0", Complexity = "O(1)" },
            new("LIST", -2, Others, KeyPositions.None, List, "Describes connections.") { Since = "2.4.0", Complexity = "O(n) for n connections" },
            new("KILL", -3, Others, KeyPositions.None, ClientKillCommand.Run, "Ends connections.") { Since = "2.4.0", Complexity = "O(n) for n connections" },
            new("PAUSE", -3, Others, KeyPositions.None, Pause, "Lets all clients' commands wait for a while.") { Since = "2.9.50", Complexity = "O(1)" },
            new("UNPAUSE", 2, Others, KeyPositions.None, Unpause, "Ends a pause.") { Since = "6.2.0", Complexity = "O(n) for n waiting connections" },
            new("UNBLOCK", -3, Others, KeyPositions.None, Unblock, "Ends the wait of another client's command.") { Since = "5.0.0", Complexity = "O(1)" },
            new("REPLY", 3, Own, KeyPositions.None, Reply, "Switches replies off and on.") { Since = "3.2.0", Complexity = "O(1)" },
            new("NO-EVICT", 3, Others, KeyPositions.None, NoEvict, "Excludes the connection from being ended for want of memory.") { Since = "7.0.0", Complexity = "O(1)" },
            new("NO-TOUCH", 3, Own, KeyPositions.None, NoTouch, "Whether the connection's commands count as a use of keys.") { Since = "7.2.0", Complexity = "O(1)" },
            new("GETREDIR", 2, Own, KeyPositions.None, (context, in _) => Integer(context, -1), "Tells where invalidation messages go: nowhere.") { Since = "6.0.0", Complexity = "O(1)" },
            new("TRACKINGINFO", 2, Own, KeyPositions.None, TrackingInformation, "Describes the tracking of keys: there is none.") { Since = "6.2.0", Complexity = "O(1)" },
            new("TRACKING", -3, Own, KeyPositions.None, Tracking, "Switches the tracking of keys, which this server has not.") { Since = "6.0.0", Complexity = "O(1)" },
            new("CACHING", 3, Own, KeyPositions.None, Caching, "Part of the tracking of keys.") { Since = "6.0.0", Complexity = "O(1)" },
            new("HELP", 2, Loading | Stale, KeyPositions.None, Help, "Lists the subcommands.") { Since = "5.0.0", Complexity = "O(1)" }),
    ];

    /// <summary>Reads a kind of client by its name.</summary>
    public static ClientKind? KindOf(ReadOnlySpan<byte> name) => Encoding.Latin1.GetString(name).ToLowerInvariant() switch
    {
        "normal" => ClientKind.Normal,
        "slave" or "replica" => ClientKind.Replica,
        "pubsub" => ClientKind.PubSub,
        "master" => ClientKind.Master,
        _ => null,
    };

    public static CommandError UnknownKind(ReadOnlySpan<byte> name) => new($"Unknown client type '{Encoding.Latin1.GetString(name)}'");

    private static CommandError? Integer(CommandContext context, long number)
    {
        context.Reply.Integer(number);
        return null;
    }

    private static CommandError? GetName(CommandContext context, scoped in CommandArguments arguments)
    {
        if (context.Client().Name.Length == 0)
        {
            context.Reply.Null();
        }
        else
        {
            context.Reply.Bulk(context.Client().Name);
        }

        return null;
    }

    private static CommandError? SetName(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!ConnectionCommands.IsName(arguments[2]))
        {
            return NotAName;
        }

        context.Client().Name = Encoding.ASCII.GetString(arguments[2]);
        context.Reply.Ok();
        return null;
    }

    private static CommandError? SetInformation(CommandContext context, scoped in CommandArguments arguments)
    {
        bool isName = arguments.Is(2, "LIB-NAME"u8);
        if (!isName && !arguments.Is(2, "LIB-VER"u8))
        {
            return new CommandError($"Unrecognized option '{Encoding.Latin1.GetString(arguments[2])}'");
        }

        if (!ConnectionCommands.IsName(arguments[3]))
        {
            return new CommandError($"{(isName ? "lib-name" : "lib-ver")} cannot contain spaces, newlines or special characters.");
        }

        string value = Encoding.ASCII.GetString(arguments[3]);
        ClientContext client = context.Client();
        client.LibraryName = isName ? value : client.LibraryName;
        client.LibraryVersion = isName ? client.LibraryVersion : value;
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Information(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Verbatim("txt"u8, Encoding.UTF8.GetBytes(context.Client().Describe(context.Client()) + "\n"));
        return null;
    }

    private static CommandError? List(CommandContext context, scoped in CommandArguments arguments)
    {
        Func<ClientContext, bool> isWanted = static _ => true;
        if (arguments.Count == 4 && arguments.Is(2, "TYPE"u8))
        {
            if (KindOf(arguments[3]) is not { } kind)
            {
                return UnknownKind(arguments[3]);
            }

            isWanted = client => client.Kind == kind;
        }
        else if (arguments.Count > 3 && arguments.Is(2, "ID"u8))
        {
            var ids = new HashSet<long>();
            for (int i = 3; i < arguments.Count; i++)
            {
                if (!arguments.TryInteger(i, out long id) || id < 1)
                {
                    return new CommandError("Invalid client ID");
                }

                ids.Add(id);
            }

            isWanted = client => ids.Contains(client.Id);
        }
        else if (arguments.Count != 2)
        {
            return CommandError.Syntax;
        }

        var lines = new StringBuilder();
        foreach (RespConnection connection in context.Client().Server.Clients.All)
        {
            if (isWanted(connection.Context))
            {
                lines.Append(connection.Context.Describe(context.Client())).Append('\n');
            }
        }

        context.Reply.Verbatim("txt"u8, Encoding.UTF8.GetBytes(lines.ToString()));
        return null;
    }

    private static CommandError? Pause(CommandContext context, scoped in CommandArguments arguments)
    {
        PauseMode mode = PauseMode.All;
        if (arguments.Count == 4)
        {
            if (!arguments.Is(3, "WRITE"u8) && !arguments.Is(3, "ALL"u8))
            {
                return new CommandError("CLIENT PAUSE mode must be WRITE or ALL");
            }

            mode = arguments.Is(3, "WRITE"u8) ? PauseMode.Write : PauseMode.All;
        }
        else if (arguments.Count > 4)
        {
            return CommandError.Syntax;
        }

        if (!arguments.TryInteger(2, out long milliseconds))
        {
            return new CommandError("timeout is not an integer or out of range");
        }

        if (milliseconds < 0)
        {
            return new CommandError("timeout is negative");
        }

        context.Client().Server.Pause.Begin(mode, milliseconds);
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Unpause(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Client().Server.Pause.End();
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Unblock(CommandContext context, scoped in CommandArguments arguments)
    {
        WaitOutcome outcome = WaitOutcome.TimedOut;
        if (arguments.Count == 4)
        {
            if (!arguments.Is(3, "TIMEOUT"u8) && !arguments.Is(3, "ERROR"u8))
            {
                return new CommandError("CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
            }

            outcome = arguments.Is(3, "ERROR"u8) ? WaitOutcome.Unblocked : WaitOutcome.TimedOut;
        }
        else if (arguments.Count > 4)
        {
            return CommandError.Syntax;
        }

        if (!arguments.TryInteger(2, out long id))
        {
            return CommandError.NotAnInteger;
        }

        context.Reply.Integer(context.Client().Server.Clients.Find(id)?.Unblock(outcome) == true ? 1 : 0);
        return null;
    }

    private static CommandError? Reply(CommandContext context, scoped in CommandArguments arguments)
    {
        ClientContext client = context.Client();
        if (arguments.Is(2, "ON"u8))
        {
            client.ReplyMode = ReplyMode.On;
            context.Reply.Ok();
        }
        else if (arguments.Is(2, "OFF"u8))
        {
            client.ReplyMode = ReplyMode.Off;
        }
        else if (arguments.Is(2, "SKIP"u8))
        {
            client.ReplyMode = client.ReplyMode == ReplyMode.Off ? ReplyMode.Off : ReplyMode.SkipNext;
        }
        else
        {
            return CommandError.Syntax;
        }

        return null;
    }

    private static CommandError? NoEvict(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.Is(2, "ON"u8) && !arguments.Is(2, "OFF"u8))
        {
            return CommandError.Syntax;
        }

        context.Client().IsNeverEvicted = arguments.Is(2, "ON"u8);
        context.Client().Server.ClientMemory.Demand();
        context.Reply.Ok();
        return null;
    }

    // Reads note a use in two bits that only the evictor looks at; there is no exact time of use that could be spared.
    private static CommandError? NoTouch(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.Is(2, "ON"u8) && !arguments.Is(2, "OFF"u8))
        {
            return CommandError.Syntax;
        }

        context.Reply.Ok();
        return null;
    }

    private static CommandError? TrackingInformation(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Map(3);
        context.Reply.Bulk("flags"u8);
        context.Reply.Set(1);
        context.Reply.Bulk("off"u8);
        context.Reply.Bulk("redirect"u8);
        context.Reply.Integer(-1);
        context.Reply.Bulk("prefixes"u8);
        context.Reply.Array(0);
        return null;
    }

    private static CommandError? Tracking(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count == 3 && arguments.Is(2, "OFF"u8))
        {
            context.Reply.Ok();
            return null;
        }

        return arguments.Is(2, "ON"u8) ? new CommandError("This server does not track keys for client-side caches") : CommandError.Syntax;
    }

    private static CommandError? Caching(CommandContext context, scoped in CommandArguments arguments) =>
        new("CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");

    private static CommandError? Help(CommandContext context, scoped in CommandArguments arguments) => ServerCommands.Help(
        context,
        "CLIENT",
        "GETNAME",
        "    The connection's name.",
        "GETREDIR",
        "    Where invalidation messages go: -1, there are none.",
        "ID",
        "    The connection's number.",
        "INFO",
        "    The connection's state, as in LIST.",
        "KILL <ip:port>",
        "    Ends one connection.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Ends all that match: ADDR, LADDR, ID, TYPE, USER, SKIPME.",
        "LIST [TYPE <type>] [ID <id> ...]",
        "    The state of connections, a line each.",
        "NO-EVICT (ON|OFF)",
        "    Whether maxmemory-clients never closes the connection.",
        "PAUSE <milliseconds> [WRITE|ALL]",
        "    Lets commands wait.",
        "REPLY (ON|OFF|SKIP)",
        "    Which replies are sent.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    What the client is built with.",
        "SETNAME <name>",
        "    Names the connection.",
        "TRACKINGINFO",
        "    Off: keys are not tracked.",
        "UNBLOCK <id> [TIMEOUT|ERROR]",
        "    Ends another client's wait.",
        "UNPAUSE",
        "    Ends a pause.");
}
