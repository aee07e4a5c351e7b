namespace ElastiCache.Embedded.Commands;

/// <summary>Commands that make several others one step.</summary>
internal static class TransactionCommands
{
    private const CommandFlags Always = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.AllowBusy;

    public static readonly Command[] Rows =
    [
        new("MULTI", 1, Always | CommandFlags.Fast, KeyPositions.None, Begin, "Begins a transaction: the commands that follow are queued.")
        {
            Since = "1.2.0", Complexity = "O(1)", IsRunInTransactions = true,
        },
        new("EXEC", 1, CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.SkipSlowLog, KeyPositions.None, Execute, "Runs all queued commands as one step.")
        {
            Since = "1.2.0", Complexity = "That of the queued commands", IsRunInTransactions = true,
        },
        new("DISCARD", 1, Always | CommandFlags.Fast, KeyPositions.None, Discard, "Drops the queued commands and stops watching keys.")
        {
            Since = "2.0.0", Complexity = "O(n) for n queued commands", IsRunInTransactions = true,
        },
        new("WATCH", -2, Always | CommandFlags.Fast, KeyPositions.All, Watch, "Lets the next EXEC run only if these keys have not changed until then.")
        {
            Since = "2.2.0", Complexity = "O(1) a key", IsRunInTransactions = true,
        },
        new("UNWATCH", 1, Always | CommandFlags.Fast, KeyPositions.None, Unwatch, "Stops watching keys.") { Since = "2.2.0", Complexity = "O(1)" },
    ];

    // In the replay of a log both are passed over: the reader of a log hands over whole blocks only, and nobody looks at a store that is being loaded.
    private static CommandError? Begin(CommandContext context, scoped in CommandArguments arguments)
    {
        if (context.Store.IsLoading)
        {
            return null;
        }

        if (context.Transaction.IsOpen)
        {
            return new CommandError("MULTI calls can not be nested");
        }

        context.Transaction.Open();
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Execute(CommandContext context, scoped in CommandArguments arguments)
    {
        if (context.Store.IsLoading)
        {
            return null;
        }

        if (!context.Transaction.IsOpen)
        {
            return new CommandError("EXEC without MULTI");
        }

        if (context.Transaction.IsBroken)
        {
            context.Transaction.Discard();
            return new CommandError("EXECABORT", "Transaction discarded because of previous errors.");
        }

        context.Transaction.Execute(context);
        return null;
    }

    private static CommandError? Discard(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!context.Transaction.IsOpen)
        {
            return new CommandError("DISCARD without MULTI");
        }

        context.Transaction.Discard();
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Watch(CommandContext context, scoped in CommandArguments arguments)
    {
        if (context.Transaction.IsOpen)
        {
            return new CommandError("WATCH inside MULTI is not allowed");
        }

        for (int i = 1; i < arguments.Count; i++)
        {
            context.Transaction.Watched.Add(context.Database, arguments[i]);
        }

        context.Reply.Ok();
        return null;
    }

    private static CommandError? Unwatch(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Transaction.Watched.Clear();
        context.Reply.Ok();
        return null;
    }
}
