using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on sets.</summary>
internal static class SetCommands
{
    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory;
    private const CommandFlags Shrinks = CommandFlags.Write | CommandFlags.Fast;
    private const CommandFlags Looks = CommandFlags.ReadOnly | CommandFlags.Fast;
    private const string CombinationCost = "O(n*m) for n members in the smallest of m sets";

    // As for HRANDFIELD: the shard is locked meanwhile.
    private const long MostDraws = 1 << 24;

    public static readonly Command[] Rows =
    [
        new("SADD", -3, Grows | CommandFlags.Fast, KeyPositions.One, Add, "Adds members to a set.") { Since = "1.0.0", Complexity = "O(n) for n members" },
        new("SREM", -3, Shrinks, KeyPositions.One, Remove, "Removes members, and the key with the last of them.") { Since = "1.0.0", Complexity = "O(n) for n members" },
        new("SISMEMBER", 3, Looks, KeyPositions.One, Contains, "Tells whether a member is there.") { Since = "1.0.0", Complexity = "O(1)" },
        new("SMISMEMBER", -3, Looks, KeyPositions.One, ContainsMany, "Tells which members are there.") { Since = "6.2.0", Complexity = "O(n) for n members" },
        new("SCARD", 2, Looks, KeyPositions.One, Count, "Gets the number of members.") { Since = "1.0.0", Complexity = "O(1)" },
        new("SMEMBERS", 2, CommandFlags.ReadOnly, KeyPositions.One, All, "Gets all members.") { Since = "1.0.0", Complexity = "O(n) for a set of n members" },
        new("SPOP", -2, Shrinks, KeyPositions.One, Pop, "Draws members by lot and removes them.") { Since = "1.0.0", Complexity = "O(n) for n members drawn" },
        new("SRANDMEMBER", -2, CommandFlags.ReadOnly, KeyPositions.One, Draw, "Draws members by lot.") { Since = "1.0.0", Complexity = "O(n) for n members drawn" },
        new("SMOVE", 4, Shrinks, KeyPositions.Two, Move, "Moves a member from one set to another.") { Since = "1.0.0", Complexity = "O(1)" },
        new("SINTER", -2, CommandFlags.ReadOnly, KeyPositions.All, (context, in arguments) => Combine(context, arguments, SetCombination.Intersection), "Gets what is in all sets.")
        {
            Since = "1.0.0", Complexity = CombinationCost,
        },
        new("SINTERSTORE", -3, Grows, KeyPositions.All, (context, in arguments) => Store(context, arguments, SetCombination.Intersection), "Stores what is in all sets.")
        {
            Since = "1.0.0", Complexity = CombinationCost,
        },
        new("SINTERCARD", -3, CommandFlags.ReadOnly | CommandFlags.MovableKeys, KeyPositions.None, CountIntersection, "Gets the number of members that are in all sets.")
        {
            Since = "7.0.0", Complexity = CombinationCost, FindKeys = (in arguments, positions) => CommandKeyPositions.FindCounted(arguments, positions, 1),
        },
        new("SUNION", -2, CommandFlags.ReadOnly, KeyPositions.All, (context, in arguments) => Combine(context, arguments, SetCombination.Union), "Gets what is in any set.")
        {
            Since = "1.0.0", Complexity = "O(n) for n members in all sets",
        },
        new("SUNIONSTORE", -3, Grows, KeyPositions.All, (context, in arguments) => Store(context, arguments, SetCombination.Union), "Stores what is in any set.")
        {
            Since = "1.0.0", Complexity = "O(n) for n members in all sets",
        },
        new("SDIFF", -2, CommandFlags.ReadOnly, KeyPositions.All, (context, in arguments) => Combine(context, arguments, SetCombination.Difference), "Gets what is in the first set and in no other.")
        {
            Since = "1.0.0", Complexity = "O(n) for n members in all sets",
        },
        new("SDIFFSTORE", -3, Grows, KeyPositions.All, (context, in arguments) => Store(context, arguments, SetCombination.Difference), "Stores what is in the first set and in no other.")
        {
            Since = "1.0.0", Complexity = "O(n) for n members in all sets",
        },
        new("SSCAN", -3, CommandFlags.ReadOnly, KeyPositions.One, Scan, "Walks over the members in steps.") { Since = "2.8.0", Complexity = "O(1) a step" },
    ];

    private static CommandError? Add(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Sets.Add(context.Database, key, NamesOf(arguments), ref context.Ticket));
        return null;
    }

    private static CommandError? Remove(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Sets.Remove(context.Database, key, NamesOf(arguments), ref context.Ticket));
        return null;
    }

    private static CommandError? Contains(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Sets.Contains(context.Database, key, arguments[2]) ? 1 : 0);
        return null;
    }

    private static CommandError? ContainsMany(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Array(arguments.Count - 2);
        var reply = new YesNoReply(context.Reply);
        context.Sets.Contains(context.Database, key, NamesOf(arguments), ref reply);
        return null;
    }

    private static CommandError? Count(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Sets.Count(context.Database, key));
        return null;
    }

    private static CommandError? All(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var reply = new NameReply(context.Reply);
        int mark = context.Reply.BeginAggregate();
        context.Reply.EndSet(mark, context.Sets.Walks.All(context.Database, key, ref reply));
        return null;
    }

    private static CommandError? Pop(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count > 3)
        {
            return CommandError.Syntax;
        }

        long count = 1;
        if (arguments.Count == 3 && (!arguments.TryInteger(2, out count) || count < 0))
        {
            return CommandError.MustBePositive;
        }

        arguments.Probe(1, out KeyProbe key);
        var reply = new NameReply(context.Reply);
        if (arguments.Count == 3)
        {
            int mark = context.Reply.BeginAggregate();
            context.Reply.EndSet(mark, (int)context.Sets.Walks.Pop(context.Database, key, count, ref reply, ref context.Ticket));
        }
        else if (context.Sets.Walks.Pop(context.Database, key, 1, ref reply, ref context.Ticket) == 0)
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? Draw(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count > 3)
        {
            return CommandError.Syntax;
        }

        long count = 1;
        if (arguments.Count == 3 && HashCommands.ReadCount(arguments, 2, out count) is { } error)
        {
            return error;
        }

        if (count < -MostDraws)
        {
            return CommandError.OutOfRange;
        }

        arguments.Probe(1, out KeyProbe key);
        var reply = new NameReply(context.Reply);
        if (arguments.Count == 3)
        {
            int mark = context.Reply.BeginAggregate();
            context.Reply.EndArray(mark, (int)context.Sets.Walks.Draw(context.Database, key, Math.Abs(count), mayRepeat: count < 0, ref reply));
        }
        else if (context.Sets.Walks.Draw(context.Database, key, 1, mayRepeat: false, ref reply) == 0)
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? Move(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe source);
        arguments.Probe(2, out KeyProbe destination);
        context.Reply.Integer(context.Sets.Move(context.Database, source, destination, arguments[3], ref context.Ticket) ? 1 : 0);
        return null;
    }

    private static CommandError? Combine(CommandContext context, scoped in CommandArguments arguments, SetCombination combination)
    {
        var reply = new NameReply(context.Reply);
        int mark = context.Reply.BeginAggregate();
        context.Reply.EndSet(mark, (int)context.Sets.Algebra.Combine(context.Database, arguments.Keys(1), combination, ref reply));
        return null;
    }

    private static CommandError? Store(CommandContext context, scoped in CommandArguments arguments, SetCombination combination)
    {
        arguments.Probe(1, out KeyProbe destination);
        context.Reply.Integer(context.Sets.Algebra.Store(context.Database, destination, arguments.Keys(2), combination, ref context.Ticket));
        return null;
    }

    private static CommandError? CountIntersection(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(1, out long keys) || keys < 1)
        {
            return new CommandError("numkeys should be greater than 0");
        }

        if (keys > arguments.Count - 2)
        {
            return new CommandError("Number of keys can't be greater than number of args");
        }

        long limit = 0;
        for (int i = 2 + (int)keys; i < arguments.Count; i += 2)
        {
            if (!arguments.Is(i, "LIMIT"u8) || i + 1 == arguments.Count)
            {
                return CommandError.Syntax;
            }

            if (!arguments.TryInteger(i + 1, out limit) || limit < 0)
            {
                return new CommandError("LIMIT can't be negative");
            }
        }

        var nobody = default(NoReply);
        context.Reply.Integer(context.Sets.Algebra.Combine(
            context.Database, new CountedKeys(arguments, 2, (int)keys), SetCombination.Intersection, ref nobody, limit == 0 ? long.MaxValue : limit));
        return null;
    }

    private static CommandError? Scan(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!ScanCursor.TryParse(arguments[2], out ulong cursor))
        {
            return ScanCursor.Invalid;
        }

        // Redis looks for the key before it looks at the options.
        arguments.Probe(1, out KeyProbe key);
        if (ScanCursor.ReadOptions(arguments, 3, takesType: false, out ScanOptionsRead options) is { } error && context.Sets.Count(context.Database, key) > 0)
        {
            return error;
        }

        var found = new CountedNameReply(context.Reply);
        var reply = new MemberScanReply(context.Reply);
        ulong next = context.Sets.Walks.Scan(context.Database, key, cursor, options.ToArguments(arguments), ref found);
        reply.End(found.Count, next);
        return null;
    }

    private static CommandNames NamesOf(in CommandArguments arguments) => new(arguments, 2, arguments.Count - 2);

    private readonly struct YesNoReply(RespWriter reply) : IFieldResultSink<bool>
    {
        public void Take(bool result) => reply.Integer(result ? 1 : 0);
    }

    private readonly struct NoReply : IFieldSink
    {
        public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
        {
            // Only their number is wanted.
        }
    }
}
