using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on the deadlines of a hash's fields, as Redis 7.4 has them.</summary>
internal static class HashExpiryCommands
{
    // Redis keeps a field's deadline in 46 bits: the year 4199.
    private const long LatestDeadline = 0xFFFF_FFFF_FFFF >> 2;
    private const long MillisecondsASecond = 1000;

    /// <summary>What is said of a number of fields that is none.</summary>
    internal const string NotPositive = "Number of fields must be a positive integer";

    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory | CommandFlags.Fast;
    private const CommandFlags Looks = CommandFlags.ReadOnly | CommandFlags.Fast;

    public static readonly Command[] Rows =
    [
        Expire("HEXPIRE", inSeconds: true, isAbsolute: false, "Removes fields after so many seconds."),
        Expire("HPEXPIRE", inSeconds: false, isAbsolute: false, "Removes fields after so many milliseconds."),
        Expire("HEXPIREAT", inSeconds: true, isAbsolute: true, "Removes fields at a time in Unix seconds."),
        Expire("HPEXPIREAT", inSeconds: false, isAbsolute: true, "Removes fields at a time in Unix milliseconds."),
        Look("HTTL", inSeconds: true, isAbsolute: false, "Gets how many seconds fields have left."),
        Look("HPTTL", inSeconds: false, isAbsolute: false, "Gets how many milliseconds fields have left."),
        Look("HEXPIRETIME", inSeconds: true, isAbsolute: true, "Gets when fields will be removed, in Unix seconds."),
        Look("HPEXPIRETIME", inSeconds: false, isAbsolute: true, "Gets when fields will be removed, in Unix milliseconds."),
        new("HPERSIST", -5, CommandFlags.Write | CommandFlags.Fast, KeyPositions.One, Persist, "Takes the deadlines of fields away.") { Since = "7.4.0", Complexity = "O(n) for n fields" },
    ];

    private static Command Expire(string name, bool inSeconds, bool isAbsolute, string summary) =>
        new(name, -6, Grows, KeyPositions.One, (context, in arguments) => Expire(context, arguments, inSeconds, isAbsolute), summary)
        {
            Since = "7.4.0", Complexity = "O(n) for n fields",
        };

    private static Command Look(string name, bool inSeconds, bool isAbsolute, string summary) =>
        new(name, -5, Looks, KeyPositions.One, (context, in arguments) => Look(context, arguments, inSeconds, isAbsolute), summary)
        {
            Since = "7.4.0", Complexity = "O(n) for n fields",
        };

    private static CommandError? Expire(CommandContext context, scoped in CommandArguments arguments, bool inSeconds, bool isAbsolute)
    {
        if (ReadDeadline(context, arguments, 2, inSeconds, isAbsolute, out long deadline) is { } wrong)
        {
            return wrong;
        }

        ExpireCondition condition =
            arguments.Is(3, "NX"u8) ? ExpireCondition.IfNone
            : arguments.Is(3, "XX"u8) ? ExpireCondition.IfAny
            : arguments.Is(3, "GT"u8) ? ExpireCondition.IfLater
            : arguments.Is(3, "LT"u8) ? ExpireCondition.IfSooner
            : ExpireCondition.Always;
        int fieldsAt = condition == ExpireCondition.Always ? 3 : 4;
        if (ReadFields(arguments, fieldsAt, "Parameter `numFields` should be greater than 0") is { } error)
        {
            return error;
        }

        arguments.Probe(1, out KeyProbe key);
        CommandNames names = NamesAt(arguments, fieldsAt);
        context.Reply.Array(names.Count);
        var reply = new OutcomeReply(context.Reply);
        context.Hashes.Expiry.Expire(context.Database, key, names, deadline, condition, ref reply, ref context.Ticket);
        return null;
    }

    private static CommandError? Persist(CommandContext context, scoped in CommandArguments arguments)
    {
        if (ReadFields(arguments, 2, NotPositive) is { } error)
        {
            return error;
        }

        arguments.Probe(1, out KeyProbe key);
        CommandNames names = NamesAt(arguments, 2);
        context.Reply.Array(names.Count);
        var reply = new OutcomeReply(context.Reply);
        context.Hashes.Expiry.Persist(context.Database, key, names, ref reply, ref context.Ticket);
        return null;
    }

    private static CommandError? Look(CommandContext context, scoped in CommandArguments arguments, bool inSeconds, bool isAbsolute)
    {
        if (ReadFields(arguments, 2, NotPositive) is { } error)
        {
            return error;
        }

        arguments.Probe(1, out KeyProbe key);
        CommandNames names = NamesAt(arguments, 2);
        context.Reply.Array(names.Count);
        var reply = new DeadlineReply(context.Reply, isAbsolute ? 0 : context.Hashes.Expiry.Now, inSeconds);
        context.Hashes.Expiry.Deadlines(context.Database, key, names, ref reply);
        return null;
    }

    /// <summary>Reads a time to come, as Unix ms.</summary>
    internal static CommandError? ReadDeadline(
        CommandContext context, scoped in CommandArguments arguments, int index, bool inSeconds, bool isAbsolute, out long deadline)
    {
        deadline = 0;
        if (!arguments.TryInteger(index, out long amount))
        {
            return CommandError.NotAnInteger;
        }

        if (amount < 0)
        {
            return new CommandError("invalid expire time, must be >= 0");
        }

        long unit = inSeconds ? MillisecondsASecond : 1;
        long from = isAbsolute ? 0 : context.Hashes.Expiry.Now;
        if (amount > (LatestDeadline - from) / unit)
        {
            return CommandError.InvalidExpireTime(arguments);
        }

        deadline = from + (amount * unit);
        return null;
    }

    /// <summary>Reads <c>FIELDS n field…</c>, which goes to the end.</summary>
    /// <param name="arguments">The command.</param>
    /// <param name="fieldsAt">Where FIELDS has to stand.</param>
    /// <param name="notPositive">What is said of a number that is none, or less than 1.</param>
    /// <param name="each">Arguments a field.</param>
    internal static CommandError? ReadFields(scoped in CommandArguments arguments, int fieldsAt, string notPositive, int each = 1)
    {
        if (fieldsAt >= arguments.Count || !arguments.Is(fieldsAt, "FIELDS"u8))
        {
            return new CommandError("Mandatory argument FIELDS is missing or not at the right position");
        }

        if (arguments.Count <= fieldsAt + 1 || !arguments.TryInteger(fieldsAt + 1, out long count) || count < 1)
        {
            return new CommandError(notPositive);
        }

        return count <= arguments.Count && count * each == arguments.Count - fieldsAt - 2 ? null : new CommandError("The `numfields` parameter must match the number of arguments");
    }

    /// <summary>The fields that stand behind FIELDS and their number.</summary>
    internal static CommandNames NamesAt(in CommandArguments arguments, int fieldsAt) => new(arguments, fieldsAt + 2, arguments.Count - fieldsAt - 2);

    // Seconds are rounded up, other than those of TTL: what is left is never told as 0.
    private readonly struct DeadlineReply(RespWriter reply, long from, bool inSeconds) : IFieldResultSink<KeyDeadline>
    {
        public void Take(KeyDeadline result)
        {
            long milliseconds = result.UnixMilliseconds - from;
            reply.Integer(
                !result.Exists ? KeyDeadline.NoSuchKey
                : !result.IsSet ? KeyDeadline.Never
                : inSeconds ? (milliseconds + MillisecondsASecond - 1) / MillisecondsASecond
                : milliseconds);
        }
    }
}
