using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on databases, and those that bracket others.</summary>
internal static class DatabaseCommands
{
    public static readonly Command[] Rows =
    [
        new("SELECT", 2, CommandFlags.Fast | CommandFlags.Loading | CommandFlags.Stale, KeyPositions.None, Select, "Chooses the database of this connection.") { Complexity = "O(1)" },
        new("SWAPDB", 3, CommandFlags.Write | CommandFlags.Fast, KeyPositions.None, Swap, "Exchanges two databases.") { Since = "4.0.0", Complexity = "O(1)" },
        new("FLUSHDB", -1, CommandFlags.Write, KeyPositions.None, (context, in arguments) => Flush(context, arguments, all: false), "Deletes the keys of a database.") { Complexity = "O(n) for n keys" },
        new("FLUSHALL", -1, CommandFlags.Write, KeyPositions.None, (context, in arguments) => Flush(context, arguments, all: true), "Deletes the keys of all databases.") { Complexity = "O(n) for n keys" },
        new("DBSIZE", 1, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPositions.None, Size, "The number of keys.") { Complexity = "O(1)" },
        new("RANDOMKEY", 1, CommandFlags.ReadOnly, KeyPositions.None, RandomKey, "One of the keys, by lot.") { Complexity = "O(1)" },
        new("KEYS", 2, CommandFlags.ReadOnly, KeyPositions.None, Keys, "All keys that match a pattern.") { Complexity = "O(n) for n keys" },
        new("SCAN", -2, CommandFlags.ReadOnly, KeyPositions.None, Scan, "Walks over the keys, some at a time.") { Since = "2.8.0", Complexity = "O(1) a call, O(n) for all" },
    ];

    private static CommandError? Size(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Integer(context.Databases.Size(context.Database));
        return null;
    }

    private static CommandError? RandomKey(CommandContext context, scoped in CommandArguments arguments)
    {
        if (context.Scans.RandomKey(context.Database) is { } key)
        {
            context.Reply.Bulk(key);
        }
        else
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? Keys(CommandContext context, scoped in CommandArguments arguments)
    {
        var sink = new KeysInReply(context.Reply);
        int mark = context.Reply.BeginAggregate();
        context.Scans.Keys(context.Database, arguments[1], ref sink);
        context.Reply.EndArray(mark, sink.Count);
        return null;
    }

    private static CommandError? Scan(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!ScanCursor.TryParse(arguments[1], out ulong cursor))
        {
            return ScanCursor.Invalid;
        }

        if (ScanCursor.ReadOptions(arguments, 2, takesType: true, out ScanOptionsRead options) is { } error)
        {
            return error;
        }

        var sink = new KeysInReply(context.Reply);
        context.Reply.Array(2);
        int cursorAt = context.Reply.Length;
        int mark = context.Reply.BeginAggregate();
        ulong next = context.Scans.Scan(context.Database, cursor, options.ToArguments(arguments), ref sink);
        context.Reply.EndArray(mark, sink.Count);

        // The cursor stands before the keys, and only now it is known.
        byte[] keys = context.Reply.Written[cursorAt..].ToArray();
        context.Reply.CutBack(cursorAt);
        context.Reply.Bulk(next.ToString(System.Globalization.CultureInfo.InvariantCulture));
        context.Reply.Raw(keys);
        return null;
    }

    private static CommandError? Select(CommandContext context, scoped in CommandArguments arguments)
    {
        CommandError? error = context.ReadDatabase(arguments, 1, out int database);
        if (error is null)
        {
            context.Database = database;
            context.Reply.Ok();
        }

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
            context.Reply.Ok();
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
        context.Reply.Ok();
        return null;
    }

    private struct KeysInReply(RespWriter reply) : IKeySink
    {
        public int Count { get; private set; }

        public void Take(ReadOnlySpan<byte> key)
        {
            Count++;
            reply.Bulk(key);
        }
    }
}
