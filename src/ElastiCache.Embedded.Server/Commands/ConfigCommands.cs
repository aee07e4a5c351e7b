using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Configuration;
using ElastiCache.Embedded.Server.Hosting;
using ElastiCache.Embedded.Server.Statistics;
using ElastiCache.Embedded.Values;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>CONFIG: the parameters.</summary>
internal static class ConfigCommands
{
    private const CommandFlags Flags = CommandFlags.Admin | NoScript | Loading | Stale;

    public static readonly Command[] Rows =
    [
        ServerCommands.Container(
            "CONFIG",
            "Commands on the server's parameters.",
            new("GET", -3, Flags, KeyPositions.None, Get, "Shows parameters whose names match.") { Since = "2.0.0", Complexity = "O(n) for n parameters" },
            new("SET", -4, Flags, KeyPositions.None, Set, "Changes parameters, all or none.") { Since = "2.0.0", Complexity = "O(n) for n parameters" },
            new("RESETSTAT", 2, Flags, KeyPositions.None, ResetStatistics, "Begins to count from 0.") { Since = "2.0.0", Complexity = "O(1)" },
            new("REWRITE", 2, Flags, KeyPositions.None, Rewrite, "Writes the parameters into the configuration file.") { Since = "2.8.0", Complexity = "O(n) for n parameters" },
            new("HELP", 2, Loading | Stale, KeyPositions.None, Help, "Lists the subcommands.") { Since = "5.0.0", Complexity = "O(1)" }),
    ];

    private static CommandError? Get(CommandContext context, scoped in CommandArguments arguments)
    {
        byte[][] patterns = new byte[arguments.Count - 2][];
        for (int i = 0; i < patterns.Length; i++)
        {
            patterns[i] = Encoding.ASCII.GetBytes(Encoding.Latin1.GetString(arguments[i + 2]).ToLowerInvariant());
        }

        List<(string Name, string Value)> found = context.Client().Server.Configuration.Matching(
            name => Array.Exists(patterns, pattern => Glob.IsMatch(pattern, Encoding.ASCII.GetBytes(name))),
            name => Array.Exists(patterns, pattern => pattern.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(name))));
        context.Reply.Map(found.Count);
        foreach ((string name, string value) in found)
        {
            context.Reply.Bulk(name);
            context.Reply.Bulk(value);
        }

        return null;
    }

    private static CommandError? Set(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count % 2 != 0)
        {
            return CommandError.Syntax;
        }

        var pairs = new List<(string Name, string Value)>();
        for (int i = 2; i < arguments.Count; i += 2)
        {
            pairs.Add((Encoding.UTF8.GetString(arguments[i]), Encoding.UTF8.GetString(arguments[i + 1])));
        }

        if (context.Client().Server.Configuration.Set(pairs) is { } problem)
        {
            return new CommandError(problem);
        }

        context.Reply.Ok();
        return null;
    }

    private static CommandError? ResetStatistics(CommandContext context, scoped in CommandArguments arguments)
    {
        ServerState server = context.Client().Server;
        server.Counters = new ServerCounters(server.Table.NumberCount, server.Store);
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Rewrite(CommandContext context, scoped in CommandArguments arguments)
    {
        ServerConfiguration configuration = context.Client().Server.Configuration;
        if (configuration.File is not { } file)
        {
            return new CommandError("The server is running without a config file");
        }

        try
        {
            ConfigurationFile.Rewrite(file, configuration);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new CommandError($"Rewriting config file: {e.Message}");
        }

        context.Reply.Ok();
        return null;
    }

    private static CommandError? Help(CommandContext context, scoped in CommandArguments arguments) => ServerCommands.Help(
        context,
        "CONFIG",
        "GET <pattern> [<pattern> ...]",
        "    Parameters whose names match, with their values.",
        "SET <name> <value> [<name> <value> ...]",
        "    Changes parameters, all or none.",
        "RESETSTAT",
        "    Begins to count from 0 what INFO shows.",
        "REWRITE",
        "    Writes the parameters into the configuration file.");
}
