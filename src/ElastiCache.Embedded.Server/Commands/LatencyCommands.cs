using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Connections;
using ElastiCache.Embedded.Server.Hosting;
using ElastiCache.Embedded.Server.Statistics;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>LATENCY: what took long, and how long commands take.</summary>
internal static class LatencyCommands
{
    private const CommandFlags Flags = CommandFlags.Admin | NoScript | Loading | Stale;

    public static readonly Command[] Rows =
    [
        ServerCommands.Container(
            "LATENCY",
            "Commands on latencies.",
            new("LATEST", 2, Flags, KeyPositions.None, Latest, "Shows the last sample of each kind of event.") { Since = "2.8.13", Complexity = "O(1)" },
            new("HISTORY", 3, Flags, KeyPositions.None, History, "Shows the samples of a kind of event.") { Since = "2.8.13", Complexity = "O(1)" },
            new("RESET", -2, Flags, KeyPositions.None, Reset, "Forgets samples.") { Since = "2.8.13", Complexity = "O(1)" },
            new("GRAPH", 3, Flags, KeyPositions.None, Graph, "Draws the samples of a kind of event.") { Since = "2.8.13", Complexity = "O(1)" },
            new("DOCTOR", 2, Flags, KeyPositions.None, Doctor, "Sums the samples up in words.") { Since = "2.8.13", Complexity = "O(1)" },
            new("HISTOGRAM", -2, Flags, KeyPositions.None, Histogram, "Shows how long commands take.") { Since = "7.0.0", Complexity = "O(n) for n commands" },
            new("HELP", 2, Loading | Stale, KeyPositions.None, Help, "Lists the subcommands.") { Since = "2.8.13", Complexity = "O(1)" }),
    ];

    private static CommandError? Latest(CommandContext context, scoped in CommandArguments arguments)
    {
        var latest = context.Client().Server.Latency.Latest();
        context.Reply.Array(latest.Length);
        foreach ((string name, long seconds, long milliseconds, long worst) in latest)
        {
            context.Reply.Array(4);
            context.Reply.Bulk(name);
            context.Reply.Integer(seconds);
            context.Reply.Integer(milliseconds);
            context.Reply.Integer(worst);
        }

        return null;
    }

    private static CommandError? History(CommandContext context, scoped in CommandArguments arguments)
    {
        var samples = context.Client().Server.Latency.History(Encoding.Latin1.GetString(arguments[2]));
        context.Reply.Array(samples.Length);
        foreach ((long seconds, long milliseconds) in samples)
        {
            context.Reply.Array(2);
            context.Reply.Integer(seconds);
            context.Reply.Integer(milliseconds);
        }

        return null;
    }

    private static CommandError? Reset(CommandContext context, scoped in CommandArguments arguments)
    {
        var names = new List<string>();
        for (int i = 2; i < arguments.Count; i++)
        {
            names.Add(Encoding.Latin1.GetString(arguments[i]));
        }

        context.Reply.Integer(context.Client().Server.Latency.Reset(names));
        return null;
    }

    // A bar for each sample, the highest as high as the picture.
    private static CommandError? Graph(CommandContext context, scoped in CommandArguments arguments)
    {
        const int Rows = 4;
        string name = Encoding.Latin1.GetString(arguments[2]);
        (long UnixSeconds, long Milliseconds)[] samples = context.Client().Server.Latency.History(name);
        if (samples.Length == 0)
        {
            return new CommandError($"No samples available for event '{name}'");
        }

        long high = samples.Max(sample => sample.Milliseconds);
        long low = samples.Min(sample => sample.Milliseconds);
        var text = new StringBuilder();
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{name} - high {high} ms, low {low} ms\n");
        for (int row = Rows; row >= 1; row--)
        {
            foreach ((_, long milliseconds) in samples)
            {
                text.Append(milliseconds * Rows >= high * row ? '#' : ' ');
            }

            text.Append('\n');
        }

        context.Reply.Verbatim("txt"u8, Encoding.Latin1.GetBytes(text.ToString()));
        return null;
    }

    private static CommandError? Doctor(CommandContext context, scoped in CommandArguments arguments)
    {
        LatencyMonitor latency = context.Client().Server.Latency;
        var text = new StringBuilder();
        if (latency.ThresholdMilliseconds == 0)
        {
            text.Append("Latency monitoring is disabled in this Redis instance: set latency-monitor-threshold to a number of milliseconds to switch it on.\n");
        }
        else if (latency.Latest().Length == 0)
        {
            text.Append("Nothing took longer than latency-monitor-threshold.\n");
        }

        foreach ((string name, _, long milliseconds, long worst) in latency.Latest())
        {
            var samples = latency.History(name);
            text.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{name}: {samples.Length} samples, {samples.Average(sample => sample.Milliseconds):F0} ms on average, last {milliseconds} ms, worst ever {worst} ms.\n");
        }

        context.Reply.Verbatim("txt"u8, Encoding.Latin1.GetBytes(text.ToString()));
        return null;
    }

    private static CommandError? Histogram(CommandContext context, scoped in CommandArguments arguments)
    {
        ServerState server = context.Client().Server;
        ThreadCounters sum = server.Counters.Sum(withCommands: true);
        var commands = new List<Command>();
        if (arguments.Count == 2)
        {
            commands.AddRange(server.Table.All.SelectMany(row => row.Subcommands.Prepend(row)));
        }

        for (int i = 2; i < arguments.Count; i++)
        {
            commands.AddRange(CommandCommands.Named(server.Table, arguments[i]) is { } command ? command.Subcommands.Prepend(command) : []);
        }

        List<(Command Command, CommandCounters Counters)> known =
            [.. commands.Select(command => (command, sum.ByCommand[command.Number]!)).Where(pair => pair.Item2?.Latencies != null)];
        context.Reply.Map(known.Count);
        foreach ((Command command, CommandCounters counters) in known)
        {
            List<(long Microseconds, long Count)> buckets = [.. counters.Latencies!.Cumulative()];
            context.Reply.Bulk(ClientContext.NameOf(command));
            context.Reply.Map(2);
            context.Reply.Bulk("calls"u8);
            context.Reply.Integer(counters.Latencies.Total);
            context.Reply.Bulk("histogram_usec"u8);
            context.Reply.Map(buckets.Count);
            foreach ((long microseconds, long count) in buckets)
            {
                context.Reply.Integer(microseconds);
                context.Reply.Integer(count);
            }
        }

        return null;
    }

    private static CommandError? Help(CommandContext context, scoped in CommandArguments arguments) => ServerCommands.Help(
        context,
        "LATENCY",
        "DOCTOR",
        "    The samples in words.",
        "GRAPH <event>",
        "    The samples of an event as a picture.",
        "HISTOGRAM [<command> ...]",
        "    How long commands take, cumulative.",
        "HISTORY <event>",
        "    Time and milliseconds of an event's samples.",
        "LATEST",
        "    The last sample of each event.",
        "RESET [<event> ...]",
        "    Forgets the samples of some events, or all.");
}
