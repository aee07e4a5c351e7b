namespace ElastiCache.Embedded.Commands;

/// <summary>What a command is, by Redis's names for it.</summary>
[Flags]
internal enum CommandFlags
{
    None = 0,

    /// <summary>Changes data: <c>write</c>.</summary>
    Write = 1,

    /// <summary>Changes none: <c>readonly</c>.</summary>
    ReadOnly = 2,

    /// <summary>May need more memory and is refused when there is none: <c>denyoom</c>.</summary>
    DenyOutOfMemory = 4,

    /// <summary>Constant or logarithmic time: <c>fast</c>.</summary>
    Fast = 8,
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

/// <summary>Parses a command's arguments and calls its operation.</summary>
/// <returns>Null, or what is wrong; then nothing has changed. Operations throw what they refuse.</returns>
internal delegate CommandError? CommandHandler(CommandContext context, scoped in CommandArguments arguments);

/// <summary>A row of the command table.</summary>
/// <param name="Name">In capitals.</param>
/// <param name="Arity">Number of arguments, the name included; negative for "at least".</param>
/// <param name="Flags">What it is.</param>
/// <param name="Keys">Where its keys are.</param>
/// <param name="Handler">What it does.</param>
internal sealed record Command(string Name, int Arity, CommandFlags Flags, KeyPositions Keys, CommandHandler Handler)
{
    /// <summary>Whether a number of arguments, the name included, is right.</summary>
    public bool Takes(int arguments) => Arity >= 0 ? arguments == Arity : arguments >= -Arity;
}
