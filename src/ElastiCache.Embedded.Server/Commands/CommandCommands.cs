using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Connections;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>COMMAND: the commands themselves.</summary>
internal static class CommandCommands
{
    private const CommandFlags Flags = Loading | Stale;

    public static readonly Command[] Rows =
    [
        new("COMMAND", -1, Flags, KeyPositions.None, All, "Describes all commands.")
        {
            Since = "2.8.13",
            Complexity = "O(n) for n commands",
            Subcommands =
            [
                new("COUNT", 2, Flags, KeyPositions.None, Count, "Tells how many commands there are.") { Since = "2.8.13", Complexity = "O(1)" },
                new("LIST", -2, Flags, KeyPositions.None, CommandListCommand.Run, "Lists the names of commands.") { Since = "7.0.0", Complexity = "O(n) for n commands" },
                new("INFO", -2, Flags, KeyPositions.None, Information, "Describes some commands.") { Since = "2.8.13", Complexity = "O(n) for n commands" },
                new("DOCS", -2, Flags, KeyPositions.None, Documentation, "Explains some commands, or all.") { Since = "7.0.0", Complexity = "O(n) for n commands" },
                new("GETKEYS", -4, Flags, KeyPositions.None, (context, in arguments) => GetKeys(context, arguments, withFlags: false), "Finds the keys in a command.") { Since = "2.8.13", Complexity = "O(n) for n arguments" },
                new("GETKEYSANDFLAGS", -4, Flags, KeyPositions.None, (context, in arguments) => GetKeys(context, arguments, withFlags: true), "Finds the keys in a command, and what it does with them.") { Since = "7.0.0", Complexity = "O(n) for n arguments" },
                new("HELP", 2, Flags, KeyPositions.None, Help, "Lists the subcommands.") { Since = "5.0.0", Complexity = "O(1)" },
            ],
        },
    ];

    /// <summary>A command by the name that lists show it by: <c>config|get</c>.</summary>
    public static Command? Named(CommandTable table, ReadOnlySpan<byte> name)
    {
        int bar = name.IndexOf((byte)'|');
        if (bar < 0)
        {
            return table.Find(name);
        }

        string sub = Encoding.Latin1.GetString(name[(bar + 1)..]);
        return table.Find(name[..bar])?.Subcommands.FirstOrDefault(command => command.Name.Equals(sub, StringComparison.OrdinalIgnoreCase));
    }

    private static CommandError? All(CommandContext context, scoped in CommandArguments arguments)
    {
        IReadOnlyList<Command> all = context.Client().Server.Table.All;
        context.Reply.Array(all.Count);
        foreach (Command command in all)
        {
            CommandDescription.Write(context.Reply, command);
        }

        return null;
    }

    private static CommandError? Count(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Integer(context.Client().Server.Table.All.Count);
        return null;
    }

    private static CommandError? Information(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count == 2)
        {
            return All(context, arguments);
        }

        context.Reply.Array(arguments.Count - 2);
        for (int i = 2; i < arguments.Count; i++)
        {
            if (Named(context.Client().Server.Table, arguments[i]) is { } command)
            {
                CommandDescription.Write(context.Reply, command);
            }
            else
            {
                context.Reply.Null();
            }
        }

        return null;
    }

    private static CommandError? Documentation(CommandContext context, scoped in CommandArguments arguments)
    {
        CommandTable table = context.Client().Server.Table;
        List<Command> commands = arguments.Count == 2 ? [.. table.All] : [];
        for (int i = 2; i < arguments.Count; i++)
        {
            commands.AddRange(Named(table, arguments[i]) is { } command ? [command] : []);
        }

        context.Reply.Map(commands.Count);
        foreach (Command command in commands)
        {
            context.Reply.Bulk(ClientContext.NameOf(command));
            CommandDescription.WriteDocumentation(context.Reply, command);
        }

        return null;
    }

    private static CommandError? GetKeys(CommandContext context, scoped in CommandArguments arguments, bool withFlags)
    {
        byte[] bytes = arguments.ToBytes(2, out (int Start, int Length)[] places);
        var inner = new CommandArguments(bytes, places);
        Command? command = context.Client().Server.Table.Find(inner.Name);
        if (command?.Subcommands.Count > 0 && inner.Count > 1)
        {
            string sub = Encoding.Latin1.GetString(inner[1]);
            command = command.Subcommands.FirstOrDefault(row => row.Name.Equals(sub, StringComparison.OrdinalIgnoreCase));
        }

        if (command == null)
        {
            return new CommandError("Invalid command specified");
        }

        if (command.Keys.First == 0 && command.FindKeys == null)
        {
            return new CommandError("The command has no key arguments");
        }

        if (!command.Takes(inner.Count))
        {
            return new CommandError("Invalid number of arguments specified for command");
        }

        var positions = new List<int>();
        if (!CommandKeyPositions.Find(command, inner, positions))
        {
            return new CommandError("Invalid arguments specified for command");
        }

        if (positions.Count == 0)
        {
            return new CommandError("The command has no key arguments");
        }

        context.Reply.Array(positions.Count);
        foreach (int position in positions)
        {
            if (withFlags)
            {
                context.Reply.Array(2);
            }

            context.Reply.Bulk(inner[position]);
            if (withFlags)
            {
                CommandDescription.WriteKeyFlags(context.Reply, command, position, inner);
            }
        }

        return null;
    }

    private static CommandError? Help(CommandContext context, scoped in CommandArguments arguments) => ServerCommands.Help(
        context,
        "COMMAND",
        "(no subcommand)",
        "    All commands in detail.",
        "COUNT",
        "    How many commands there are.",
        "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
        "    The names of commands.",
        "INFO [<command> ...]",
        "    Some commands in detail, or all.",
        "DOCS [<command> ...]",
        "    What commands do, some or all.",
        "GETKEYS <command> <argument> ...",
        "    The keys in a command.",
        "GETKEYSANDFLAGS <command> <argument> ...",
        "    The keys in a command, and what it does with them.");
}
