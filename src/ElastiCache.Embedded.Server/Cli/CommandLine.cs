namespace ElastiCache.Embedded.Server.Cli;

/// <summary>The program: <c>elasticache-embedded serve [redis.conf] [--port 6379] …</c>.</summary>
internal static class CommandLine
{
    private const string Usage =
        """
        elasticache-embedded serve [redis.conf] [--port 6379] [--bind 127.0.0.1] [--dir folder] [--appendonly yes] [--maxmemory 100mb] ...

        Takes Redis's own configuration file and option names; an option's values follow it up to the next option. Unknown names are refused.
        """;

    /// <summary>Runs a command.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        switch (arguments)
        {
            case ["serve", .. var options]:
                return await ServeCommand.RunAsync(options).ConfigureAwait(false);
            case ["--version" or "-v"]:
                Terminal.Write($"elasticache-embedded {typeof(CommandLine).Assembly.GetName().Version?.ToString(3)}, commands of Redis {Commands.ConnectionCommands.RedisVersion}");
                return 0;
            case [] or ["--help" or "-h" or "help"]:
                Terminal.Write(Usage);
                return arguments.Length == 0 ? 1 : 0;
            default:
                Terminal.WriteError($"'{arguments[0]}' is no command. Try --help.");
                return 1;
        }
    }
}
