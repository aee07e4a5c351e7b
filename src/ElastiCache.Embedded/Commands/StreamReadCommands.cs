using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>XREAD and XREADGROUP, which may wait.</summary>
internal static class StreamReadCommands
{
    // A client that waited is not served all of a huge stream because its ID is old.
    private const long CountAfterWait = 1000;

    private static readonly CommandError Unbalanced =
        new("Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");

    public static readonly Command[] Rows =
    [
        new("XREAD", -4, CommandFlags.ReadOnly | CommandFlags.Blocking | CommandFlags.MovableKeys, KeyPositions.None, Read,
            "Entries behind an ID, of one or more streams; waits for them if asked to.")
        {
            Since = "5.0.0", Complexity = "O(n) for n entries that are returned", FindKeys = FindKeys,
        },
        new("XREADGROUP", -7, CommandFlags.Write | CommandFlags.Blocking | CommandFlags.MovableKeys, KeyPositions.None, Read,
            "Entries that are new to a group, or pending with one of its consumers; waits for new ones if asked to.")
        {
            Since = "5.0.0", Complexity = "O(n) for n entries that are returned", FindKeys = FindKeys,
        },
    ];

    /// <summary>XREAD [COUNT n] [BLOCK ms] STREAMS key … id …; XREADGROUP GROUP group consumer [COUNT n] [BLOCK ms] [NOACK] STREAMS key … id …</summary>
    private static CommandError? Read(CommandContext context, scoped in CommandArguments arguments)
    {
        bool isGroup = arguments.Name.Length == "XREADGROUP".Length;
        if (ReadOptions(arguments, isGroup, out Options options) is { } error)
        {
            return error;
        }

        var cursors = new StreamCursor[options.Streams];
        for (int i = 0; i < cursors.Length; i++)
        {
            if (ReadCursor(arguments[options.FirstKey + cursors.Length + i], isGroup, out cursors[i]) is { } notACursor)
            {
                RequireKeys(context, arguments, options, i);
                return notACursor;
            }
        }

        var keys = new CommandKeys(arguments.Until(options.FirstKey + options.Streams), options.FirstKey, 1);
        if (Array.Exists(cursors, cursor => cursor.Start == StreamStart.End))
        {
            context.Streams.Reads.Resolve(context.Database, keys, cursors);
        }

        int start = context.Reply.Length;
        int mark = context.Reply.BeginAggregate();
        var sink = new StreamReply(context.Reply);
        int served = isGroup
            ? context.Streams.Reads.ReadAs(context.Database, keys, cursors, Reader(arguments, options), options.Count, ref sink, ref context.Ticket)
            : context.Streams.Reads.Read(context.Database, keys, cursors, options.Count, ref sink);
        if (served > 0)
        {
            End(context.Reply, mark, served);
            return null;
        }

        context.Reply.CutBack(start);
        if (!options.Waits || context.DeniesWaiting)
        {
            context.Reply.NullArray();
            return null;
        }

        Wait(context, arguments, options, cursors, isGroup);
        return null;
    }

    private static void Wait(CommandContext context, scoped in CommandArguments arguments, in Options options, StreamCursor[] cursors, bool isGroup)
    {
        byte[][] keys = arguments.Copy(options.FirstKey, options.Streams);

        long count = options.Count == 0 ? CountAfterWait : options.Count;
        var reply = new RespWriter { Protocol = context.Reply.Protocol };
        StreamReadAttempt attempt = isGroup
            ? new GroupReadAttempt(context.Streams.Reads, context.Database, keys, arguments[options.Group].ToArray(), arguments[options.Group + 1].ToArray(), options.IsNoAck, count, reply)
            : new StreamReadAttempt(context.Streams.Reads, context.Database, keys, cursors, count, reply);
        WaitingCommand.Run(context, keys, attempt, options.Timeout, (waiting, isServed) =>
        {
            if (isServed)
            {
                waiting.Reply.Raw(reply.Written);
            }
            else
            {
                waiting.Reply.NullArray();
            }
        });
    }

    /// <summary>Ends the reply: in RESP3 a map.</summary>
    internal static void End(RespWriter reply, int mark, int streams)
    {
        if (reply.Protocol < 3)
        {
            reply.EndArray(mark, streams);
        }
        else
        {
            reply.EndMap(mark, streams);
        }
    }

    private static GroupReader Reader(CommandArguments arguments, in Options options) =>
        new(arguments[options.Group], arguments[options.Group + 1], options.IsNoAck);

    private static CommandError? ReadOptions(scoped in CommandArguments arguments, bool isGroup, out Options options)
    {
        options = default;
        for (int i = 1; i < arguments.Count; i++)
        {
            int more = arguments.Count - i - 1;
            if (more > 0 && arguments.Is(i, "BLOCK"u8))
            {
                options.Waits = true;
                if (ReadTimeout(arguments, ++i, out options.Timeout) is { } error)
                {
                    return error;
                }
            }
            else if (more > 0 && arguments.Is(i, "COUNT"u8))
            {
                if (!arguments.TryInteger(++i, out options.Count))
                {
                    return CommandError.NotAnInteger;
                }

                options.Count = Math.Max(0, options.Count);
            }
            else if (more > 0 && arguments.Is(i, "STREAMS"u8))
            {
                options.FirstKey = i + 1;
                options.Streams = more / 2;
                if (more % 2 != 0)
                {
                    return Unbalanced;
                }

                break;
            }
            else if (more > 1 && arguments.Is(i, "GROUP"u8))
            {
                if (!isGroup)
                {
                    return new CommandError("The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
                }

                options.Group = i + 1;
                i += 2;
            }
            else if (arguments.Is(i, "NOACK"u8))
            {
                if (!isGroup)
                {
                    return new CommandError("The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
                }

                options.IsNoAck = true;
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        return options.FirstKey == 0 ? CommandError.Syntax
            : isGroup && options.Group == 0 ? new CommandError("Missing GROUP option for XREADGROUP")
            : null;
    }

    private static CommandError? ReadTimeout(scoped in CommandArguments arguments, int index, out TimeSpan? timeout)
    {
        timeout = null;
        if (!arguments.TryInteger(index, out long milliseconds))
        {
            return new CommandError("timeout is not an integer or out of range");
        }

        if (milliseconds < 0)
        {
            return new CommandError("timeout is negative");
        }

        if (milliseconds > long.MaxValue - DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            return new CommandError("timeout is out of range");
        }

        timeout = milliseconds == 0 ? null : TimeSpan.FromMilliseconds(Math.Min(milliseconds, (long)TimeSpan.MaxValue.TotalMilliseconds / 2));
        return null;
    }

    private static CommandError? ReadCursor(ReadOnlySpan<byte> text, bool isGroup, out StreamCursor cursor)
    {
        cursor = text is [(byte)'$'] ? StreamCursor.End : StreamCursor.New;
        if (text is [(byte)'$'])
        {
            return !isGroup ? null : new CommandError(
                "The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get " +
                "new messages. The $ ID would just return an empty result set.");
        }

        if (text is [(byte)'>'])
        {
            return isGroup ? null : new CommandError("The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.");
        }

        bool isId = StreamArguments.TryStrictId(text, out StreamId id);
        cursor = isGroup && id == StreamId.Max ? StreamCursor.New : StreamCursor.Behind(id);
        return isId ? null : StreamArguments.NotAnId;
    }

    /// <summary>Redis looks at key and ID in turns, so what is wrong with the keys up to an ID comes before what is wrong with the ID.</summary>
    private static void RequireKeys(CommandContext context, scoped in CommandArguments arguments, in Options options, int last)
    {
        for (int i = 0; i <= last; i++)
        {
            arguments.Probe(options.FirstKey + i, out KeyProbe key);
            ReadOnlySpan<byte> group = options.Group == 0 ? default : arguments[options.Group];
            if (!context.Streams.Groups.Exists(context.Database, key, group).Group && options.Group != 0)
            {
                throw StreamErrors.NoSuchKeyOrGroup(key, group, StreamErrors.InReadGroup);
            }
        }
    }

    private static bool FindKeys(scoped in CommandArguments arguments, List<int> positions)
    {
        for (int i = 1; i < arguments.Count; i++)
        {
            if (arguments.Is(i, "STREAMS"u8))
            {
                int streams = (arguments.Count - i - 1) / 2;
                for (int key = 1; key <= streams; key++)
                {
                    positions.Add(i + key);
                }

                return streams > 0;
            }
        }

        return false;
    }

    private struct Options
    {
        public bool Waits;
        public TimeSpan? Timeout;
        public long Count;
        public int FirstKey;
        public int Streams;
        public int Group;       // its argument, the consumer's follows; 0 for none
        public bool IsNoAck;
    }
}
