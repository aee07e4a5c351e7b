using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace ElastiCache.Embedded.Commands;

/// <summary>All commands, by name.</summary>
/// <remarks>
/// So far the table serves the replay of the log: it has a row for every command that we write there, and for every one that redis-server
/// 7.0 writes into its own about strings and keys. A command is one row and one handler; rows stand in the files of their family.
/// </remarks>
internal static class CommandTable
{
    private const int LongestName = 32;

    private static readonly FrozenDictionary<string, Command> ByName =
        new[] { StringCommands.Rows, StringEditCommands.Rows, BitCommands.Rows, KeyCommands.Rows, DatabaseCommands.Rows }
            .SelectMany(rows => rows)
            .ToFrozenDictionary(command => command.Name, StringComparer.Ordinal);

    /// <summary>All rows, in no order.</summary>
    public static IReadOnlyList<Command> All => ByName.Values;

    /// <summary>Finds a command by its name in any case; null if this version has none.</summary>
    public static Command? Find(ReadOnlySpan<byte> name)
    {
        Span<char> upper = stackalloc char[LongestName];
        return Ascii.ToUpper(name, upper, out int length) == OperationStatus.Done &&
            ByName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(upper[..length], out Command? command)
            ? command
            : null;
    }

    /// <summary>Runs a command.</summary>
    /// <returns>Null, or what is wrong; then nothing has changed. What an operation refuses comes as its exception.</returns>
    public static CommandError? Execute(CommandContext context, scoped in CommandArguments arguments)
    {
        if (Find(arguments.Name) is not { } command)
        {
            return CommandError.Unsupported(arguments.Name);
        }

        return command.Takes(arguments.Count) ? command.Handler(context, arguments) : CommandError.WrongNumberOfArguments(arguments);
    }
}
