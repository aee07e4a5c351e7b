using System.Globalization;

namespace QuickStart;

/// <summary>What the command line says.</summary>
internal sealed record Settings
{
    public const string Usage = """
        QuickStart [--folder DIR] [--budget BYTES] [--requests N]
          --folder    where database, cache and orders live; a second run on the same folder starts warm (quickstart-data)
          --budget    bytes that the cache may take, at least 1048576 (6291456)
          --requests  how many requests of the trace to replay, at least 10,000 (all 5,000,000)
        """;

    private const long LeastBudgetBytes = 1024 * 1024;
    private const int FewestRequests = 10_000;

    public string Folder { get; init; } = "quickstart-data";

    public long BudgetBytes { get; init; } = 6 * 1024 * 1024;

    public int Requests { get; init; } = int.MaxValue;

    /// <summary>Whether this process is the one that will be killed.</summary>
    public bool IsWorker { get; init; }

    public string CacheFolder => Path.Combine(Folder, "cache");

    public string OrdersFolder => Path.Combine(Folder, "orders");

    public string DatabaseFile => Path.Combine(Folder, "shop.sqlite");

    /// <exception cref="FormatException">The command line is not of the form in <see cref="Usage"/>.</exception>
    public static Settings Parse(string[] arguments)
    {
        var settings = new Settings { IsWorker = arguments is ["worker", ..] };
        int first = settings.IsWorker ? 1 : 0;
        if ((arguments.Length - first) % 2 != 0)
        {
            throw new FormatException("Every option takes one value.");
        }

        for (int i = first; i < arguments.Length; i += 2)
        {
            string value = arguments[i + 1];
            settings = arguments[i] switch
            {
                "--folder" => settings with { Folder = value },
                "--budget" => settings with { BudgetBytes = Number(arguments[i], value, LeastBudgetBytes, long.MaxValue) },
                "--requests" => settings with { Requests = (int)Number(arguments[i], value, FewestRequests, int.MaxValue) },
                _ => throw new FormatException($"There is no option '{arguments[i]}'."),
            };
        }

        return settings;
    }

    /// <summary>The command line of the worker with these settings.</summary>
    public IEnumerable<string> WorkerArguments() =>
    [
        "worker",
        "--folder", Folder,
        "--budget", BudgetBytes.ToString(CultureInfo.InvariantCulture),
        "--requests", Requests.ToString(CultureInfo.InvariantCulture),
    ];

    private static long Number(string option, string value, long least, long most) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= least && number <= most
            ? number
            : throw new FormatException($"{option} = {value}: it must be a whole number of at least {least}.");
}
