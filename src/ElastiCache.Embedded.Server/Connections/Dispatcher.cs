using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>The way of a request to its command: found, allowed now, not paused; then run, or queued after MULTI.</summary>
internal static class Dispatcher
{
    // PING gets it too, as in Redis: who watches a server by PING shall see it.
    private const string NotSaved =
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, " +
        "because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). " +
        "Please check the Redis logs for details about the RDB error.";

    /// <summary>Handles one request.</summary>
    /// <returns>False if it has to wait for the end of a pause; then nothing has happened.</returns>
    public static bool TryServe(ClientContext client, scoped in CommandArguments arguments)
    {
        Command? command = client.Server.Lookup.Find(arguments);
        if (command == null && client.Server.Table.Resolve(arguments, out command) is { } error)
        {
            if (IsHttp(arguments.Name))
            {
                client.Connection.Kill();
                return true;
            }

            Refuse(client, error.ToString(), client.Server.Table.Find(arguments.Name));
            return true;
        }

        if (Refusal(client, command!) is { } refusal)
        {
            Refuse(client, refusal, command);
            return true;
        }

        if (client.Server.Pause.Mode != PauseMode.None && client.Server.Pause.Holds(command!, client.Transaction))
        {
            return false;
        }

        // The one place where a command is either run or, after MULTI, put into the transaction.
        CommandTable.Serve(client, command!, arguments);
        return true;
    }

    // A browser that was made to send us a form. Its lines must not go on to be commands: Redis cuts it off like this too.
    private static bool IsHttp(ReadOnlySpan<byte> name) =>
        System.Text.Ascii.EqualsIgnoreCase(name, "POST"u8) || System.Text.Ascii.EqualsIgnoreCase(name, "Host:"u8);

    private static string? Refusal(ClientContext client, Command command)
    {
        if (client.MustAuthenticate && !command.Flags.HasFlag(CommandFlags.NoAuthentication))
        {
            return "NOAUTH Authentication required.";
        }

        if (ChannelCommands.RefusalWhileSubscribed(client, command) is { } refusal)
        {
            return refusal.ToString();
        }

        if (IsOutOfMemory(client, command))
        {
            return "OOM command not allowed when used memory > 'maxmemory'.";
        }

        if (client.Server.Snapshots.RefusesWrites && (Changes(client, command) || command.Name == "PING"))
        {
            return NotSaved;
        }

        return command.Name == "DEBUG" && !client.Server.AllowsDebug(client)
            ? "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, " +
              "otherwise you need to set this option in the configuration file, and then restart the server."
            : null;
    }

    // The store refuses what doesn't fit. Redis refuses earlier: while more is in use than may be, whatever may need memory, even if it needs none.
    private static bool IsOutOfMemory(ClientContext client, Command command)
    {
        if ((command.Flags & CommandFlags.DenyOutOfMemory) == 0 && (command.Name != "EXEC" || (client.Transaction.Flags & CommandFlags.DenyOutOfMemory) == 0))
        {
            return false;
        }

        MemoryBudget budget = client.Store.Budget;
        return budget.MaxBytes > 0 && client.Store.Arena.UsedBytes > budget.MaxBytes && !budget.Evicts;
    }

    private static bool Changes(ClientContext client, Command command) =>
        (command.Flags & CommandFlags.Write) != 0 || (command.Name == "EXEC" && (client.Transaction.Flags & CommandFlags.Write) != 0);

    private static void Refuse(ClientContext client, string error, Command? command)
    {
        if (command?.Name == "EXEC")
        {
            client.Transaction.Discard();
            error = $"EXECABORT Transaction discarded because of: {error}";
        }

        client.Transaction.Break();
        client.Reply.Error(error);
        client.Counters.CountError(System.Text.Encoding.Latin1.GetBytes(error));
        if (command != null)
        {
            client.Counters.CountRejection(command);
        }
    }
}
