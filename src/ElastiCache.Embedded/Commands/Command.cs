namespace ElastiCache.Embedded.Commands;

/// <summary>What a command is, by Redis's names for it in the reply to COMMAND.</summary>
[Flags]
internal enum CommandFlags
{
    None = 0,

    /// <summary>Changes data: <c>write</c>.</summary>
    Write = 1,

    /// <summary>Changes none: <c>readonly</c>.</summary>
    ReadOnly = 1 << 1,

    /// <summary>May need more memory and is refused when there is none: <c>denyoom</c>.</summary>
    DenyOutOfMemory = 1 << 2,

    /// <summary>Constant or logarithmic time: <c>fast</c>.</summary>
    Fast = 1 << 3,

    /// <summary>About the server: <c>admin</c>.</summary>
    Admin = 1 << 4,

    /// <summary>About channels: <c>pubsub</c>.</summary>
    PubSub = 1 << 5,

    /// <summary>Not for scripts: <c>noscript</c>.</summary>
    NoScript = 1 << 6,

    /// <summary>May wait: <c>blocking</c>.</summary>
    Blocking = 1 << 7,

    /// <summary>Allowed while data is loaded: <c>loading</c>.</summary>
    Loading = 1 << 8,

    /// <summary>Allowed on a replica with old data: <c>stale</c>.</summary>
    Stale = 1 << 9,

    /// <summary>Not shown by MONITOR: <c>skip_monitor</c>.</summary>
    SkipMonitor = 1 << 10,

    /// <summary>Not in the slow log: <c>skip_slowlog</c>.</summary>
    SkipSlowLog = 1 << 11,

    /// <summary>Allowed before AUTH: <c>no_auth</c>.</summary>
    NoAuthentication = 1 << 12,

    /// <summary>Keys are found only by reading the arguments: <c>movablekeys</c>.</summary>
    MovableKeys = 1 << 13,

    /// <summary>Allowed while a script runs too long: <c>allow_busy</c>.</summary>
    AllowBusy = 1 << 14,

    /// <summary>Not inside MULTI: <c>no_multi</c>.</summary>
    NoMulti = 1 << 15,

    /// <summary>Not while data is loaded in the background: <c>no_async_loading</c>.</summary>
    NoAsyncLoading = 1 << 16,

    /// <summary>May be called without keys: <c>no_mandatory_keys</c>.</summary>
    NoMandatoryKeys = 1 << 17,

    /// <summary>May be replicated although it writes no data: <c>may_replicate</c>.</summary>
    MayReplicate = 1 << 18,
}

/// <summary>The families of commands, by the groups of Redis's documentation.</summary>
internal enum CommandGroup
{
    Generic,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    Stream,
    HyperLogLog,
    Geo,
    Bitmap,
    PubSub,
    Transactions,
    Connection,
    Server,
    Scripting,
    Cluster,
}

/// <summary>Which arguments are keys, as in the reply to Redis's COMMAND.</summary>
/// <param name="First">The first; 0 for none.</param>
/// <param name="Last">The last; negative counts from the end, -1 being the last argument.</param>
/// <param name="Step">From one to the next.</param>
internal readonly record struct KeyPositions(int First, int Last, int Step)
{
    /// <summary>The command has no keys.</summary>
    public static KeyPositions None => default;

    /// <summary>The first argument is the only key.</summary>
    public static KeyPositions One => new(1, 1, 1);

    /// <summary>The first two arguments are keys.</summary>
    public static KeyPositions Two => new(1, 2, 1);

    /// <summary>All arguments are keys.</summary>
    public static KeyPositions All => new(1, -1, 1);

    /// <summary>Keys and values take turns.</summary>
    public static KeyPositions Pairs => new(1, -1, 2);
}

/// <summary>Parses a command's arguments, calls its operation, and writes the reply to <see cref="CommandContext.Reply"/>.</summary>
/// <returns>Null, or what is wrong; then nothing has changed and nothing was replied. Operations throw what they refuse.</returns>
internal delegate CommandError? CommandHandler(CommandContext context, scoped in CommandArguments arguments);

/// <summary>Finds the keys of a command whose positions depend on its arguments, such as <c>ZUNION 2 a b</c>.</summary>
/// <param name="arguments">The command, with the right number of arguments.</param>
/// <param name="positions">Takes the keys' positions.</param>
/// <returns>Whether the arguments make sense.</returns>
internal delegate bool CommandKeyFinder(scoped in CommandArguments arguments, List<int> positions);

/// <summary>A row of the command table.</summary>
/// <param name="Name">In capitals.</param>
/// <param name="Arity">Number of arguments, the name included; negative for "at least".</param>
/// <param name="Flags">What it is.</param>
/// <param name="Keys">Where its keys are.</param>
/// <param name="Handler">What it does.</param>
/// <param name="Summary">What it does, in a sentence for COMMAND DOCS.</param>
internal sealed record Command(string Name, int Arity, CommandFlags Flags, KeyPositions Keys, CommandHandler Handler, string Summary = "")
{
    /// <summary>The version of Redis that brought it.</summary>
    public string Since { get; init; } = "1.0.0";

    /// <summary>Its cost, in O notation.</summary>
    public string Complexity { get; init; } = "";

    /// <summary>Its family; the table sets it.</summary>
    public CommandGroup Group { get; init; }

    /// <summary>Its place in its table, subcommands included, for arrays with something about each command; the table sets it.</summary>
    public int Number { get; init; }

    /// <summary>ACL categories beyond those that flags and group imply, by Redis's names without the @.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Finds keys that <see cref="Keys"/> can't describe; null if it describes them.</summary>
    public CommandKeyFinder? FindKeys { get; init; }

    /// <summary>Whether its keys are all among its arguments; SORT with BY reads others.</summary>
    public bool NamesAllKeys { get; init; } = true;

    /// <summary>Whether it runs at once after MULTI instead of being queued.</summary>
    public bool IsRunInTransactions { get; init; }

    /// <summary>The commands of a container such as CONFIG, each with its own name (<c>GET</c>) and the arity of the whole; else empty.</summary>
    public IReadOnlyList<Command> Subcommands { get; init; } = [];

    /// <summary>The container's name; null for a command of its own.</summary>
    public string? Container { get; init; }

    /// <summary>Whether a number of arguments, the name included, is right.</summary>
    public bool Takes(int arguments) => Arity >= 0 ? arguments == Arity : arguments >= -Arity;
}
