using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>DUMP and RESTORE.</summary>
internal static class DumpCommands
{
    private const string RestoreCost = "O(n) for n elements, O(n log n) for a sorted set";

    private const CommandFlags Writes = CommandFlags.Write | CommandFlags.DenyOutOfMemory;

    public static readonly Command[] Rows =
    [
        new("DUMP", 2, CommandFlags.ReadOnly, KeyPositions.One, Dump, "What a key holds, as bytes that RESTORE takes.") { Since = "2.6.0", Complexity = "O(n) for n bytes" },
        new("RESTORE", -4, Writes, KeyPositions.One, Restore, "Stores what DUMP gave.") { Since = "2.6.0", Complexity = RestoreCost },
        new("RESTORE-ASKING", -4, Writes, KeyPositions.One, Restore, "RESTORE, as one cluster node asks it of another.") { Since = "3.0.0", Complexity = RestoreCost },
    ];

    private static CommandError? Dump(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        if (context.Dumps.Dump(context.Database, key) is { } payload)
        {
            context.Reply.Bulk(payload);
        }
        else
        {
            context.Reply.Null();
        }

        return null;
    }

    // RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency], checked in Redis's order.
    private static CommandError? Restore(CommandContext context, scoped in CommandArguments arguments)
    {
        bool replaces = false, isAbsolute = false;
        KnownUse use = default;
        for (int i = 4; i < arguments.Count; i++)
        {
            bool hasValue = i + 1 < arguments.Count;
            if (arguments.Is(i, "REPLACE"u8))
            {
                replaces = true;
            }
            else if (arguments.Is(i, "ABSTTL"u8))
            {
                isAbsolute = true;
            }
            else if (arguments.Is(i, "IDLETIME"u8) && hasValue && use.Frequency == null)
            {
                if (!arguments.TryInteger(++i, out long seconds))
                {
                    return CommandError.NotAnInteger;
                }

                if (seconds < 0)
                {
                    return new CommandError("Invalid IDLETIME value, must be >= 0");
                }

                use = KnownUse.Idle(seconds);
            }
            else if (arguments.Is(i, "FREQ"u8) && hasValue && use.IdleSeconds == null)
            {
                if (!arguments.TryInteger(++i, out long frequency))
                {
                    return CommandError.NotAnInteger;
                }

                if (frequency is < 0 or > byte.MaxValue)
                {
                    return new CommandError("Invalid FREQ value, must be >= 0 and <= 255");
                }

                use = KnownUse.OfFrequency((byte)frequency);
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        arguments.Probe(1, out KeyProbe key);
        if (!replaces && context.Dumps.Exists(context.Database, key))
        {
            return KeyExists;
        }

        if (!arguments.TryInteger(2, out long ttl))
        {
            return CommandError.NotAnInteger;
        }

        if (ttl < 0)
        {
            return new CommandError("Invalid TTL value, must be >= 0");
        }

        using RdbValue value = DumpOperations.Read(arguments[3]);

        // As Redis, in which a time too far in the future overflows into the past.
        bool fits = ExpireDeadline.TryMake(ttl, inSeconds: false, isAbsolute ? 0 : context.Expiry.Now, out long deadline);
        deadline = ttl == 0 ? Record.NoExpiry : ExpireDeadline.Storable(fits ? deadline : 0);
        if (context.Dumps.Restore(context.Database, key, value, arguments[3], deadline, replaces, use, ref context.Ticket) == RestoreOutcome.KeyExists)
        {
            return KeyExists;
        }

        context.Reply.Ok();
        return null;
    }

    private static CommandError KeyExists => new("BUSYKEY", "Target key name already exists.");
}
