using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on keys of any kind.</summary>
internal static class KeyCommands
{
    private const CommandFlags FastWrite = CommandFlags.Write | CommandFlags.Fast;

    public static readonly Command[] Rows =
    [
        new("DEL", -2, CommandFlags.Write, KeyPositions.All, Delete),
        new("UNLINK", -2, FastWrite, KeyPositions.All, Delete),
        new("RENAME", 3, CommandFlags.Write, KeyPositions.Two, (context, in arguments) => Rename(context, arguments, onlyIfAbsent: false)),
        new("RENAMENX", 3, FastWrite, KeyPositions.Two, (context, in arguments) => Rename(context, arguments, onlyIfAbsent: true)),
        new("COPY", -3, CommandFlags.Write | CommandFlags.DenyOutOfMemory, KeyPositions.Two, Copy),
        new("MOVE", 3, FastWrite, KeyPositions.One, Move),
        new("EXPIRE", -3, FastWrite, KeyPositions.One, (context, in arguments) => Expire(context, arguments, inSeconds: true, context.Expiry.Now)),
        new("PEXPIRE", -3, FastWrite, KeyPositions.One, (context, in arguments) => Expire(context, arguments, inSeconds: false, context.Expiry.Now)),
        new("EXPIREAT", -3, FastWrite, KeyPositions.One, (context, in arguments) => Expire(context, arguments, inSeconds: true, 0)),
        new("PEXPIREAT", -3, FastWrite, KeyPositions.One, (context, in arguments) => Expire(context, arguments, inSeconds: false, 0)),
        new("PERSIST", 2, FastWrite, KeyPositions.One, Persist),
    ];

    private static CommandError? Delete(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count == 2)
        {
            arguments.Probe(1, out var key);
            context.Keys.Delete(context.Database, key, ref context.Ticket);
        }
        else
        {
            context.Keys.Delete(context.Database, arguments.Keys(1), ref context.Ticket);
        }

        return null;
    }

    private static CommandError? Rename(CommandContext context, scoped in CommandArguments arguments, bool onlyIfAbsent)
    {
        arguments.Probe(1, out var source);
        arguments.Probe(2, out var destination);
        return context.Keys.Rename(context.Database, source, destination, onlyIfAbsent, ref context.Ticket) == RenameOutcome.NoSuchKey
            ? CommandError.NoSuchKey
            : null;
    }

    private static CommandError? Copy(CommandContext context, scoped in CommandArguments arguments)
    {
        int database = context.Database;
        bool replace = false;
        for (int i = 3; i < arguments.Count; i++)
        {
            if (arguments.Is(i, "REPLACE"u8))
            {
                replace = true;
            }
            else if (arguments.Is(i, "DB"u8) && i + 1 < arguments.Count)
            {
                if (context.ReadDatabase(arguments, ++i, out database) is { } error)
                {
                    return error;
                }
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        if (database == context.Database && arguments[1].SequenceEqual(arguments[2]))
        {
            return CommandError.SameObject;
        }

        arguments.Probe(1, out var source);
        arguments.Probe(2, out var destination);
        context.Keys.Copy(context.Database, source, database, destination, replace, ref context.Ticket);
        return null;
    }

    private static CommandError? Move(CommandContext context, scoped in CommandArguments arguments)
    {
        if (context.ReadDatabase(arguments, 2, out int database) is { } error)
        {
            return error;
        }

        if (database == context.Database)
        {
            return CommandError.SameObject;
        }

        arguments.Probe(1, out var key);
        context.Keys.Move(context.Database, key, database, ref context.Ticket);
        return null;
    }

    private static CommandError? Expire(CommandContext context, scoped in CommandArguments arguments, bool inSeconds, long from)
    {
        if (ReadCondition(arguments, out ExpireCondition condition) is { } error)
        {
            return error;
        }

        if (!arguments.TryInteger(2, out long amount))
        {
            return CommandError.NotAnInteger;
        }

        if (!ExpireDeadline.TryMake(amount, inSeconds, from, out long deadline))
        {
            return CommandError.InvalidExpireTime(arguments);
        }

        arguments.Probe(1, out var key);
        context.Expiry.Expire(context.Database, key, deadline, condition, ref context.Ticket);
        return null;
    }

    private static CommandError? ReadCondition(scoped in CommandArguments arguments, out ExpireCondition condition)
    {
        condition = ExpireCondition.Always;
        for (int i = 3; i < arguments.Count; i++)
        {
            ExpireCondition named =
                arguments.Is(i, "NX"u8) ? ExpireCondition.IfNone
                : arguments.Is(i, "XX"u8) ? ExpireCondition.IfAny
                : arguments.Is(i, "GT"u8) ? ExpireCondition.IfLater
                : arguments.Is(i, "LT"u8) ? ExpireCondition.IfSooner
                : ExpireCondition.Always;
            if (named == ExpireCondition.Always)
            {
                return new CommandError($"Unsupported option {Errors.KeyText.Of(arguments[i])}");
            }

            condition |= named;
        }

        if (ExpireOperations.IsPossible(condition))
        {
            return null;
        }

        return condition.HasFlag(ExpireCondition.IfNone) ? CommandError.NotWithAlone : CommandError.NotBothGreaterAndLess;
    }

    private static CommandError? Persist(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out var key);
        context.Expiry.Persist(context.Database, key, ref context.Ticket);
        return null;
    }
}
