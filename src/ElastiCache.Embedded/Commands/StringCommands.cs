using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands that read or store whole strings.</summary>
internal static class StringCommands
{
    private const CommandFlags Reads = CommandFlags.ReadOnly | CommandFlags.Fast;
    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory;
    private const CommandFlags GrowsFast = Grows | CommandFlags.Fast;
    private const string Constant = "O(1)";

    public static readonly Command[] Rows =
    [
        new("GET", 2, Reads, KeyPositions.One, Get, "The string at a key.") { Complexity = Constant },
        new("SET", -3, Grows, KeyPositions.One, Set, "Stores a string, whatever the key holds.") { Complexity = Constant },
        new("SETNX", 3, GrowsFast, KeyPositions.One, SetIfAbsent, "Stores a string if the key is absent.") { Complexity = Constant },
        new("SETEX", 4, Grows, KeyPositions.One, (context, in arguments) => SetWithExpiry(context, arguments, inSeconds: true), "Stores a string with a time to live in seconds.")
        {
            Since = "2.0.0", Complexity = Constant,
        },
        new("PSETEX", 4, Grows, KeyPositions.One, (context, in arguments) => SetWithExpiry(context, arguments, inSeconds: false), "Stores a string with a time to live in milliseconds.")
        {
            Since = "2.6.0", Complexity = Constant,
        },
        new("GETSET", 3, GrowsFast, KeyPositions.One, GetAndSet, "Stores a string and tells the old one.") { Complexity = Constant },
        new("GETDEL", 2, CommandFlags.Write | CommandFlags.Fast, KeyPositions.One, GetAndDelete, "Tells a string and deletes it.") { Since = "6.2.0", Complexity = Constant },
        new("GETEX", -2, CommandFlags.Write | CommandFlags.Fast, KeyPositions.One, GetAndExpire, "Tells a string and changes its deadline.") { Since = "6.2.0", Complexity = Constant },
        new("MGET", -2, Reads, KeyPositions.All, GetSeveral, "The strings at several keys.") { Complexity = "O(n) for n keys" },
        new("MSET", -3, Grows, KeyPositions.Pairs, (context, in arguments) => SetSeveral(context, arguments, onlyIfAbsent: false), "Stores several strings in one step.")
        {
            Since = "1.0.1", Complexity = "O(n) for n keys",
        },
        new("MSETNX", -3, Grows, KeyPositions.Pairs, (context, in arguments) => SetSeveral(context, arguments, onlyIfAbsent: true), "Stores several strings if all keys are absent.")
        {
            Since = "1.0.1", Complexity = "O(n) for n keys",
        },
    ];

    private static CommandError? Get(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var reader = new ReplyReader(context.Reply);
        if (!context.Strings.TryRead(context.Database, key, ref reader))
        {
            reader.Undo();
            context.Reply.Null();
            KeyNotice.Raise(context.Store, KeyEventClass.KeyMiss, "keymiss"u8, context.Database, key);
        }

        return null;
    }

    private static CommandError? GetSeveral(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Array(arguments.Count - 1);
        var reader = new ReplyBatchReader(context.Reply);
        context.Batches.Read(context.Database, arguments.Keys(1), ref reader);
        return null;
    }

    // The options of SET exclude each other as in Redis: one of NX and XX, one of KEEPTTL and the four times. Each may be repeated.
    private static CommandError? Set(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments is { Count: 3, Marks.IsDefault: true })
        {
            arguments.Probe(1, out KeyProbe key);
            context.Strings.Set(context.Database, key, arguments[2], ref context.Ticket);
            context.Reply.Ok();
            return null;
        }

        SetCondition condition = SetCondition.Always;
        bool keepsDeadline = false;
        bool answersOld = false;
        TimeWord time = TimeWord.None;
        int timeAt = 0;
        for (int i = 3; i < arguments.Count; i++)
        {
            if (condition != SetCondition.IfPresent && arguments.Is(i, "NX"u8))
            {
                condition = SetCondition.IfAbsent;
            }
            else if (condition != SetCondition.IfAbsent && arguments.Is(i, "XX"u8))
            {
                condition = SetCondition.IfPresent;
            }
            else if (arguments.Is(i, "GET"u8))
            {
                answersOld = true;
            }
            else if (timeAt == 0 && arguments.Is(i, "KEEPTTL"u8))
            {
                keepsDeadline = true;
            }
            else if (!keepsDeadline && IsTime(arguments, i, ref time))
            {
                timeAt = ++i;
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        long deadline = Record.NoExpiry;
        if (timeAt != 0 && ReadDeadline(context, arguments, timeAt, time, out deadline) is { } error)
        {
            return error;
        }

        var options = new SetArguments { Condition = condition, Deadline = deadline, KeepDeadline = keepsDeadline, Marks = arguments.Marks };
        return answersOld ? SetAndAnswerOld(context, arguments, options) : SetAndAnswer(context, arguments, options);
    }

    private static CommandError? SetAndAnswer(CommandContext context, scoped in CommandArguments arguments, in SetArguments options)
    {
        arguments.Probe(1, out KeyProbe key);
        if (context.Strings.Set(context.Database, key, arguments[2], options, ref context.Ticket))
        {
            context.Reply.Ok();
        }
        else
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? SetAndAnswerOld(CommandContext context, scoped in CommandArguments arguments, in SetArguments options)
    {
        arguments.Probe(1, out KeyProbe key);
        var old = new ReplyReader(context.Reply);
        context.Strings.SetAndRead(context.Database, key, arguments[2], options, ref old, out bool existed, ref context.Ticket);
        if (!existed)
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? SetIfAbsent(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var options = new SetArguments { Condition = SetCondition.IfAbsent };
        context.Reply.Integer(context.Strings.Set(context.Database, key, arguments[2], options, ref context.Ticket) ? 1 : 0);
        return null;
    }

    private static CommandError? SetWithExpiry(CommandContext context, scoped in CommandArguments arguments, bool inSeconds)
    {
        arguments.Probe(1, out KeyProbe key);
        if (ReadDeadline(context, arguments, 2, inSeconds ? TimeWord.Seconds : TimeWord.Milliseconds, out long deadline) is { } error)
        {
            return error;
        }

        context.Strings.Set(context.Database, key, arguments[3], new SetArguments { Deadline = deadline }, ref context.Ticket);
        context.Reply.Ok();
        return null;
    }

    private static CommandError? GetAndSet(CommandContext context, scoped in CommandArguments arguments) =>
        SetAndAnswerOld(context, arguments, default);

    private static CommandError? GetAndDelete(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var reader = new ReplyReader(context.Reply);
        if (!context.Strings.ReadAndDelete(context.Database, key, ref reader, ref context.Ticket))
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? GetAndExpire(CommandContext context, scoped in CommandArguments arguments)
    {
        bool persists = false;
        TimeWord time = TimeWord.None;
        int timeAt = 0;
        for (int i = 2; i < arguments.Count; i++)
        {
            if (timeAt == 0 && arguments.Is(i, "PERSIST"u8))
            {
                persists = true;
            }
            else if (!persists && IsTime(arguments, i, ref time))
            {
                timeAt = ++i;
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        arguments.Probe(1, out KeyProbe key);
        long deadline = Record.NoExpiry;
        if (timeAt != 0 && ReadDeadline(context, arguments, timeAt, time, out deadline) is { } error)
        {
            // Redis looks at the key first.
            var length = default(LengthReader);
            if (context.Strings.TryRead(context.Database, key, ref length))
            {
                return error;
            }

            context.Reply.Null();
            return null;
        }

        var reader = new ReplyReader(context.Reply);
        bool found = persists || timeAt != 0
            ? context.Strings.ReadAndExpire(context.Database, key, deadline, ref reader, ref context.Ticket)
            : context.Strings.TryRead(context.Database, key, ref reader);
        if (!found)
        {
            reader.Undo();
            context.Reply.Null();
        }

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
            context.Reply.Integer(context.Batches.SetIfAbsent(context.Database, new CommandPairs(arguments), ref context.Ticket) ? 1 : 0);
        }
        else
        {
            context.Batches.Set(context.Database, new CommandPairs(arguments), ref context.Ticket);
            context.Reply.Ok();
        }

        return null;
    }

    // Whether a time follows here, in the unit of the one before if there was one.
    private static bool IsTime(scoped in CommandArguments arguments, int index, ref TimeWord time)
    {
        TimeWord found =
            arguments.Is(index, "EX"u8) ? TimeWord.Seconds
            : arguments.Is(index, "PX"u8) ? TimeWord.Milliseconds
            : arguments.Is(index, "EXAT"u8) ? TimeWord.UnixSeconds
            : arguments.Is(index, "PXAT"u8) ? TimeWord.UnixMilliseconds
            : TimeWord.None;
        if (found == TimeWord.None || index + 1 >= arguments.Count || (time != TimeWord.None && time != found))
        {
            return false;
        }

        time = found;
        return true;
    }

    // Unlike EXPIRE, SET refuses times that are not positive.
    private static CommandError? ReadDeadline(
        CommandContext context, scoped in CommandArguments arguments, int index, TimeWord time, out long deadline)
    {
        deadline = 0;
        if (!arguments.TryInteger(index, out long amount))
        {
            return CommandError.NotAnInteger;
        }

        bool inSeconds = time is TimeWord.Seconds or TimeWord.UnixSeconds;
        long from = time is TimeWord.UnixSeconds or TimeWord.UnixMilliseconds ? 0 : context.Expiry.Now;
        if (amount <= 0 || !ExpireDeadline.TryMake(amount, inSeconds, from, out deadline))
        {
            return CommandError.InvalidExpireTime(arguments);
        }

        deadline = ExpireDeadline.Storable(deadline);
        return null;
    }

    private enum TimeWord
    {
        None,
        Seconds,
        Milliseconds,
        UnixSeconds,
        UnixMilliseconds,
    }
}
