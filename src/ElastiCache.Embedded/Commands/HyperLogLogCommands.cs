using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on HyperLogLogs.</summary>
internal static class HyperLogLogCommands
{
    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory;

    private static readonly CommandError NoSuchKey = new("The specified key does not exist");

    private static readonly CommandError NotSparse = new("HLL encoding is not sparse");

    public static readonly Command[] Rows =
    [
        new("PFADD", -2, Grows | CommandFlags.Fast, KeyPositions.One, Add, "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.")
        {
            Since = "2.8.9", Complexity = "O(1) to add every element.",
        },
        new("PFCOUNT", -2, CommandFlags.ReadOnly | CommandFlags.MayReplicate, KeyPositions.All, Count, "Estimates how many different elements HyperLogLogs have seen.")
        {
            Since = "2.8.9", Complexity = "O(1) with a single key, O(N) with N keys.",
        },
        new("PFMERGE", -2, Grows, KeyPositions.All, Merge, "Merges HyperLogLogs into one.")
        {
            Since = "2.8.9", Complexity = "O(N) to merge N HyperLogLogs.",
        },
        new("PFDEBUG", 3, Grows | CommandFlags.Admin, new KeyPositions(2, 2, 1), Debug, "Shows the insides of a HyperLogLog.")
        {
            Since = "2.8.9", Complexity = "N/A",
        },
        new("PFSELFTEST", 1, CommandFlags.Admin, KeyPositions.None, TestItself, "Tests the implementation of HyperLogLogs.")
        {
            Since = "2.8.9", Complexity = "N/A",
        },
    ];

    private static CommandError? Add(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        bool changed = context.HyperLogLogs.Add(context.Database, key, new Elements(arguments), ref context.Ticket);
        context.Reply.Integer(changed ? 1 : 0);
        return null;
    }

    private static CommandError? Count(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count == 2)
        {
            arguments.Probe(1, out KeyProbe key);
            context.Reply.Integer(context.HyperLogLogs.Count(context.Database, key, ref context.Ticket));
        }
        else
        {
            context.Reply.Integer(context.HyperLogLogs.Unions.Count(context.Database, arguments.Keys(1)));
        }

        return null;
    }

    private static CommandError? Merge(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe destination);
        context.HyperLogLogs.Unions.Merge(context.Database, destination, arguments.Keys(2), ref context.Ticket);
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Debug(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        byte[]? value = context.HyperLogLogs.Read(context.Database, key);
        if (value is null)
        {
            return NoSuchKey;
        }

        if (arguments.Is(1, "ENCODING"u8))
        {
            context.Reply.Simple(HyperLogLogFormat.IsDense(value) ? "dense"u8 : "sparse"u8);
            return null;
        }

        if (arguments.Is(1, "DECODE"u8))
        {
            if (HyperLogLogFormat.IsDense(value))
            {
                return NotSparse;
            }

            context.Reply.Bulk(HyperLogLogValue.Describe(value));
            return null;
        }

        if (arguments.Is(1, "TODENSE"u8))
        {
            bool wasSparse = context.HyperLogLogs.MakeDense(context.Database, key, ref context.Ticket) ?? false;
            context.Reply.Integer(wasSparse ? 1 : 0);
            return null;
        }

        return arguments.Is(1, "GETREG"u8)
            ? ShowRegisters(context, key)
            : new CommandError($"Unknown PFDEBUG subcommand '{Errors.KeyText.Of(arguments[1])}'");
    }

    private static CommandError? ShowRegisters(CommandContext context, scoped in KeyProbe key)
    {
        context.HyperLogLogs.MakeDense(context.Database, key, ref context.Ticket);
        byte[] registers = context.HyperLogLogs.Read(context.Database, key) ?? [];
        context.Reply.Array(HyperLogLogFormat.Registers);
        for (int i = 0; i < HyperLogLogFormat.Registers; i++)
        {
            context.Reply.Integer(DenseRegisters.Get(HyperLogLogFormat.RegistersOf(registers.AsSpan()), i));
        }

        return null;
    }

    // Redis's own looks for errors in its code for seconds; ours has its tests.
    private static CommandError? TestItself(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Ok();
        return null;
    }

    private readonly ref struct Elements(CommandArguments arguments) : IShownElements
    {
        private readonly CommandArguments _arguments = arguments;

        public int Count => _arguments.Count - 2;

        public ReadOnlySpan<byte> this[int index] => _arguments[index + 2];
    }
}
