using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>XGROUP and XACK.</summary>
internal static class StreamGroupCommands
{
    private static readonly KeyPositions Second = new(2, 2, 1);

    private static readonly CommandError NotEntriesRead = new("value for ENTRIESREAD must be positive or -1");

    public static readonly Command[] Rows =
    [
        new("XGROUP", -2, CommandFlags.None, KeyPositions.None, Unknown, "Manages the consumer groups of a stream.")
        {
            Since = "5.0.0",
            Complexity = "Depends on the subcommand.",
            Subcommands =
            [
                new("CREATE", -5, CommandFlags.Write | CommandFlags.DenyOutOfMemory, Second, Create, "Creates a consumer group.") { Since = "5.0.0", Complexity = "O(1)" },
                new("SETID", -5, CommandFlags.Write, Second, SetLastId, "Sets the last ID that a group has got.") { Since = "5.0.0", Complexity = "O(1)" },
                new("DESTROY", 4, CommandFlags.Write, Second, Destroy, "Removes a consumer group.") { Since = "5.0.0", Complexity = "O(n) for n entries that are pending" },
                new("CREATECONSUMER", 5, CommandFlags.Write | CommandFlags.DenyOutOfMemory, Second, CreateConsumer, "Adds a consumer to a group.")
                {
                    Since = "6.2.0", Complexity = "O(1)",
                },
                new("DELCONSUMER", 5, CommandFlags.Write, Second, DeleteConsumer, "Removes a consumer from its group.") { Since = "5.0.0", Complexity = "O(1)" },
                new("HELP", 2, CommandFlags.Loading | CommandFlags.Stale, KeyPositions.None, Help, "The subcommands.") { Since = "5.0.0", Complexity = "O(1)" },
            ],
        },
        new("XACK", -4, CommandFlags.Write | CommandFlags.Fast, KeyPositions.One, Acknowledge, "Says that entries are done with: they are pending no more.")
        {
            Since = "5.0.0", Complexity = "O(log n) an entry",
        },
        .. StreamPendingCommands.Rows,
    ];

    /// <summary>A subcommand with options that it has not.</summary>
    internal static CommandError SubcommandSyntax(scoped in CommandArguments arguments) => new(
        $"unknown subcommand or wrong number of arguments for '{CommandError.Quoted(arguments[1])}'. " +
        $"Try {Encoding.Latin1.GetString(arguments.Name).ToUpperInvariant()} HELP.");

    internal static CommandError? Unknown(CommandContext context, scoped in CommandArguments arguments) => CommandError.WrongNumberOfArguments(arguments);

    // XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD n]
    private static CommandError? Create(CommandContext context, scoped in CommandArguments arguments)
    {
        if (ReadOptions(arguments, isCreate: true, out long entriesRead, out bool createsStream) is { } error)
        {
            return error;
        }

        arguments.Probe(2, out KeyProbe key);
        StreamId? after = null;
        bool isId = arguments[4] is [(byte)'$'] || TryStrict(arguments[4], out after);
        if (!isId || arguments.Count > 8)
        {
            if (!context.Streams.Groups.Exists(context.Database, key, default).Stream && !createsStream)
            {
                throw StreamErrors.NoSuchStream(key);
            }

            return arguments.Count > 8 ? SubcommandSyntax(arguments) : StreamArguments.NotAnId;
        }

        context.Streams.Groups.Create(context.Database, key, arguments[3], after, entriesRead, createsStream, ref context.Ticket);
        context.Reply.Ok();
        return null;
    }

    // XGROUP SETID key group id|$ [ENTRIESREAD n]
    private static CommandError? SetLastId(CommandContext context, scoped in CommandArguments arguments)
    {
        if (ReadOptions(arguments, isCreate: false, out long entriesRead, out _) is { } error)
        {
            return error;
        }

        arguments.Probe(2, out KeyProbe key);
        bool isEnd = arguments[4] is [(byte)'$'];
        bool isId = StreamArguments.TryId(arguments[4], 0, out StreamId id);
        if ((!isId && !isEnd) || arguments.Count > 7)
        {
            (bool hasStream, bool hasGroup) = context.Streams.Groups.Exists(context.Database, key, arguments[3]);
            if (!hasGroup)
            {
                throw hasStream ? StreamErrors.NoSuchGroup(key, arguments[3]) : StreamErrors.NoSuchStream(key);
            }

            return arguments.Count > 7 ? SubcommandSyntax(arguments) : StreamArguments.NotAnId;
        }

        context.Streams.Groups.SetLastId(context.Database, key, arguments[3], isEnd ? null : id, entriesRead, ref context.Ticket);
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Destroy(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        bool existed = context.Streams.Groups.Destroy(context.Database, key, arguments[3], ref context.Ticket);
        context.Reply.Integer(existed ? 1 : 0);
        return null;
    }

    private static CommandError? CreateConsumer(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        bool isNew = context.Streams.Groups.CreateConsumer(context.Database, key, arguments[3], arguments[4], ref context.Ticket);
        context.Reply.Integer(isNew ? 1 : 0);
        return null;
    }

    private static CommandError? DeleteConsumer(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        context.Reply.Integer(context.Streams.Groups.DeleteConsumer(context.Database, key, arguments[3], arguments[4], ref context.Ticket));
        return null;
    }

    private static CommandError? Acknowledge(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        if (StreamArguments.ReadIds(arguments, 3, out StreamId[] ids) is { } error)
        {
            if (context.Streams.Groups.Exists(context.Database, key, arguments[2]).Group)
            {
                return error;
            }

            ids = [];
        }

        context.Reply.Integer(context.Streams.Groups.Acknowledge(context.Database, key, arguments[2], ids, ref context.Ticket));
        return null;
    }

    private static CommandError? Help(CommandContext context, scoped in CommandArguments arguments)
    {
        CommandHelp.Write(context.Reply, "XGROUP",
        [
            "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <number>]",
            "    Creates a group that gets the entries behind <id>, or those that come from now on.",
            "    MKSTREAM creates the stream too if there is none; ENTRIESREAD says how many entries the group counts as read.",
            "CREATECONSUMER <key> <group> <consumer>", "    Adds a consumer.",
            "DELCONSUMER <key> <group> <consumer>", "    Removes a consumer and what is pending with it.",
            "DESTROY <key> <group>", "    Removes a group.",
            "SETID <key> <group> <id|$> [ENTRIESREAD <number>]", "    Lets a group go on behind <id>, or behind the last entry there is.",
        ]);
        return null;
    }

    private static bool TryStrict(ReadOnlySpan<byte> text, out StreamId? id)
    {
        bool isId = StreamArguments.TryStrictId(text, out StreamId read);
        id = read;
        return isId;
    }

    private static CommandError? ReadOptions(scoped in CommandArguments arguments, bool isCreate, out long entriesRead, out bool createsStream)
    {
        entriesRead = StreamGroup.Unknown;
        createsStream = false;
        for (int i = 5; i < arguments.Count; i++)
        {
            if (isCreate && arguments.Is(i, "MKSTREAM"u8))
            {
                createsStream = true;
            }
            else if (arguments.Is(i, "ENTRIESREAD"u8) && i + 1 < arguments.Count)
            {
                if (!arguments.TryInteger(++i, out entriesRead))
                {
                    return CommandError.NotAnInteger;
                }

                if (entriesRead < StreamGroup.Unknown)
                {
                    return NotEntriesRead;
                }
            }
            else
            {
                return SubcommandSyntax(arguments);
            }
        }

        return null;
    }
}
