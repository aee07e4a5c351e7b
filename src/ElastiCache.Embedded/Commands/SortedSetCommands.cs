using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on single members of a sorted set. Ranges, unions and waiting have files of their own.</summary>
internal static class SortedSetCommands
{
    private const CommandFlags GrowsFast = CommandFlags.Write | CommandFlags.DenyOutOfMemory | CommandFlags.Fast;
    private const CommandFlags FastWrite = CommandFlags.Write | CommandFlags.Fast;
    private const CommandFlags FastRead = CommandFlags.ReadOnly | CommandFlags.Fast;
    private const string Logarithmic = "O(log n) a member";

    public static readonly Command[] Rows =
    [
        new("ZADD", -4, GrowsFast, KeyPositions.One, Add, "Gives members of a sorted set scores.") { Since = "1.2.0", Complexity = Logarithmic },
        new("ZINCRBY", 4, GrowsFast, KeyPositions.One, IncrementBy, "Adds to a member's score.") { Since = "1.2.0", Complexity = Logarithmic },
        new("ZREM", -3, FastWrite, KeyPositions.One, Remove, "Removes members of a sorted set.") { Since = "1.2.0", Complexity = Logarithmic },
        new("ZCARD", 2, FastRead, KeyPositions.One, Count, "The number of members.") { Since = "1.2.0", Complexity = "O(1)" },
        new("ZSCORE", 3, FastRead, KeyPositions.One, Score, "A member's score.") { Since = "1.2.0", Complexity = "O(1)" },
        new("ZMSCORE", -3, FastRead, KeyPositions.One, Scores, "The scores of several members.") { Since = "6.2.0", Complexity = "O(n) for n members" },
        new("ZRANK", 3, FastRead, KeyPositions.One, (context, in arguments) => Rank(context, arguments, fromHighest: false), "A member's rank from the lowest score.") { Since = "2.0.0", Complexity = "O(log n)" },
        new("ZREVRANK", 3, FastRead, KeyPositions.One, (context, in arguments) => Rank(context, arguments, fromHighest: true), "A member's rank from the highest score.") { Since = "2.0.0", Complexity = "O(log n)" },
        new("ZPOPMIN", -2, FastWrite, KeyPositions.One, (context, in arguments) => Pop(context, arguments, highest: false), "Takes the members with the lowest scores.") { Since = "5.0.0", Complexity = Logarithmic },
        new("ZPOPMAX", -2, FastWrite, KeyPositions.One, (context, in arguments) => Pop(context, arguments, highest: true), "Takes the members with the highest scores.") { Since = "5.0.0", Complexity = Logarithmic },
        new("ZMPOP", -4, CommandFlags.Write | CommandFlags.MovableKeys, KeyPositions.None, PopFromFirst, "Takes members from the first of some sorted sets that has any.")
        {
            Since = "7.0.0", Complexity = Logarithmic, FindKeys = static (in arguments, positions) => CommandKeyPositions.FindCounted(arguments, positions, 1),
        },
        new("ZRANDMEMBER", -2, CommandFlags.ReadOnly, KeyPositions.One, Draw, "Members by lot.") { Since = "6.2.0", Complexity = Logarithmic },
        new("ZSCAN", -3, CommandFlags.ReadOnly, KeyPositions.One, Scan, "Walks over members and scores, some at a time.") { Since = "2.8.0", Complexity = "O(1) a call, O(n) for all" },
    ];

    /// <summary>Reads what ZMPOP and BZMPOP take after the timeout: <c>numkeys key … MIN|MAX [COUNT count]</c>.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public static CommandError? ReadPopArguments(scoped in CommandArguments arguments, int countAt, out byte[][] keys, out bool highest, out long count) =>
        MultiPopArguments.Read(arguments, countAt, "MAX"u8, "MIN"u8, out keys, out highest, out count);

    /// <summary>The reply of ZMPOP: the key, and an array of members with scores.</summary>
    public static void WriteKeyAndMembers(RespWriter reply, byte[] key, List<(byte[] Member, double Score)> members)
    {
        reply.Array(2);
        reply.Bulk(key);
        reply.Array(members.Count);
        foreach ((byte[] member, double score) in members)
        {
            reply.Array(2);
            reply.Bulk(member);
            reply.Double(score);
        }
    }

    private static CommandError? Add(CommandContext context, scoped in CommandArguments arguments)
    {
        var rules = ScoreRules.None;
        bool countsChanges = false, increments = false;
        int first = 2;
        for (; first < arguments.Count; first++)
        {
            ScoreRules rule = arguments.Is(first, "NX"u8) ? ScoreRules.OnlyNew
                : arguments.Is(first, "XX"u8) ? ScoreRules.OnlyPresent
                : arguments.Is(first, "GT"u8) ? ScoreRules.OnlyHigher
                : arguments.Is(first, "LT"u8) ? ScoreRules.OnlyLower
                : ScoreRules.None;
            rules |= rule;
            bool isChange = arguments.Is(first, "CH"u8), isIncrement = arguments.Is(first, "INCR"u8);
            countsChanges |= isChange;
            increments |= isIncrement;
            if (rule == ScoreRules.None && !isChange && !isIncrement)
            {
                break;
            }
        }

        int members = arguments.Count - first;
        if (members == 0 || members % 2 != 0)
        {
            return CommandError.Syntax;
        }

        if (rules.HasFlag(ScoreRules.OnlyNew | ScoreRules.OnlyPresent))
        {
            return new CommandError("XX and NX options at the same time are not compatible");
        }

        bool higher = rules.HasFlag(ScoreRules.OnlyHigher), lower = rules.HasFlag(ScoreRules.OnlyLower);
        if ((higher && lower) || (rules.HasFlag(ScoreRules.OnlyNew) && (higher || lower)))
        {
            return new CommandError("GT, LT, and/or NX options at the same time are not compatible");
        }

        if (increments && members > 2)
        {
            return new CommandError("INCR option supports a single increment-element pair");
        }

        Span<double> scores = members <= 64 ? stackalloc double[32] : new double[members / 2];
        for (int i = 0; i < members / 2; i++)
        {
            if (!DoubleText.TryParse(arguments[first + (2 * i)], out scores[i]))
            {
                return CommandError.NotAFloat;
            }
        }

        arguments.Probe(1, out KeyProbe key);
        if (increments)
        {
            WriteScore(context.Reply, context.SortedSets.Increment(context.Database, key, arguments[first + 1], scores[0], rules, ref context.Ticket));
            return null;
        }

        ScoreOutcome outcome = context.SortedSets.Add(context.Database, key, new ScoredArguments(arguments, first, scores[..(members / 2)]), rules, ref context.Ticket);
        context.Reply.Integer(countsChanges ? outcome.Added + outcome.Changed : outcome.Added);
        return null;
    }

    private static CommandError? IncrementBy(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!DoubleText.TryParse(arguments[2], out double by))
        {
            return CommandError.NotAFloat;
        }

        arguments.Probe(1, out KeyProbe key);
        WriteScore(context.Reply, context.SortedSets.Increment(context.Database, key, arguments[3], by, ScoreRules.None, ref context.Ticket));
        return null;
    }

    private static CommandError? Remove(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.SortedSets.Remove(context.Database, key, new CommandNames(arguments, 2, arguments.Count - 2), ref context.Ticket));
        return null;
    }

    private static CommandError? Count(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.SortedSets.Count(context.Database, key));
        return null;
    }

    private static CommandError? Score(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        WriteScore(context.Reply, context.SortedSets.Score(context.Database, key, arguments[2]));
        return null;
    }

    private static CommandError? Scores(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        double?[] scores = context.SortedSets.Scores(context.Database, key, new CommandNames(arguments, 2, arguments.Count - 2));
        context.Reply.Array(scores.Length);
        foreach (double? score in scores)
        {
            WriteScore(context.Reply, score);
        }

        return null;
    }

    private static CommandError? Rank(CommandContext context, scoped in CommandArguments arguments, bool fromHighest)
    {
        arguments.Probe(1, out KeyProbe key);
        if (context.SortedSets.Rank(context.Database, key, arguments[2], fromHighest) is { } rank)
        {
            context.Reply.Integer(rank);
        }
        else
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? Pop(CommandContext context, scoped in CommandArguments arguments, bool highest)
    {
        if (arguments.Count > 3)
        {
            return CommandError.Syntax;
        }

        long count = 1;
        if (arguments.Count == 3 && (!arguments.TryInteger(2, out count) || count < 0))
        {
            return CommandError.MustBePositive;
        }

        arguments.Probe(1, out KeyProbe key);
        var popped = new List<(byte[] Member, double Score)>();
        var sink = new CollectedScores(popped);
        context.SortedSets.Pop(context.Database, key, highest, count, ref sink, ref context.Ticket);
        bool isNested = arguments.Count == 3 && context.Reply.Protocol >= 3;
        context.Reply.Array(isNested ? popped.Count : 2 * popped.Count);
        foreach ((byte[] member, double score) in popped)
        {
            if (isNested)
            {
                context.Reply.Array(2);
            }

            context.Reply.Bulk(member);
            context.Reply.Double(score);
        }

        return null;
    }

    private static CommandError? PopFromFirst(CommandContext context, scoped in CommandArguments arguments)
    {
        if (ReadPopArguments(arguments, 1, out byte[][] keys, out bool highest, out long count) is { } error)
        {
            return error;
        }

        var members = new List<(byte[] Member, double Score)>();
        var sink = new CollectedScores(members);
        foreach (byte[] name in keys)
        {
            KeyProbe.Create(name, out KeyProbe key);
            if (context.SortedSets.Pop(context.Database, key, highest, count, ref sink, ref context.Ticket) > 0)
            {
                WriteKeyAndMembers(context.Reply, name, members);
                return null;
            }
        }

        context.Reply.NullArray();
        return null;
    }

    private static CommandError? Draw(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var members = new List<(byte[] Member, double Score)>();
        var sink = new CollectedScores(members);
        if (arguments.Count == 2)
        {
            if (context.SortedSets.Ranges.Draw(context.Database, key, 1, ref sink) <= 0)
            {
                context.Reply.Null();
            }
            else
            {
                context.Reply.Bulk(members[0].Member);
            }

            return null;
        }

        if (!arguments.TryInteger(2, out long count) || count == long.MinValue)
        {
            return count == long.MinValue ? CommandError.OutOfRangeLong : CommandError.NotAnInteger;
        }

        bool withScores = arguments.Count == 4 && arguments.Is(3, "WITHSCORES"u8);
        if (arguments.Count > 4 || (arguments.Count == 4 && !withScores))
        {
            return CommandError.Syntax;
        }

        if (withScores && count is < -(long.MaxValue / 2) or > long.MaxValue / 2)
        {
            return CommandError.OutOfRange;
        }

        context.SortedSets.Ranges.Draw(context.Database, key, count, ref sink);
        SortedSetRangeCommands.WriteMembers(context.Reply, members, withScores);
        return null;
    }

    private static CommandError? Scan(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!ScanCursor.TryParse(arguments[2], out ulong cursor))
        {
            return ScanCursor.Invalid;
        }

        // Redis looks for the key before it looks at the options.
        arguments.Probe(1, out KeyProbe key);
        if (ScanCursor.ReadOptions(arguments, 3, takesType: false, out ScanOptionsRead options) is { } error && context.SortedSets.Count(context.Database, key) > 0)
        {
            return error;
        }

        var members = new List<(byte[] Member, double Score)>();
        var sink = new CollectedScores(members);
        ulong next = context.SortedSets.Ranges.Scan(context.Database, key, cursor, options.ToArguments(arguments), ref sink);
        context.Reply.Array(2);
        context.Reply.Bulk(next.ToString(System.Globalization.CultureInfo.InvariantCulture));
        context.Reply.Array(2 * members.Count);
        Span<byte> text = stackalloc byte[DoubleText.MaxTextBytes];
        foreach ((byte[] member, double score) in members)
        {
            context.Reply.Bulk(member);
            context.Reply.Bulk(text[..DoubleText.Format(score, text)]);
        }

        return null;
    }

    private static void WriteScore(RespWriter reply, double? score)
    {
        if (score is { } number)
        {
            reply.Double(number);
        }
        else
        {
            reply.Null();
        }
    }
}

/// <summary>Scores that were read, and the members that stand behind each.</summary>
internal readonly ref struct ScoredArguments(CommandArguments arguments, int first, ReadOnlySpan<double> scores) : IScoredList
{
    private readonly CommandArguments _arguments = arguments;
    private readonly ReadOnlySpan<double> _scores = scores;

    public int Count => _scores.Length;

    public ReadOnlySpan<byte> Name(int index) => _arguments[first + (2 * index) + 1];

    public double Score(int index) => _scores[index];
}
