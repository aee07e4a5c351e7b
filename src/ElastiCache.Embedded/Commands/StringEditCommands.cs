using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands that change a string according to what it is: lengthen it, overwrite a part, add to a number.</summary>
internal static class StringEditCommands
{
    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory;

    private const CommandFlags GrowsFast = Grows | CommandFlags.Fast;

    public static readonly Command[] Rows =
    [
        new("APPEND", 3, GrowsFast, KeyPositions.One, Append),
        new("SETRANGE", 4, Grows, KeyPositions.One, SetRange),
        new("INCR", 2, GrowsFast, KeyPositions.One, (context, in arguments) => Add(context, arguments, 1)),
        new("DECR", 2, GrowsFast, KeyPositions.One, (context, in arguments) => Add(context, arguments, -1)),
        new("INCRBY", 3, GrowsFast, KeyPositions.One, IncrementBy),
        new("DECRBY", 3, GrowsFast, KeyPositions.One, DecrementBy),
        new("INCRBYFLOAT", 3, GrowsFast, KeyPositions.One, IncrementByFloat),
    ];

    private static CommandError? Append(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Edits.Append(context.Database, key, arguments[2], ref context.Ticket);
        return null;
    }

    private static CommandError? SetRange(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long offset))
        {
            return CommandError.NotAnInteger;
        }

        if (offset < 0)
        {
            return CommandError.NegativeOffset;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Edits.SetRange(context.Database, key, offset, arguments[3], ref context.Ticket);
        return null;
    }

    private static CommandError? Add(CommandContext context, scoped in CommandArguments arguments, long by)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Numbers.Increment(context.Database, key, by, ref context.Ticket);
        return null;
    }

    private static CommandError? IncrementBy(CommandContext context, scoped in CommandArguments arguments) =>
        arguments.TryInteger(2, out long by) ? Add(context, arguments, by) : CommandError.NotAnInteger;

    private static CommandError? DecrementBy(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long by))
        {
            return CommandError.NotAnInteger;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Numbers.Decrement(context.Database, key, by, ref context.Ticket);
        return null;
    }

    private static CommandError? IncrementByFloat(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        byte[] sum = new byte[NumberOperations.MaxFloatBytes];
        context.Numbers.IncrementFloat(context.Database, key, arguments[2], sum, ref context.Ticket);
        return null;
    }
}
