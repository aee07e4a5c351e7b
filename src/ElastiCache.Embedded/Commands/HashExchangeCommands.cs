using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands that read or set a hash's fields and change something else in the same step, as Redis 8.0 has them.</summary>
internal static class HashExchangeCommands
{
    private const CommandFlags FastWrite = CommandFlags.Write | CommandFlags.Fast;

    public static readonly Command[] Rows =
    [
        new("HGETDEL", -5, FastWrite, KeyPositions.One, GetAndRemove, "Gets the values of fields and removes them.") { Since = "8.0.0", Complexity = "O(n) for n fields" },
        new("HGETEX", -5, FastWrite, KeyPositions.One, GetAndExpire, "Gets the values of fields and changes their deadlines.") { Since = "8.0.0", Complexity = "O(n) for n fields" },
        new("HSETEX", -6, FastWrite | CommandFlags.DenyOutOfMemory, KeyPositions.One, SetAndExpire, "Sets fields and their deadlines.") { Since = "8.0.0", Complexity = "O(n) for n fields" },
    ];

    private static CommandError? GetAndRemove(CommandContext context, scoped in CommandArguments arguments)
    {
        if (HashExpiryCommands.ReadFields(arguments, 2, HashExpiryCommands.NotPositive) is { } error)
        {
            return error;
        }

        arguments.Probe(1, out KeyProbe key);
        CommandNames names = HashExpiryCommands.NamesAt(arguments, 2);
        context.Reply.Array(names.Count);
        var reply = new ValueReply(context.Reply);
        context.Hashes.Exchanges.GetAndRemove(context.Database, key, names, ref reply, ref context.Ticket);
        return null;
    }

    private static CommandError? GetAndExpire(CommandContext context, scoped in CommandArguments arguments)
    {
        int fieldsAt = 2;
        long? deadline = null;
        if (arguments.Is(2, "PERSIST"u8))
        {
            deadline = Record.NoExpiry;
            fieldsAt = 3;
        }
        else if (ReadDeadline(context, arguments, ref fieldsAt, ref deadline) is { } wrong)
        {
            return wrong;
        }

        if (HashExpiryCommands.ReadFields(arguments, fieldsAt, HashExpiryCommands.NotPositive) is { } error)
        {
            return error;
        }

        arguments.Probe(1, out KeyProbe key);
        CommandNames names = HashExpiryCommands.NamesAt(arguments, fieldsAt);
        context.Reply.Array(names.Count);
        var reply = new ValueReply(context.Reply);
        context.Hashes.Exchanges.GetAndExpire(context.Database, key, names, deadline, ref reply, ref context.Ticket);
        return null;
    }

    private static CommandError? SetAndExpire(CommandContext context, scoped in CommandArguments arguments)
    {
        SetCondition condition = arguments.Is(2, "FNX"u8) ? SetCondition.IfAbsent : arguments.Is(2, "FXX"u8) ? SetCondition.IfPresent : SetCondition.Always;
        int fieldsAt = condition == SetCondition.Always ? 2 : 3;
        long? deadline = Record.NoExpiry;
        if (arguments.Is(fieldsAt, "KEEPTTL"u8))
        {
            deadline = null;
            fieldsAt++;
        }
        else if (ReadDeadline(context, arguments, ref fieldsAt, ref deadline) is { } wrong)
        {
            return wrong;
        }

        if (HashExpiryCommands.ReadFields(arguments, fieldsAt, HashExpiryCommands.NotPositive, each: 2) is { } error)
        {
            return error;
        }

        arguments.Probe(1, out KeyProbe key);
        var pairs = new CommandFieldValues(arguments, fieldsAt + 2, (arguments.Count - fieldsAt - 2) / 2);
        context.Reply.Integer(context.Hashes.Exchanges.SetAndExpire(context.Database, key, pairs, condition, deadline, ref context.Ticket) ? 1 : 0);
        return null;
    }

    // EX, PX, EXAT or PXAT with their number, if one of them stands there.
    private static CommandError? ReadDeadline(CommandContext context, scoped in CommandArguments arguments, ref int at, ref long? deadline)
    {
        bool inSeconds = arguments.Is(at, "EX"u8) || arguments.Is(at, "EXAT"u8);
        bool isAbsolute = arguments.Is(at, "EXAT"u8) || arguments.Is(at, "PXAT"u8);
        if (!inSeconds && !isAbsolute && !arguments.Is(at, "PX"u8))
        {
            return null;
        }

        if (HashExpiryCommands.ReadDeadline(context, arguments, at + 1, inSeconds, isAbsolute, out long moment) is { } error)
        {
            return error;
        }

        deadline = ExpireDeadline.Storable(moment);
        at += 2;
        return null;
    }
}
