using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on parts of strings, and on strings as what they are: lengths, ranges, numbers, what two have in common.</summary>
internal static class StringEditCommands
{
    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory;
    private const CommandFlags GrowsFast = Grows | CommandFlags.Fast;
    private const string Constant = "O(1)";

    public static readonly Command[] Rows =
    [
        new("APPEND", 3, GrowsFast, KeyPositions.One, Append, "Adds bytes at the end of a string.") { Since = "2.0.0", Complexity = Constant },
        new("STRLEN", 2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPositions.One, Length, "The length of a string.") { Since = "2.2.0", Complexity = Constant },
        new("GETRANGE", 4, CommandFlags.ReadOnly, KeyPositions.One, GetRange, "A part of a string.") { Since = "2.4.0", Complexity = "O(n) for n bytes" },
        new("SUBSTR", 4, CommandFlags.ReadOnly, KeyPositions.One, GetRange, "A part of a string; the old name of GETRANGE.") { Complexity = "O(n) for n bytes" },
        new("SETRANGE", 4, Grows, KeyPositions.One, SetRange, "Overwrites a part of a string.") { Since = "2.2.0", Complexity = Constant },
        new("INCR", 2, GrowsFast, KeyPositions.One, (context, in arguments) => Add(context, arguments, 1), "Adds one to an integer.") { Complexity = Constant },
        new("DECR", 2, GrowsFast, KeyPositions.One, (context, in arguments) => Add(context, arguments, -1), "Takes one from an integer.") { Complexity = Constant },
        new("INCRBY", 3, GrowsFast, KeyPositions.One, IncrementBy, "Adds to an integer.") { Complexity = Constant },
        new("DECRBY", 3, GrowsFast, KeyPositions.One, DecrementBy, "Takes from an integer.") { Complexity = Constant },
        new("INCRBYFLOAT", 3, GrowsFast, KeyPositions.One, IncrementByFloat, "Adds to a number with a fraction.") { Since = "2.6.0", Complexity = Constant },
        new("LCS", -3, CommandFlags.ReadOnly, KeyPositions.Two, CommonSubsequence, "The longest common subsequence of two strings.")
        {
            Since = "7.0.0", Complexity = "O(n*m) for lengths n and m",
        },
    ];

    private static CommandError? Append(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Edits.Append(context.Database, key, arguments[2], ref context.Ticket));
        return null;
    }

    private static CommandError? Length(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var reader = default(LengthReader);
        context.Reply.Integer(context.Strings.TryRead(context.Database, key, ref reader) ? reader.Length : 0);
        return null;
    }

    private static CommandError? GetRange(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long start) || !arguments.TryInteger(3, out long end))
        {
            return CommandError.NotAnInteger;
        }

        arguments.Probe(1, out KeyProbe key);
        int begin = context.Reply.Length;
        var reader = new RangeReplyReader(context.Reply, start, end);
        if (!context.Strings.TryRead(context.Database, key, ref reader))
        {
            context.Reply.CutBack(begin);
            context.Reply.Bulk([]);
        }

        return null;
    }

    private static CommandError? SetRange(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long offset))
        {
            return CommandError.NotAnInteger;
        }

        if (offset < 0)
        {
            return CommandError.NegativeOffset;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Edits.SetRange(context.Database, key, offset, arguments[3], ref context.Ticket));
        return null;
    }

    private static CommandError? Add(CommandContext context, scoped in CommandArguments arguments, long by)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Numbers.Increment(context.Database, key, by, ref context.Ticket));
        return null;
    }

    private static CommandError? IncrementBy(CommandContext context, scoped in CommandArguments arguments) =>
        arguments.TryInteger(2, out long by) ? Add(context, arguments, by) : CommandError.NotAnInteger;

    private static CommandError? DecrementBy(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long by))
        {
            return CommandError.NotAnInteger;
        }

        if (by == long.MinValue)
        {
            return CommandError.DecrementOverflow;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Numbers.Decrement(context.Database, key, by, ref context.Ticket));
        return null;
    }

    private static CommandError? IncrementByFloat(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        byte[] sum = new byte[NumberOperations.MaxFloatBytes];
        int length = context.Numbers.IncrementFloat(context.Database, key, arguments[2], sum, ref context.Ticket);
        context.Reply.Bulk(sum.AsSpan(0, length));
        return null;
    }

    private static CommandError? CommonSubsequence(CommandContext context, scoped in CommandArguments arguments)
    {
        // Redis looks at both keys before it reads the options.
        arguments.Probe(1, out KeyProbe a);
        arguments.Probe(2, out KeyProbe b);
        context.Subsequences.RequireStrings(context.Database, a, b);
        bool wantsLength = false, wantsStretches = false, wantsLengths = false;
        long minLength = 0;
        for (int i = 3; i < arguments.Count; i++)
        {
            if (arguments.Is(i, "IDX"u8))
            {
                wantsStretches = true;
            }
            else if (arguments.Is(i, "LEN"u8))
            {
                wantsLength = true;
            }
            else if (arguments.Is(i, "WITHMATCHLEN"u8))
            {
                wantsLengths = true;
            }
            else if (arguments.Is(i, "MINMATCHLEN"u8) && i + 1 < arguments.Count)
            {
                if (!arguments.TryInteger(++i, out minLength))
                {
                    return CommandError.NotAnInteger;
                }
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        if (wantsLength && wantsStretches)
        {
            return new CommandError("If you want both the length and indexes, please just use IDX.");
        }

        if (wantsStretches)
        {
            List<CommonStretch> stretches = context.Subsequences.Stretches(context.Database, a, b, minLength, out int length);
            WriteStretches(context, stretches, length, wantsLengths);
        }
        else if (wantsLength)
        {
            context.Reply.Integer(context.Subsequences.Length(context.Database, a, b));
        }
        else
        {
            context.Reply.Bulk(context.Subsequences.Text(context.Database, a, b));
        }

        return null;
    }

    private static void WriteStretches(CommandContext context, List<CommonStretch> stretches, int length, bool wantsLengths)
    {
        context.Reply.Map(2);
        context.Reply.Bulk("matches"u8);
        context.Reply.Array(stretches.Count);
        foreach (CommonStretch stretch in stretches)
        {
            context.Reply.Array(wantsLengths ? 3 : 2);
            context.Reply.Array(2);
            context.Reply.Integer(stretch.AStart);
            context.Reply.Integer(stretch.AEnd);
            context.Reply.Array(2);
            context.Reply.Integer(stretch.BStart);
            context.Reply.Integer(stretch.BEnd);
            if (wantsLengths)
            {
                context.Reply.Integer(stretch.Length);
            }
        }

        context.Reply.Bulk("len"u8);
        context.Reply.Integer(length);
    }
}
