using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Statistics;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>SLOWLOG: the last commands that took long.</summary>
internal static class SlowLogCommands
{
    private const CommandFlags Flags = CommandFlags.Admin | Loading | Stale;

    public static readonly Command[] Rows =
    [
        ServerCommands.Container(
            "SLOWLOG",
            "Commands on the slow log.",
            new("GET", -2, Flags, KeyPositions.None, Get, "Shows the newest entries.") { Since = "2.2.12", Complexity = "O(n) for n entries" },
            new("LEN", 2, Flags, KeyPositions.None, Length, "Tells how many entries there are.") { Since = "2.2.12", Complexity = "O(1)" },
            new("RESET", 2, Flags, KeyPositions.None, Reset, "Removes all entries.") { Since = "2.2.12", Complexity = "O(n) for n entries" },
            new("HELP", 2, Loading | Stale, KeyPositions.None, Help, "Lists the subcommands.") { Since = "6.2.0", Complexity = "O(1)" }),
    ];

    private static CommandError? Get(CommandContext context, scoped in CommandArguments arguments)
    {
        long count = 10;
        if (arguments.Count > 3)
        {
            return CommandError.WrongNumberOfArguments(arguments);
        }

        if (arguments.Count == 3 && (!arguments.TryInteger(2, out count) || count < -1))
        {
            return new CommandError("count should be greater than or equal to -1");
        }

        SlowCommand[] commands = context.Client().Server.SlowLog.Newest(count == -1 ? int.MaxValue : (int)Math.Min(count, int.MaxValue));
        context.Reply.Array(commands.Length);
        foreach (SlowCommand command in commands)
        {
            context.Reply.Array(6);
            context.Reply.Integer(command.Id);
            context.Reply.Integer(command.UnixSeconds);
            context.Reply.Integer(command.Microseconds);
            context.Reply.Array(command.Arguments.Length);
            foreach (byte[] argument in command.Arguments)
            {
                context.Reply.Bulk(argument);
            }

            context.Reply.Bulk(command.Address);
            context.Reply.Bulk(command.ClientName);
        }

        return null;
    }

    private static CommandError? Length(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Integer(context.Client().Server.SlowLog.Count);
        return null;
    }

    private static CommandError? Reset(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Client().Server.SlowLog.Clear();
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Help(CommandContext context, scoped in CommandArguments arguments) => ServerCommands.Help(
        context,
        "SLOWLOG",
        "GET [<count>]",
        "    The newest entries (10 by default, -1 for all): number, time, microseconds, arguments, client's address and name.",
        "LEN",
        "    How many entries there are.",
        "RESET",
        "    Removes all entries.");
}
