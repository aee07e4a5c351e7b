using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on hashes.</summary>
internal static class HashCommands
{
    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory | CommandFlags.Fast;
    private const CommandFlags Looks = CommandFlags.ReadOnly | CommandFlags.Fast;

    // Redis would go on until the connection's output buffer is full; here the shard is locked meanwhile.
    private const long MostDraws = 1 << 24;

    public static readonly Command[] Rows =
    [
        new("HSET", -4, Grows, KeyPositions.One, Set, "Sets fields of a hash.") { Since = "2.0.0", Complexity = "O(n) for n fields" },
        new("HMSET", -4, Grows, KeyPositions.One, SetMany, "Sets fields of a hash.") { Since = "2.0.0", Complexity = "O(n) for n fields" },
        new("HSETNX", 4, Grows, KeyPositions.One, SetIfAbsent, "Sets a field of a hash if it isn't there.") { Since = "2.0.0", Complexity = "O(1)" },
        new("HGET", 3, Looks, KeyPositions.One, Get, "Gets the value of a field.") { Since = "2.0.0", Complexity = "O(1)" },
        new("HMGET", -3, Looks, KeyPositions.One, GetMany, "Gets the values of fields.") { Since = "2.0.0", Complexity = "O(n) for n fields" },
        new("HGETALL", 2, CommandFlags.ReadOnly, KeyPositions.One, GetAll, "Gets all fields and values.") { Since = "2.0.0", Complexity = "O(n) for a hash of n fields" },
        new("HKEYS", 2, CommandFlags.ReadOnly, KeyPositions.One, Fields, "Gets all fields.") { Since = "2.0.0", Complexity = "O(n) for a hash of n fields" },
        new("HVALS", 2, CommandFlags.ReadOnly, KeyPositions.One, Values, "Gets all values.") { Since = "2.0.0", Complexity = "O(n) for a hash of n fields" },
        new("HLEN", 2, Looks, KeyPositions.One, Count, "Gets the number of fields.") { Since = "2.0.0", Complexity = "O(1)" },
        new("HEXISTS", 3, Looks, KeyPositions.One, Exists, "Tells whether a field is there.") { Since = "2.0.0", Complexity = "O(1)" },
        new("HSTRLEN", 3, Looks, KeyPositions.One, ValueLength, "Gets the length of a field's value.") { Since = "3.2.0", Complexity = "O(1)" },
        new("HDEL", -3, CommandFlags.Write | CommandFlags.Fast, KeyPositions.One, Delete, "Removes fields, and the key with the last of them.")
        {
            Since = "2.0.0", Complexity = "O(n) for n fields",
        },
        new("HINCRBY", 4, Grows, KeyPositions.One, Increment, "Adds to the integer in a field.") { Since = "2.0.0", Complexity = "O(1)" },
        new("HINCRBYFLOAT", 4, Grows, KeyPositions.One, IncrementFloat, "Adds to the number in a field.") { Since = "2.6.0", Complexity = "O(1)" },
        new("HRANDFIELD", -2, CommandFlags.ReadOnly, KeyPositions.One, Draw, "Draws fields by lot.") { Since = "6.2.0", Complexity = "O(n) for n fields drawn" },
        new("HSCAN", -3, CommandFlags.ReadOnly, KeyPositions.One, Scan, "Walks over the fields in steps.") { Since = "2.8.0", Complexity = "O(1) a step" },
        .. HashExpiryCommands.Rows,
        .. HashExchangeCommands.Rows,
    ];

    private static CommandError? Set(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count % 2 != 0)
        {
            return CommandError.WrongNumberOfArguments(arguments);
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Hashes.Set(context.Database, key, PairsOf(arguments), ref context.Ticket));
        return null;
    }

    private static CommandError? SetMany(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count % 2 != 0)
        {
            return CommandError.WrongNumberOfArguments(arguments);
        }

        arguments.Probe(1, out KeyProbe key);
        context.Hashes.Set(context.Database, key, PairsOf(arguments), ref context.Ticket);
        context.Reply.Ok();
        return null;
    }

    private static CommandError? SetIfAbsent(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Hashes.SetIfAbsent(context.Database, key, arguments[2], arguments[3], ref context.Ticket) ? 1 : 0);
        return null;
    }

    private static CommandError? Get(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var reply = new ValueReply(context.Reply);
        context.Hashes.Get(context.Database, key, new OneName(arguments[2]), ref reply);
        return null;
    }

    private static CommandError? GetMany(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var reply = new ValueReply(context.Reply);
        context.Reply.Array(arguments.Count - 2);
        context.Hashes.Get(context.Database, key, NamesOf(arguments), ref reply);
        return null;
    }

    private static CommandError? GetAll(CommandContext context, scoped in CommandArguments arguments)
    {
        int mark = context.Reply.BeginAggregate();
        context.Reply.EndMap(mark, All(context, arguments, new PairReply(context.Reply)));
        return null;
    }

    private static CommandError? Fields(CommandContext context, scoped in CommandArguments arguments)
    {
        int mark = context.Reply.BeginAggregate();
        context.Reply.EndArray(mark, All(context, arguments, new NameReply(context.Reply)));
        return null;
    }

    private static CommandError? Values(CommandContext context, scoped in CommandArguments arguments)
    {
        int mark = context.Reply.BeginAggregate();
        context.Reply.EndArray(mark, All(context, arguments, new ValueReply(context.Reply)));
        return null;
    }

    private static int All<TReply>(CommandContext context, scoped in CommandArguments arguments, TReply reply)
        where TReply : struct, IFieldSink
    {
        arguments.Probe(1, out KeyProbe key);
        return context.Hashes.Walks.All(context.Database, key, ref reply);
    }

    private static CommandError? Count(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Hashes.Count(context.Database, key));
        return null;
    }

    private static CommandError? Exists(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Hashes.Contains(context.Database, key, arguments[2]) ? 1 : 0);
        return null;
    }

    private static CommandError? ValueLength(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(Math.Max(0, context.Hashes.ValueLength(context.Database, key, arguments[2])));
        return null;
    }

    private static CommandError? Delete(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Hashes.Remove(context.Database, key, NamesOf(arguments), ref context.Ticket));
        return null;
    }

    private static CommandError? Increment(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(3, out long by))
        {
            return CommandError.NotAnInteger;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Hashes.Numbers.Increment(context.Database, key, arguments[2], by, ref context.Ticket));
        return null;
    }

    private static CommandError? IncrementFloat(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        Span<byte> sum = stackalloc byte[NumberOperations.MaxFloatBytes];
        int length = context.Hashes.Numbers.IncrementFloat(context.Database, key, arguments[2], arguments[3], sum, ref context.Ticket);
        context.Reply.Bulk(sum[..length]);
        return null;
    }

    private static CommandError? Draw(CommandContext context, scoped in CommandArguments arguments)
    {
        RespWriter reply = context.Reply;
        if (arguments.Count == 2)
        {
            int start = reply.Length;
            if (DrawInto(context, arguments, 1, new NameReply(reply)) == 0)
            {
                reply.CutBack(start);
                reply.Null();
            }

            return null;
        }

        if (ReadCount(arguments, 2, out long count) is { } error)
        {
            return error;
        }

        bool withValues = arguments.Count > 3;
        if (arguments.Count > 4 || (withValues && !arguments.Is(3, "WITHVALUES"u8)))
        {
            return CommandError.Syntax;
        }

        if (count < -MostDraws || (withValues && count is < -long.MaxValue / 2 or > long.MaxValue / 2))
        {
            return CommandError.OutOfRange;
        }

        int mark = reply.BeginAggregate();
        int drawn = (int)(!withValues ? DrawInto(context, arguments, count, new NameReply(reply))
            : reply.Protocol >= 3 ? DrawInto(context, arguments, count, new NestedPairReply(reply))
            : 2 * DrawInto(context, arguments, count, new PairReply(reply)));
        reply.EndArray(mark, drawn);
        return null;
    }

    /// <summary>Reads the number of elements to draw: negative with repetitions.</summary>
    internal static CommandError? ReadCount(scoped in CommandArguments arguments, int index, out long count) =>
        !arguments.TryInteger(index, out count) ? CommandError.NotAnInteger
        : count == long.MinValue ? new CommandError($"value is out of range, value must between {-long.MaxValue} and {long.MaxValue}")
        : null;

    private static long DrawInto<TReply>(CommandContext context, scoped in CommandArguments arguments, long count, TReply reply)
        where TReply : struct, IFieldSink
    {
        arguments.Probe(1, out KeyProbe key);
        return context.Hashes.Walks.Draw(context.Database, key, Math.Abs(count), mayRepeat: count < 0, ref reply);
    }

    private static CommandError? Scan(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!ScanCursor.TryParse(arguments[2], out ulong cursor))
        {
            return ScanCursor.Invalid;
        }

        // Redis looks for the key before it looks at the options.
        arguments.Probe(1, out KeyProbe key);
        if (ScanCursor.ReadOptions(arguments, 3, takesType: false, out ScanOptionsRead options) is { } error && context.Hashes.Count(context.Database, key) > 0)
        {
            return error;
        }

        var found = new CountedPairReply(context.Reply);
        var reply = new MemberScanReply(context.Reply);
        ulong next = context.Hashes.Walks.Scan(context.Database, key, cursor, options.ToArguments(arguments), ref found);
        reply.End(2 * found.Count, next);
        return null;
    }

    private static CommandNames NamesOf(in CommandArguments arguments) => new(arguments, 2, arguments.Count - 2);

    private static CommandFieldValues PairsOf(in CommandArguments arguments) => new(arguments, 2, (arguments.Count - 2) / 2);
}
