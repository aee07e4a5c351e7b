namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on databases, and those that bracket others.</summary>
internal static class DatabaseCommands
{
    public static readonly Command[] Rows =
    [
        new("SELECT", 2, CommandFlags.Fast, KeyPositions.None, Select),
        new("SWAPDB", 3, CommandFlags.Write | CommandFlags.Fast, KeyPositions.None, Swap),
        new("FLUSHDB", -1, CommandFlags.Write, KeyPositions.None, (context, in arguments) => Flush(context, arguments, all: false)),
        new("FLUSHALL", -1, CommandFlags.Write, KeyPositions.None, (context, in arguments) => Flush(context, arguments, all: true)),
    ];

    private static CommandError? Select(CommandContext context, scoped in CommandArguments arguments)
    {
        CommandError? error = context.ReadDatabase(arguments, 1, out int database);
        context.Database = error is null ? database : context.Database;
        return error;
    }

    private static CommandError? Swap(CommandContext context, scoped in CommandArguments arguments)
    {
        // Redis reads both numbers before it looks at their range.
        CommandError? first = context.ReadDatabase(arguments, 1, out int a, CommandError.NotAFirstDatabase);
        CommandError? second = context.ReadDatabase(arguments, 2, out int b, CommandError.NotASecondDatabase);
        CommandError? error = first is null || ReferenceEquals(first, CommandError.NoSuchDatabase) ? second ?? first : first;
        if (error is null)
        {
            context.Databases.Swap(a, b, ref context.Ticket);
        }

        return error;
    }

    private static CommandError? Flush(CommandContext context, scoped in CommandArguments arguments, bool all)
    {
        if (arguments.Count > 2 || (arguments.Count == 2 && !arguments.Is(1, "SYNC"u8) && !arguments.Is(1, "ASYNC"u8)))
        {
            return CommandError.Syntax;
        }

        // A replay goes on filling memory, so it must be back first, whatever was asked for then.
        bool waits = arguments.Count == 1 || arguments.Is(1, "SYNC"u8) || context.Store.IsLoading;
        FlushMode mode = waits ? FlushMode.Synchronous : FlushMode.Asynchronous;
        _ = all
            ? context.Databases.FlushAll(mode, ref context.Ticket)
            : context.Databases.Flush(context.Database, mode, ref context.Ticket);
        return null;
    }
}
