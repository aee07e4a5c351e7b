using System.Text;

namespace ElastiCache.Embedded.Commands;

/// <summary>What is wrong with a command, in Redis's words. Never contains an argument that may be a value.</summary>
/// <param name="Code">The first word of the reply: <c>ERR</c>, <c>WRONGTYPE</c>.</param>
/// <param name="Text">The rest.</param>
internal sealed record CommandError(string Code, string Text)
{
    public static readonly CommandError Syntax = new("syntax error");

    public static readonly CommandError NotAnInteger = new("value is not an integer or out of range");

    public static readonly CommandError NotAnInteger32 = new("value is out of range, value must between -2147483648 and 2147483647");

    public static readonly CommandError NotABit = new("bit is not an integer or out of range");

    public static readonly CommandError NotABitOffset = new("bit offset is not an integer or out of range");

    public static readonly CommandError NotABitFieldType =
        new("Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");

    public static readonly CommandError NotAnOverflowRule = new("Invalid OVERFLOW type specified");

    public static readonly CommandError NegativeOffset = new("offset is out of range");

    public static readonly CommandError NoSuchKey = new("no such key");

    public static readonly CommandError SameObject = new("source and destination objects are the same");

    public static readonly CommandError NoSuchDatabase = new("DB index is out of range");

    public static readonly CommandError NotAFirstDatabase = new("invalid first DB index");

    public static readonly CommandError NotASecondDatabase = new("invalid second DB index");

    public static readonly CommandError NotWithAlone = new("NX and XX, GT or LT options at the same time are not compatible");

    public static readonly CommandError NotBothGreaterAndLess = new("GT and LT options at the same time are not compatible");

    public static readonly CommandError DecrementOverflow = new("decrement would overflow");

    public static readonly CommandError WrongType = new("WRONGTYPE", "Operation against a key holding the wrong kind of value");

    public static readonly CommandError NotAFloat = new("value is not a valid float");

    /// <summary>An integer that fits 64 bits and is still too far out.</summary>
    public static readonly CommandError OutOfRangeLong = new("value is out of range, value must between -9223372036854775807 and 9223372036854775807");

    public static readonly CommandError OutOfRange = new("value is out of range");

    public static readonly CommandError MustBePositive = new("value is out of range, must be positive");

    public static readonly CommandError NotOneSource = new("BITOP NOT must be called with a single source key.");

    public CommandError(string text)
        : this("ERR", text)
    {
    }

    public static CommandError WrongNumberOfArguments(scoped in CommandArguments arguments) =>
        new($"wrong number of arguments for '{LowerName(arguments)}' command");

    /// <summary>As the other form; a subcommand is named with its container, as in <c>config|get</c>.</summary>
    public static CommandError WrongNumberOfArguments(Command command) => new(
        $"wrong number of arguments for '{(command.Container is { } container ? $"{container}|{command.Name}" : command.Name).ToLowerInvariant()}' command");

    /// <summary>No such command. Redis quotes the first arguments, 128 bytes in all.</summary>
    public static CommandError Unknown(scoped in CommandArguments arguments)
    {
        const int MostQuoted = 128;
        var text = new StringBuilder();
        for (int i = 1; i < arguments.Count && text.Length < MostQuoted; i++)
        {
            // As C prints it: a zero byte ends it.
            ReadOnlySpan<byte> argument = arguments[i];
            argument = argument.IndexOf((byte)0) is >= 0 and var end ? argument[..end] : argument;
            text.Append('\'').Append(Encoding.Latin1.GetString(argument[..Math.Min(argument.Length, MostQuoted - text.Length)])).Append("' ");
        }

        return new($"unknown command '{Encoding.Latin1.GetString(arguments.Name[..Math.Min(arguments.Name.Length, MostQuoted)])}', with args beginning with: {text}");
    }

    /// <summary>A container has no such subcommand.</summary>
    public static CommandError UnknownSubcommand(scoped in CommandArguments arguments) => new(
        $"unknown subcommand '{Quoted(arguments[1])}'. " +
        $"Try {Encoding.Latin1.GetString(arguments.Name).ToUpperInvariant()} HELP.");

    /// <summary>An argument as Redis quotes it: at most 128 bytes, and to the first 0.</summary>
    public static string Quoted(ReadOnlySpan<byte> argument)
    {
        argument = argument[..Math.Min(argument.Length, 128)];
        return Encoding.Latin1.GetString(argument.IndexOf((byte)0) is >= 0 and int end ? argument[..end] : argument);
    }

    public static CommandError InvalidExpireTime(scoped in CommandArguments arguments) =>
        new($"invalid expire time in '{LowerName(arguments)}' command");

    public override string ToString() => $"{Code} {Text}";

    // Redis names commands in small letters. The command is in the table, so its name is ASCII.
    private static string LowerName(scoped in CommandArguments arguments)
    {
        Span<char> name = stackalloc char[arguments.Name.Length];
        Ascii.ToLower(arguments.Name, name, out _);
        return new string(name);
    }
}
