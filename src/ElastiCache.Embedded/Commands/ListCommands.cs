using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on one list, and moves between two. Those that wait are in <see cref="BlockingListCommands"/>.</summary>
internal static class ListCommands
{
    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory;
    private const CommandFlags GrowsFast = Grows | CommandFlags.Fast;
    private const string PerElement = "O(1) an element";

    public static readonly Command[] Rows =
    [
        new("LPUSH", -3, GrowsFast, KeyPositions.One, (context, in arguments) => Push(context, arguments, atHead: true, onlyIfPresent: false), "Adds elements at the head of a list.") { Complexity = PerElement },
        new("RPUSH", -3, GrowsFast, KeyPositions.One, (context, in arguments) => Push(context, arguments, atHead: false, onlyIfPresent: false), "Adds elements at the tail of a list.") { Complexity = PerElement },
        new("LPUSHX", -3, GrowsFast, KeyPositions.One, (context, in arguments) => Push(context, arguments, atHead: true, onlyIfPresent: true), "Adds elements at the head of a list that exists.") { Since = "2.2.0", Complexity = PerElement },
        new("RPUSHX", -3, GrowsFast, KeyPositions.One, (context, in arguments) => Push(context, arguments, atHead: false, onlyIfPresent: true), "Adds elements at the tail of a list that exists.") { Since = "2.2.0", Complexity = PerElement },
        new("LPOP", -2, CommandFlags.Write | CommandFlags.Fast, KeyPositions.One, (context, in arguments) => Pop(context, arguments, fromHead: true), "Takes elements from the head of a list.") { Complexity = PerElement },
        new("RPOP", -2, CommandFlags.Write | CommandFlags.Fast, KeyPositions.One, (context, in arguments) => Pop(context, arguments, fromHead: false), "Takes elements from the tail of a list.") { Complexity = PerElement },
        new("LLEN", 2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPositions.One, Length, "The length of a list.") { Complexity = "O(1)" },
        new("LINDEX", 3, CommandFlags.ReadOnly, KeyPositions.One, Index, "An element of a list by its index.") { Complexity = "O(n) for n nodes" },
        new("LRANGE", 4, CommandFlags.ReadOnly, KeyPositions.One, Range, "A range of a list.") { Complexity = "O(n) for n elements" },
        new("LSET", 4, Grows, KeyPositions.One, Set, "Replaces an element of a list.") { Complexity = "O(n) for n nodes" },
        new("LTRIM", 4, CommandFlags.Write, KeyPositions.One, Trim, "Keeps a range of a list.") { Complexity = "O(n) for n elements dropped" },
        new("LINSERT", 5, Grows, KeyPositions.One, Insert, "Adds an element before or after another.") { Since = "2.2.0", Complexity = "O(n) for n elements passed" },
        new("LREM", 4, CommandFlags.Write, KeyPositions.One, Remove, "Removes elements that are equal to a value.") { Complexity = "O(n) for n elements" },
        new("LPOS", -3, CommandFlags.ReadOnly, KeyPositions.One, Positions, "The indexes of elements that are equal to a value.") { Since = "6.0.6", Complexity = "O(n) for n elements" },
        new("LMOVE", 5, Grows, KeyPositions.Two, Move, "Takes an element from one list and adds it to another.") { Since = "6.2.0", Complexity = "O(1)" },
        new("RPOPLPUSH", 3, Grows, KeyPositions.Two, PopAndPush, "Takes the tail of one list and adds it at the head of another.") { Since = "1.2.0", Complexity = "O(1)" },
        new("LMPOP", -4, CommandFlags.Write | CommandFlags.MovableKeys, KeyPositions.None, PopFromFirst, "Takes elements from the first of some lists that has any.")
        {
            Since = "7.0.0", Complexity = "O(n + m) for n lists and m elements", FindKeys = static (in arguments, positions) => CommandKeyPositions.FindCounted(arguments, positions, 1),
        },
    ];

    /// <summary>Reads LEFT or RIGHT.</summary>
    public static bool TryReadEnd(scoped in CommandArguments arguments, int index, out bool isHead)
    {
        isHead = arguments.Is(index, "LEFT"u8);
        return isHead || arguments.Is(index, "RIGHT"u8);
    }

    /// <summary>Reads what LMPOP and BLMPOP take after the timeout: <c>numkeys key … LEFT|RIGHT [COUNT count]</c>.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public static CommandError? ReadPopArguments(scoped in CommandArguments arguments, int countAt, out byte[][] keys, out bool fromHead, out long count) =>
        MultiPopArguments.Read(arguments, countAt, "LEFT"u8, "RIGHT"u8, out keys, out fromHead, out count);

    private static CommandError? Push(CommandContext context, scoped in CommandArguments arguments, bool atHead, bool onlyIfPresent)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Lists.Push(context.Database, key, new CommandNames(arguments, 2, arguments.Count - 2), atHead, onlyIfPresent, ref context.Ticket));
        return null;
    }

    private static CommandError? Pop(CommandContext context, scoped in CommandArguments arguments, bool fromHead)
    {
        if (arguments.Count > 3)
        {
            return CommandError.WrongNumberOfArguments(arguments);
        }

        arguments.Probe(1, out KeyProbe key);
        var sink = new ElementsInReply(context.Reply);
        if (arguments.Count == 2)
        {
            if (context.Lists.Pop(context.Database, key, fromHead, 1, ref sink, ref context.Ticket) < 0)
            {
                context.Reply.Null();
            }

            return null;
        }

        if (!arguments.TryInteger(2, out long count) || count < 0)
        {
            return CommandError.MustBePositive;
        }

        int start = context.Reply.Length;
        int mark = context.Reply.BeginAggregate();
        long popped = context.Lists.Pop(context.Database, key, fromHead, count, ref sink, ref context.Ticket);
        if (popped < 0)
        {
            context.Reply.CutBack(start);
            context.Reply.NullArray();
        }
        else
        {
            context.Reply.EndArray(mark, (int)popped);
        }

        return null;
    }

    private static CommandError? Length(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Lists.Length(context.Database, key));
        return null;
    }

    private static CommandError? Index(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        if (!arguments.TryInteger(2, out long index))
        {
            // Redis looks at the key first.
            return context.Lists.Length(context.Database, key) == 0 ? NullReply(context) : CommandError.NotAnInteger;
        }

        var sink = new ElementsInReply(context.Reply);
        if (!context.Lists.TryGet(context.Database, key, index, ref sink))
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? NullReply(CommandContext context)
    {
        context.Reply.Null();
        return null;
    }

    private static CommandError? Range(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long start) || !arguments.TryInteger(3, out long end))
        {
            return CommandError.NotAnInteger;
        }

        arguments.Probe(1, out KeyProbe key);
        var sink = new ElementsInReply(context.Reply);
        int mark = context.Reply.BeginAggregate();
        long count = context.Lists.Range(context.Database, key, start, end, ref sink);
        context.Reply.EndArray(mark, (int)count);
        return null;
    }

    private static CommandError? Set(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        if (!arguments.TryInteger(2, out long index))
        {
            return context.Lists.Length(context.Database, key) == 0 ? CommandError.NoSuchKey : CommandError.NotAnInteger;
        }

        switch (context.Lists.Set(context.Database, key, index, arguments[3], ref context.Ticket))
        {
            case ListOutcome.NoSuchKey:
                return CommandError.NoSuchKey;
            case ListOutcome.NoSuchElement:
                return new CommandError("index out of range");
            default:
                context.Reply.Ok();
                return null;
        }
    }

    private static CommandError? Trim(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long start) || !arguments.TryInteger(3, out long end))
        {
            return CommandError.NotAnInteger;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Lists.Trim(context.Database, key, start, end, ref context.Ticket);
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Insert(CommandContext context, scoped in CommandArguments arguments)
    {
        bool behind = arguments.Is(2, "AFTER"u8);
        if (!behind && !arguments.Is(2, "BEFORE"u8))
        {
            return CommandError.Syntax;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Lists.Insert(context.Database, key, behind, arguments[3], arguments[4], ref context.Ticket));
        return null;
    }

    private static CommandError? Remove(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long count))
        {
            return CommandError.NotAnInteger;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Lists.Remove(context.Database, key, count, arguments[3], ref context.Ticket));
        return null;
    }

    private static CommandError? Positions(CommandContext context, scoped in CommandArguments arguments)
    {
        long rank = 1, count = -1, mostCompared = 0;
        for (int i = 3; i < arguments.Count; i += 2)
        {
            bool hasValue = i + 1 < arguments.Count;
            if (hasValue && arguments.Is(i, "RANK"u8))
            {
                if (!arguments.TryInteger(i + 1, out rank))
                {
                    return CommandError.NotAnInteger;
                }

                if (rank == 0)
                {
                    return new CommandError(
                        "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list");
                }
            }
            else if (hasValue && arguments.Is(i, "COUNT"u8))
            {
                if (!arguments.TryInteger(i + 1, out count) || count < 0)
                {
                    return new CommandError("COUNT can't be negative");
                }
            }
            else if (hasValue && arguments.Is(i, "MAXLEN"u8))
            {
                if (!arguments.TryInteger(i + 1, out mostCompared) || mostCompared < 0)
                {
                    return new CommandError("MAXLEN can't be negative");
                }
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        // Negated, the least of all overflows in Redis 7.0, which then begins with the first match from the tail and finds no count reached.
        if (rank == long.MinValue)
        {
            (rank, count) = (-1, Math.Min(count, 0));
        }

        arguments.Probe(1, out KeyProbe key);
        List<long> positions = context.Lists.Positions(context.Database, key, arguments[2], rank, count < 0 ? 1 : count, mostCompared);
        if (count >= 0)
        {
            context.Reply.Array(positions.Count);
            positions.ForEach(context.Reply.Integer);
        }
        else if (positions.Count > 0)
        {
            context.Reply.Integer(positions[0]);
        }
        else
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? Move(CommandContext context, scoped in CommandArguments arguments) =>
        TryReadEnd(arguments, 3, out bool fromHead) && TryReadEnd(arguments, 4, out bool toHead)
            ? Move(context, arguments, fromHead, toHead)
            : CommandError.Syntax;

    private static CommandError? PopAndPush(CommandContext context, scoped in CommandArguments arguments) =>
        Move(context, arguments, fromHead: false, toHead: true);

    private static CommandError? Move(CommandContext context, scoped in CommandArguments arguments, bool fromHead, bool toHead)
    {
        arguments.Probe(1, out KeyProbe source);
        arguments.Probe(2, out KeyProbe destination);
        var sink = new ElementsInReply(context.Reply);
        if (!context.Lists.Move(context.Database, source, destination, fromHead, toHead, ref sink, ref context.Ticket))
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? PopFromFirst(CommandContext context, scoped in CommandArguments arguments)
    {
        if (ReadPopArguments(arguments, 1, out byte[][] keys, out bool fromHead, out long count) is { } error)
        {
            return error;
        }

        var elements = new List<byte[]>();
        var sink = new Messaging.CollectedElements(elements);
        foreach (byte[] name in keys)
        {
            KeyProbe.Create(name, out KeyProbe key);
            if (context.Lists.Pop(context.Database, key, fromHead, count, ref sink, ref context.Ticket) > 0)
            {
                BlockingListCommands.WriteKeyAndElements(context.Reply, name, elements);
                return null;
            }
        }

        context.Reply.NullArray();
        return null;
    }
}

/// <summary>Writes elements into the reply.</summary>
internal readonly struct ElementsInReply(RespWriter reply) : IElementSink
{
    public void Take(scoped ReadOnlySpan<byte> element) => reply.Bulk(element);
}
