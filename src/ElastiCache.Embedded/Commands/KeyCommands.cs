using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on keys of any kind.</summary>
internal static class KeyCommands
{
    private const CommandFlags FastWrite = CommandFlags.Write | CommandFlags.Fast;

    private const CommandFlags FastRead = CommandFlags.ReadOnly | CommandFlags.Fast;
    private const string Constant = "O(1)";
    private const string Linear = "O(n) for n keys";

    public static readonly Command[] Rows =
    [
        new("DEL", -2, CommandFlags.Write, KeyPositions.All, Delete, "Deletes keys.") { Complexity = Linear },
        new("UNLINK", -2, FastWrite, KeyPositions.All, Delete, "Deletes keys; their memory is given back afterwards.") { Since = "4.0.0", Complexity = Linear },
        new("EXISTS", -2, FastRead, KeyPositions.All, Exists, "How many of the keys are there.") { Complexity = Linear },
        new("TOUCH", -2, FastRead, KeyPositions.All, Touch, "Marks keys as used.") { Since = "3.2.1", Complexity = Linear },
        new("TYPE", 2, FastRead, KeyPositions.One, Type, "What a key holds.") { Complexity = Constant },
        new("RENAME", 3, CommandFlags.Write, KeyPositions.Two, (context, in arguments) => Rename(context, arguments, onlyIfAbsent: false), "Gives a key another name.") { Complexity = Constant },
        new("RENAMENX", 3, FastWrite, KeyPositions.Two, (context, in arguments) => Rename(context, arguments, onlyIfAbsent: true), "Gives a key another name that no key has.") { Complexity = Constant },
        new("COPY", -3, CommandFlags.Write | CommandFlags.DenyOutOfMemory, KeyPositions.Two, Copy, "Copies what a key holds to another key.") { Since = "6.2.0", Complexity = "O(n) for n elements" },
        new("MOVE", 3, FastWrite, KeyPositions.One, Move, "Brings a key into another database.") { Complexity = Constant },
        new("EXPIRE", -3, FastWrite, KeyPositions.One, (context, in arguments) => Expire(context, arguments, inSeconds: true, context.Expiry.Now), "Sets a key's time to live, in seconds.") { Complexity = Constant },
        new("PEXPIRE", -3, FastWrite, KeyPositions.One, (context, in arguments) => Expire(context, arguments, inSeconds: false, context.Expiry.Now), "Sets a key's time to live, in milliseconds.")
        {
            Since = "2.6.0", Complexity = Constant,
        },
        new("EXPIREAT", -3, FastWrite, KeyPositions.One, (context, in arguments) => Expire(context, arguments, inSeconds: true, 0), "Sets a key's deadline, as Unix time in seconds.")
        {
            Since = "1.2.0", Complexity = Constant,
        },
        new("PEXPIREAT", -3, FastWrite, KeyPositions.One, (context, in arguments) => Expire(context, arguments, inSeconds: false, 0), "Sets a key's deadline, as Unix time in milliseconds.")
        {
            Since = "2.6.0", Complexity = Constant,
        },
        new("TTL", 2, FastRead, KeyPositions.One, (context, in arguments) => TimeLeft(context, arguments, inSeconds: true), "The seconds that a key has left.") { Complexity = Constant },
        new("PTTL", 2, FastRead, KeyPositions.One, (context, in arguments) => TimeLeft(context, arguments, inSeconds: false), "The milliseconds that a key has left.") { Since = "2.6.0", Complexity = Constant },
        new("EXPIRETIME", 2, FastRead, KeyPositions.One, (context, in arguments) => Deadline(context, arguments, inSeconds: true), "A key's deadline, as Unix time in seconds.") { Since = "7.0.0", Complexity = Constant },
        new("PEXPIRETIME", 2, FastRead, KeyPositions.One, (context, in arguments) => Deadline(context, arguments, inSeconds: false), "A key's deadline, as Unix time in milliseconds.") { Since = "7.0.0", Complexity = Constant },
        new("PERSIST", 2, FastWrite, KeyPositions.One, Persist, "Takes a key's deadline away.") { Since = "2.2.0", Complexity = Constant },
    ];

    private static CommandError? Delete(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count == 2)
        {
            arguments.Probe(1, out var key);
            context.Reply.Integer(context.Keys.Delete(context.Database, key, ref context.Ticket) ? 1 : 0);
        }
        else
        {
            context.Reply.Integer(context.Keys.Delete(context.Database, arguments.Keys(1), ref context.Ticket));
        }

        return null;
    }

    private static CommandError? Exists(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Integer(context.Keys.Exists(context.Database, arguments.Keys(1)));
        return null;
    }

    private static CommandError? Touch(CommandContext context, scoped in CommandArguments arguments)
    {
        // In a log that is read, it is how an entry's priority stands there. Redis logs no TOUCH.
        if (context.Store.IsLoading && arguments.Count == 2)
        {
            arguments.Probe(1, out KeyProbe key);
            context.Marks.Set(context.Database, key, arguments.Marks, ref context.Ticket);
        }

        context.Reply.Integer(context.Keys.Touch(context.Database, arguments.Keys(1)));
        return null;
    }

    private static CommandError? Type(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out var key);
        context.Reply.Simple(System.Text.Encoding.ASCII.GetBytes(TypeNames.Of(context.Keys.Type(context.Database, key))));
        return null;
    }

    private static CommandError? TimeLeft(CommandContext context, scoped in CommandArguments arguments, bool inSeconds)
    {
        arguments.Probe(1, out var key);
        context.Reply.Integer(context.Expiry.Deadline(context.Database, key).TimeLeft(context.Expiry.Now, inSeconds));
        return null;
    }

    private static CommandError? Deadline(CommandContext context, scoped in CommandArguments arguments, bool inSeconds)
    {
        arguments.Probe(1, out var key);
        context.Reply.Integer(context.Expiry.Deadline(context.Database, key).UnixTime(inSeconds));
        return null;
    }

    private static CommandError? Rename(CommandContext context, scoped in CommandArguments arguments, bool onlyIfAbsent)
    {
        arguments.Probe(1, out var source);
        arguments.Probe(2, out var destination);
        RenameOutcome outcome = context.Keys.Rename(context.Database, source, destination, onlyIfAbsent, ref context.Ticket);
        if (outcome == RenameOutcome.NoSuchKey)
        {
            return CommandError.NoSuchKey;
        }

        if (onlyIfAbsent)
        {
            // RENAMENX of a key to itself finds the name taken.
            context.Reply.Integer(outcome == RenameOutcome.Renamed && !arguments[1].SequenceEqual(arguments[2]) ? 1 : 0);
        }
        else
        {
            context.Reply.Ok();
        }

        return null;
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
        context.Reply.Integer(context.Keys.Copy(context.Database, source, database, destination, replace, ref context.Ticket) ? 1 : 0);
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
        context.Reply.Integer(context.Keys.Move(context.Database, key, database, ref context.Ticket) ? 1 : 0);
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
        context.Reply.Integer(context.Expiry.Expire(context.Database, key, deadline, condition, ref context.Ticket) ? 1 : 0);
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
        context.Reply.Integer(context.Expiry.Persist(context.Database, key, ref context.Ticket) ? 1 : 0);
        return null;
    }
}
