using System.Globalization;

namespace ElastiCache.Embedded.Server.Cli;

/// <summary>The program: a server, and what one does with the files of one.</summary>
internal static class CommandLine
{
    private const string Usage =
        """
        elasticache-embedded serve [redis.conf] [--port 6379] [--bind 127.0.0.1] [--dir folder] [--appendonly yes] [--maxmemory 100mb] ...

        elasticache-embedded check FOLDER|FILE.rdb [--fix]
        elasticache-embedded inspect FOLDER|FILE.rdb [--json] [--largest 10]
        elasticache-embedded export FOLDER FILE.rdb
        elasticache-embedded import FILE.rdb FOLDER [--replace | --keep]
        elasticache-embedded plan --keys 50M --value 200 [--key 20] [--ttl] [--type hash --elements 10 --field 8] [--shards 64] [--json]
        elasticache-embedded restore FOLDER --to 2026-07-11T14:05:00Z [--keys 'user:*']

        plan says how much memory so many keys will take, here, in Redis and in a MemoryCache.
        check, inspect and export read a folder as it is, also while somebody has it open, and change nothing; check --fix gives a damaged log up from the damage
        on and keeps what it gives up beside it. import and restore need the folder for themselves.
        On a terminal they show how far they are; --quiet, as the last argument, prevents that.

        All read and write encrypted files if the environment variable ELASTICACHE_EMBEDDED_KEYS holds keys: id:base64, one to a line, the current one first.

        serve takes Redis's own configuration file and option names; an option's values follow it up to the next option. Unknown names are refused.
        """;

    /// <summary>Runs a command.</summary>
    /// <returns>The process's exit code: 0, or 1 after an error, which stands on the error output.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        try
        {
            return await DispatchAsync(arguments).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CacheException or InvalidOperationException or ArgumentException)
        {
            Terminal.WriteError(e.Message);
            return 1;
        }
    }

    private static async Task<int> DispatchAsync(string[] arguments)
    {
        bool shows = arguments is ["serve", ..] or not [.., "--quiet"];
        switch (shows ? arguments : arguments[..^1])
        {
            case ["serve", .. var options]:
                return await ServeCommand.RunAsync(options).ConfigureAwait(false);
            case ["check", var path]:
                return await CheckCommand.RunAsync(path, fixes: false, shows).ConfigureAwait(false);
            case ["check", var path, "--fix"]:
                return await CheckCommand.RunAsync(path, fixes: true, shows).ConfigureAwait(false);
            case ["inspect", var path, .. var options] when options is [] or ["--json"]:
                return await InspectCommand.RunAsync(path, asJson: options.Length > 0, largest: 10, shows).ConfigureAwait(false);
            case ["inspect", var path, .. var options] when options is ["--largest", _] or ["--json", "--largest", _] && TryCount(options[^1], out int largest):
                return await InspectCommand.RunAsync(path, asJson: options.Length > 2, largest, shows).ConfigureAwait(false);
            case ["plan", .. var options]:
                return PlanCommand.Run(options);
            case ["export", var folder, var file]:
                return await DataCommands.ExportAsync(folder, file, shows).ConfigureAwait(false);
            case ["import", var file, var folder]:
                return await DataCommands.ImportAsync(file, folder, ImportMode.IntoEmpty, shows).ConfigureAwait(false);
            case ["import", var file, var folder, "--replace"]:
                return await DataCommands.ImportAsync(file, folder, ImportMode.Replace, shows).ConfigureAwait(false);
            case ["import", var file, var folder, "--keep"]:
                return await DataCommands.ImportAsync(file, folder, ImportMode.Keep, shows).ConfigureAwait(false);
            case ["restore", var folder, "--to", var time, .. var keys] when keys is [] or ["--keys", _] && TryTime(time, out DateTimeOffset moment):
                return await DataCommands.RestoreAsync(folder, moment, keys is [_, var pattern] ? pattern : null, shows).ConfigureAwait(false);
            case ["--version" or "-v"]:
                Terminal.Write($"elasticache-embedded {typeof(CommandLine).Assembly.GetName().Version?.ToString(3)}, commands of Redis {Commands.ConnectionCommands.RedisVersion}");
                return 0;
            case [] or ["--help" or "-h" or "help"]:
                Terminal.Write(Usage);
                return arguments.Length == 0 ? 1 : 0;
            default:
                Terminal.WriteError($"'{string.Join(' ', arguments)}' is no command, or lacks an argument. Try --help.");
                return 1;
        }
    }

    private static bool TryCount(string text, out int count) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);

    // A time without a zone is UTC, as everything on disk is.
    private static bool TryTime(string text, out DateTimeOffset time) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
}
