using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Commands;

/// <summary>OBJECT: the insides of what keys hold.</summary>
internal static class ObjectCommands
{
    private static readonly KeyPositions Second = new(2, 2, 1);

    public static readonly Command[] Rows =
    [
        new("OBJECT", -2, CommandFlags.None, KeyPositions.None, Unknown, "Tells of the insides of what a key holds.")
        {
            Since = "2.2.3",
            Subcommands =
            [
                new("ENCODING", 3, CommandFlags.ReadOnly, Second, Encoding, "How a value is stored, by Redis's names.") { Since = "2.2.3", Complexity = "O(1)" },
                new("REFCOUNT", 3, CommandFlags.ReadOnly, Second, ReferenceCount, "How many refer to a value.") { Since = "2.2.3", Complexity = "O(1)" },
                new("IDLETIME", 3, CommandFlags.ReadOnly, Second, IdleTime, "For how long a value was not used.") { Since = "2.2.3", Complexity = "O(1)" },
                new("FREQ", 3, CommandFlags.ReadOnly, Second, Frequency, "How often a value was used, on a logarithmic scale.") { Since = "4.0.0", Complexity = "O(1)" },
                new("HELP", 2, CommandFlags.Loading | CommandFlags.Stale, KeyPositions.None, Help, "The subcommands.") { Since = "6.2.0", Complexity = "O(1)" },
            ],
        },
    ];

    private static CommandError? Unknown(CommandContext context, scoped in CommandArguments arguments) => CommandError.WrongNumberOfArguments(arguments);

    private static CommandError? Encoding(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        if (context.Objects.Encoding(context.Database, key) is { } name)
        {
            context.Reply.Bulk(name);
        }
        else
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? ReferenceCount(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        return Answer(context, context.Objects.ReferenceCount(context.Database, key));
    }

    private static CommandError? IdleTime(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        return Answer(context, context.Objects.IdleSeconds(context.Database, key));
    }

    private static CommandError? Frequency(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        return Answer(context, context.Objects.Frequency(context.Database, key));
    }

    private static CommandError? Answer(CommandContext context, long? number)
    {
        if (number is { } value)
        {
            context.Reply.Integer(value);
        }
        else
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? Help(CommandContext context, scoped in CommandArguments arguments)
    {
        CommandHelp.Write(context.Reply, "OBJECT",
        [
            "ENCODING <key>", "    How the value at <key> is stored.",
            "FREQ <key>", "    How often the value at <key> was used, on a logarithmic scale.",
            "IDLETIME <key>", "    For how many seconds the value at <key> was not used.",
            "REFCOUNT <key>", "    How many refer to the value at <key>.",
        ]);
        return null;
    }
}
