using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands that store whole strings.</summary>
internal static class StringCommands
{
    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory;

    public static readonly Command[] Rows =
    [
        new("SET", -3, Grows, KeyPositions.One, Set),
        new("SETNX", 3, Grows | CommandFlags.Fast, KeyPositions.One, SetIfAbsent),
        new("SETEX", 4, Grows, KeyPositions.One, (context, in arguments) => SetWithExpiry(context, arguments, inSeconds: true)),
        new("PSETEX", 4, Grows, KeyPositions.One, (context, in arguments) => SetWithExpiry(context, arguments, inSeconds: false)),
        new("GETSET", 3, Grows | CommandFlags.Fast, KeyPositions.One, GetAndSet),
        new("MSET", -3, Grows, KeyPositions.Pairs, (context, in arguments) => SetSeveral(context, arguments, onlyIfAbsent: false)),
        new("MSETNX", -3, Grows, KeyPositions.Pairs, (context, in arguments) => SetSeveral(context, arguments, onlyIfAbsent: true)),
    ];

    // The options of SET exclude each other as in Redis: one of NX and XX, one of KEEPTTL and the four times.
    private static CommandError? Set(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        if (arguments.Count == 3)
        {
            context.Strings.Set(context.Database, key, arguments[2], ref context.Ticket);
            return null;
        }

        SetCondition condition = SetCondition.Always;
        long deadline = Record.NoExpiry;
        bool keepsDeadline = false;
        for (int i = 3; i < arguments.Count; i++)
        {
            if (condition == SetCondition.Always && arguments.Is(i, "NX"u8))
            {
                condition = SetCondition.IfAbsent;
            }
            else if (condition == SetCondition.Always && arguments.Is(i, "XX"u8))
            {
                condition = SetCondition.IfPresent;
            }
            else if (arguments.Is(i, "GET"u8))
            {
                // What it would answer is of no interest yet; Redis leaves it in its log beside PXAT.
            }
            else if (!keepsDeadline && deadline == Record.NoExpiry && arguments.Is(i, "KEEPTTL"u8))
            {
                keepsDeadline = true;
            }
            else if (!keepsDeadline && deadline == Record.NoExpiry && i + 1 < arguments.Count && IsTime(arguments, i, out bool inSeconds, out bool isAbsolute))
            {
                if (ReadDeadline(context, arguments, ++i, inSeconds, isAbsolute, out deadline) is { } error)
                {
                    return error;
                }
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        var options = new SetArguments { Condition = condition, Deadline = deadline, KeepDeadline = keepsDeadline, Flags = arguments.Flags };
        context.Strings.Set(context.Database, key, arguments[2], options, ref context.Ticket);
        return null;
    }

    private static CommandError? SetIfAbsent(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var options = new SetArguments { Condition = SetCondition.IfAbsent };
        context.Strings.Set(context.Database, key, arguments[2], options, ref context.Ticket);
        return null;
    }

    private static CommandError? SetWithExpiry(CommandContext context, scoped in CommandArguments arguments, bool inSeconds)
    {
        arguments.Probe(1, out KeyProbe key);
        if (ReadDeadline(context, arguments, 2, inSeconds, isAbsolute: false, out long deadline) is { } error)
        {
            return error;
        }

        context.Strings.Set(context.Database, key, arguments[3], new SetArguments { Deadline = deadline }, ref context.Ticket);
        return null;
    }

    private static CommandError? GetAndSet(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var replaced = default(LengthReader);
        context.Strings.SetAndRead(context.Database, key, arguments[2], default, ref replaced, out _, ref context.Ticket);
        return null;
    }

    private static CommandError? SetSeveral(CommandContext context, scoped in CommandArguments arguments, bool onlyIfAbsent)
    {
        if (arguments.Count % 2 == 0)
        {
            return CommandError.WrongNumberOfArguments(arguments);
        }

        if (onlyIfAbsent)
        {
            context.Batches.SetIfAbsent(context.Database, new CommandPairs(arguments), ref context.Ticket);
        }
        else
        {
            context.Batches.Set(context.Database, new CommandPairs(arguments), ref context.Ticket);
        }

        return null;
    }

    private static bool IsTime(scoped in CommandArguments arguments, int index, out bool inSeconds, out bool isAbsolute)
    {
        bool ex = arguments.Is(index, "EX"u8), exat = arguments.Is(index, "EXAT"u8);
        bool px = arguments.Is(index, "PX"u8), pxat = arguments.Is(index, "PXAT"u8);
        (inSeconds, isAbsolute) = (ex || exat, exat || pxat);
        return ex || exat || px || pxat;
    }

    // Unlike EXPIRE, SET refuses times that are not positive.
    private static CommandError? ReadDeadline(
        CommandContext context, scoped in CommandArguments arguments, int index, bool inSeconds, bool isAbsolute, out long deadline)
    {
        deadline = 0;
        if (!arguments.TryInteger(index, out long amount))
        {
            return CommandError.NotAnInteger;
        }

        if (amount <= 0 || !ExpireDeadline.TryMake(amount, inSeconds, isAbsolute ? 0 : context.Expiry.Now, out deadline))
        {
            return CommandError.InvalidExpireTime(arguments);
        }

        deadline = ExpireDeadline.Storable(deadline);
        return null;
    }
}
