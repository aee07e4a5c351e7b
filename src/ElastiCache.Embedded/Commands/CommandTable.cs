using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands by name.</summary>
/// <remarks>
/// A command is one row and one handler; rows stand in the files of their family. <see cref="Core"/> has all that work on data, and the replay of the
/// log uses it; a server adds its own rows, such as CONFIG and CLIENT.
/// </remarks>
internal sealed class CommandTable
{
    private const int LongestName = 32;

    private readonly FrozenDictionary<string, Command> _byName;

    /// <summary>Makes a table.</summary>
    /// <param name="families">Rows with their group. A later row replaces an earlier one of the same name.</param>
    public CommandTable(params ReadOnlySpan<(CommandGroup Group, Command[] Rows)> families)
    {
        var byName = new Dictionary<string, Command>(StringComparer.Ordinal);
        int next = 0;
        foreach ((CommandGroup group, Command[] rows) in families)
        {
            foreach (Command row in rows)
            {
                byName[row.Name] = row with
                {
                    Group = group,
                    Number = next++,
                    Subcommands = [.. row.Subcommands.Select(command => command with { Group = group, Container = row.Name, Number = next++ })],
                };
            }
        }

        NumberCount = next;

        _byName = byName.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The families of the core.</summary>
    public static (CommandGroup Group, Command[] Rows)[] CoreFamilies { get; } =
    [
        (CommandGroup.String, StringCommands.Rows),
        (CommandGroup.String, StringEditCommands.Rows),
        (CommandGroup.Bitmap, BitCommands.Rows),
        (CommandGroup.Generic, KeyCommands.Rows),
        (CommandGroup.Generic, ObjectCommands.Rows),
        (CommandGroup.Generic, SortCommands.Rows),
        (CommandGroup.Generic, DumpCommands.Rows),
        (CommandGroup.Generic, DatabaseCommands.Rows),
        (CommandGroup.List, ListCommands.Rows),
        (CommandGroup.List, BlockingListCommands.Rows),
        (CommandGroup.Hash, HashCommands.Rows),
        (CommandGroup.Set, SetCommands.Rows),
        (CommandGroup.SortedSet, SortedSetCommands.Rows),
        (CommandGroup.SortedSet, SortedSetRangeCommands.Rows),
        (CommandGroup.SortedSet, SortedSetAlgebraCommands.Rows),
        (CommandGroup.Stream, StreamCommands.Rows),
        (CommandGroup.HyperLogLog, HyperLogLogCommands.Rows),
        (CommandGroup.Geo, GeoCommands.Rows),
        (CommandGroup.Geo, GeoSearchCommands.Rows),
        (CommandGroup.PubSub, ChannelCommands.Rows),
        (CommandGroup.Transactions, TransactionCommands.Rows),
    ];

    /// <summary>All commands on data.</summary>
    public static CommandTable Core { get; } = new(CoreFamilies);

    /// <summary>One more than the largest <see cref="Command.Number"/>.</summary>
    public int NumberCount { get; }

    /// <summary>All rows, in no order.</summary>
    public IReadOnlyList<Command> All => _byName.Values;

    /// <summary>Finds a command by its name in any case; null if there is none.</summary>
    public Command? Find(ReadOnlySpan<byte> name)
    {
        Span<char> upper = stackalloc char[LongestName];
        return Ascii.ToUpper(name, upper, out int length) == OperationStatus.Done &&
            _byName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(upper[..length], out Command? command)
            ? command
            : null;
    }

    /// <summary>Finds the command that arguments call: the subcommand, for a container. Checks the number of arguments.</summary>
    /// <param name="arguments">The command.</param>
    /// <param name="command">The row; null with an error.</param>
    /// <returns>Null, or what is wrong.</returns>
    public CommandError? Resolve(scoped in CommandArguments arguments, out Command? command)
    {
        command = Find(arguments.Name);
        if (command == null)
        {
            return CommandError.Unknown(arguments);
        }

        if (command.Subcommands.Count > 0 && arguments.Count > 1)
        {
            Command container = command;
            command = null;
            foreach (Command sub in container.Subcommands)
            {
                if (Ascii.EqualsIgnoreCase(arguments[1], sub.Name))
                {
                    command = sub;
                }
            }

            if (command == null)
            {
                return CommandError.UnknownSubcommand(arguments);
            }
        }

        if (!command.Takes(arguments.Count))
        {
            CommandError error = CommandError.WrongNumberOfArguments(command);
            command = null;
            return error;
        }

        return null;
    }

    /// <summary>Runs a command for a client, or queues it after MULTI, and writes the reply, errors included.</summary>
    public void Serve(CommandContext context, scoped in CommandArguments arguments)
    {
        if (Resolve(arguments, out Command? command) is { } error)
        {
            context.Transaction.Break();
            context.Reply.Error(error.ToString());
        }
        else
        {
            Serve(context, command!, arguments);
        }
    }

    /// <summary>As the other form, for a command that was resolved already.</summary>
    public static void Serve(CommandContext context, Command command, scoped in CommandArguments arguments)
    {
        if (!context.Transaction.IsOpen || command.IsRunInTransactions)
        {
            context.Run(command, arguments);
        }
        else if (command.Flags.HasFlag(CommandFlags.NoMulti))
        {
            context.Transaction.Break();
            context.Reply.Error("ERR Command not allowed inside a transaction");
        }
        else
        {
            context.Transaction.Add(command, arguments);
            context.Reply.Simple("QUEUED"u8);
        }
    }

    /// <summary>Runs a command at once.</summary>
    /// <returns>Null, or what is wrong; then nothing has changed. What an operation refuses comes as its exception.</returns>
    public CommandError? Execute(CommandContext context, scoped in CommandArguments arguments) =>
        Resolve(arguments, out Command? command) is { } error ? error : command!.Handler(context, arguments);
}
