using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands that wait for a list to have an element.</summary>
internal static class BlockingListCommands
{
    private const CommandFlags Waits = CommandFlags.Write | CommandFlags.NoScript | CommandFlags.Blocking;
    private const CommandFlags WaitsAndGrows = CommandFlags.Write | CommandFlags.DenyOutOfMemory | CommandFlags.NoScript | CommandFlags.Blocking;

    public static readonly Command[] Rows =
    [
        new("BLPOP", -3, Waits, new KeyPositions(1, -2, 1), (context, in arguments) => Pop(context, arguments, fromHead: true), "Takes an element from the head of a list, or waits for one.") { Since = "2.0.0", Complexity = "O(n) for n keys" },
        new("BRPOP", -3, Waits, new KeyPositions(1, -2, 1), (context, in arguments) => Pop(context, arguments, fromHead: false), "Takes an element from the tail of a list, or waits for one.") { Since = "2.0.0", Complexity = "O(n) for n keys" },
        new("BLMOVE", 6, WaitsAndGrows, KeyPositions.Two, Move, "Takes an element from one list and adds it to another, or waits for one.") { Since = "6.2.0", Complexity = "O(1)" },
        new("BRPOPLPUSH", 4, WaitsAndGrows, KeyPositions.Two, PopAndPush, "Takes the tail of one list and adds it at the head of another, or waits for one.") { Since = "2.2.0", Complexity = "O(1)" },
        new("BLMPOP", -5, CommandFlags.Write | CommandFlags.Blocking | CommandFlags.MovableKeys, KeyPositions.None, PopFromFirst, "Takes elements from the first of some lists that has any, or waits for them.")
        {
            Since = "7.0.0", Complexity = "O(n + m) for n lists and m elements", FindKeys = static (in arguments, positions) => CommandKeyPositions.FindCounted(arguments, positions, 2),
        },
    ];

    /// <summary>The reply of LMPOP: the key and an array of what it had.</summary>
    public static void WriteKeyAndElements(RespWriter reply, byte[] key, List<byte[]> elements)
    {
        reply.Array(2);
        reply.Bulk(key);
        reply.Array(elements.Count);
        foreach (byte[] element in elements)
        {
            reply.Bulk(element);
        }
    }

    private static CommandError? Pop(CommandContext context, scoped in CommandArguments arguments, bool fromHead)
    {
        if (WaitingCommand.ReadTimeout(arguments, arguments.Count - 1, out TimeSpan? timeout) is { } error)
        {
            return error;
        }

        byte[][] keys = arguments.Copy(1, arguments.Count - 2);
        var attempt = new ListPopAttempt(context.Lists, context.Database, keys, fromHead, 1);
        WaitingCommand.Run(context, keys, attempt, timeout, (client, served) =>
        {
            if (!served)
            {
                client.Reply.NullArray();
                return;
            }

            client.Reply.Array(2);
            client.Reply.Bulk(attempt.Key);
            client.Reply.Bulk(attempt.Elements[0]);
        });
        return null;
    }

    private static CommandError? Move(CommandContext context, scoped in CommandArguments arguments) =>
        ListCommands.TryReadEnd(arguments, 3, out bool fromHead) && ListCommands.TryReadEnd(arguments, 4, out bool toHead)
            ? Move(context, arguments, 5, fromHead, toHead)
            : CommandError.Syntax;

    private static CommandError? PopAndPush(CommandContext context, scoped in CommandArguments arguments) =>
        Move(context, arguments, 3, fromHead: false, toHead: true);

    private static CommandError? Move(CommandContext context, scoped in CommandArguments arguments, int timeoutAt, bool fromHead, bool toHead)
    {
        if (WaitingCommand.ReadTimeout(arguments, timeoutAt, out TimeSpan? timeout) is { } error)
        {
            return error;
        }

        byte[] source = arguments[1].ToArray();
        var attempt = new ListMoveAttempt(context.Lists, context.Database, source, arguments[2].ToArray(), fromHead, toHead);
        WaitingCommand.Run(context, [source], attempt, timeout, (client, served) =>
        {
            if (served)
            {
                client.Reply.Bulk(attempt.Element);
            }
            else
            {
                client.Reply.Null();
            }
        });
        return null;
    }

    private static CommandError? PopFromFirst(CommandContext context, scoped in CommandArguments arguments)
    {
        if (WaitingCommand.ReadTimeout(arguments, 1, out TimeSpan? timeout) is { } wrongTimeout)
        {
            return wrongTimeout;
        }

        if (ListCommands.ReadPopArguments(arguments, 2, out byte[][] keys, out bool fromHead, out long count) is { } error)
        {
            return error;
        }

        var attempt = new ListPopAttempt(context.Lists, context.Database, keys, fromHead, count);
        WaitingCommand.Run(context, keys, attempt, timeout, (client, served) =>
        {
            if (served)
            {
                WriteKeyAndElements(client.Reply, attempt.Key, attempt.Elements);
            }
            else
            {
                client.Reply.NullArray();
            }
        });
        return null;
    }
}
