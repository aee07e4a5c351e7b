using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on ranges of a sorted set: by rank, by score, by member.</summary>
internal static class SortedSetRangeCommands
{
    private const CommandFlags Reads = CommandFlags.ReadOnly;
    private const CommandFlags FastRead = CommandFlags.ReadOnly | CommandFlags.Fast;
    private const string RangeCost = "O(log n + m) for m members in the range";

    public static readonly Command[] Rows =
    [
        new("ZRANGE", -4, Reads, KeyPositions.One, (context, in arguments) => Range(context, arguments, 1, null, false), "A range of a sorted set.") { Since = "1.2.0", Complexity = RangeCost },
        new("ZREVRANGE", -4, Reads, KeyPositions.One, (context, in arguments) => Range(context, arguments, 1, RangeOrder.Rank, true), "A range by rank, from the highest score.") { Since = "1.2.0", Complexity = RangeCost },
        new("ZRANGEBYSCORE", -4, Reads, KeyPositions.One, (context, in arguments) => Range(context, arguments, 1, RangeOrder.Score, false), "A range by score.") { Since = "1.0.5", Complexity = RangeCost },
        new("ZREVRANGEBYSCORE", -4, Reads, KeyPositions.One, (context, in arguments) => Range(context, arguments, 1, RangeOrder.Score, true), "A range by score, from the highest.") { Since = "2.2.0", Complexity = RangeCost },
        new("ZRANGEBYLEX", -4, Reads, KeyPositions.One, (context, in arguments) => Range(context, arguments, 1, RangeOrder.Member, false), "A range by member.") { Since = "2.8.9", Complexity = RangeCost },
        new("ZREVRANGEBYLEX", -4, Reads, KeyPositions.One, (context, in arguments) => Range(context, arguments, 1, RangeOrder.Member, true), "A range by member, from the highest.") { Since = "2.8.9", Complexity = RangeCost },
        new("ZRANGESTORE", -5, CommandFlags.Write | CommandFlags.DenyOutOfMemory, KeyPositions.Two, (context, in arguments) => Range(context, arguments, 2, null, false), "Stores a range of a sorted set.") { Since = "6.2.0", Complexity = RangeCost },
        new("ZCOUNT", 4, FastRead, KeyPositions.One, (context, in arguments) => Count(context, arguments, RangeOrder.Score), "How many members a range by score has.") { Since = "2.0.0", Complexity = "O(log n)" },
        new("ZLEXCOUNT", 4, FastRead, KeyPositions.One, (context, in arguments) => Count(context, arguments, RangeOrder.Member), "How many members a range by member has.") { Since = "2.8.9", Complexity = "O(log n)" },
        new("ZREMRANGEBYRANK", 4, CommandFlags.Write, KeyPositions.One, (context, in arguments) => Remove(context, arguments, RangeOrder.Rank), "Removes a range by rank.") { Since = "2.0.0", Complexity = RangeCost },
        new("ZREMRANGEBYSCORE", 4, CommandFlags.Write, KeyPositions.One, (context, in arguments) => Remove(context, arguments, RangeOrder.Score), "Removes a range by score.") { Since = "1.2.0", Complexity = RangeCost },
        new("ZREMRANGEBYLEX", 4, CommandFlags.Write, KeyPositions.One, (context, in arguments) => Remove(context, arguments, RangeOrder.Member), "Removes a range by member.") { Since = "2.8.9", Complexity = RangeCost },
    ];

    private static readonly CommandError NotAScoreRange = new("min or max is not a float");

    private static readonly CommandError NotALexRange = new("min or max not valid string range item");

    /// <summary>Writes members: alone, with scores behind each in RESP2, in pairs in RESP3.</summary>
    public static void WriteMembers(RespWriter reply, List<(byte[] Member, double Score)> members, bool withScores)
    {
        bool isNested = withScores && reply.Protocol >= 3;
        reply.Array(withScores && !isNested ? 2 * members.Count : members.Count);
        foreach ((byte[] member, double score) in members)
        {
            if (isNested)
            {
                reply.Array(2);
            }

            reply.Bulk(member);
            if (withScores)
            {
                reply.Double(score);
            }
        }
    }

    // Key, low and high, then options. ZRANGESTORE has the destination before the key.
    private static CommandError? Range(CommandContext context, scoped in CommandArguments arguments, int keyAt, RangeOrder? order, bool isReversed)
    {
        bool isStore = keyAt == 2;
        bool isGeneric = order is null;
        bool withScores = false;
        long offset = 0, limit = -1;
        for (int i = keyAt + 3; i < arguments.Count; i++)
        {
            int left = arguments.Count - i - 1;
            if (!isStore && arguments.Is(i, "WITHSCORES"u8))
            {
                withScores = true;
            }
            else if (left >= 2 && arguments.Is(i, "LIMIT"u8))
            {
                if (!arguments.TryInteger(i + 1, out offset) || !arguments.TryInteger(i + 2, out limit))
                {
                    return CommandError.NotAnInteger;
                }

                i += 2;
            }
            else if (isGeneric && !isReversed && arguments.Is(i, "REV"u8))
            {
                isReversed = true;
            }
            else if (isGeneric && order is null && arguments.Is(i, "BYLEX"u8))
            {
                order = RangeOrder.Member;
            }
            else if (isGeneric && order is null && arguments.Is(i, "BYSCORE"u8))
            {
                order = RangeOrder.Score;
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        RangeOrder by = order ?? RangeOrder.Rank;
        if (limit != -1 && by == RangeOrder.Rank)
        {
            return new CommandError("syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
        }

        if (withScores && by == RangeOrder.Member)
        {
            return new CommandError("syntax error, WITHSCORES not supported in combination with BYLEX");
        }

        if (ReadRange(arguments, keyAt + 1, by, isReversed, out SortedSetRange range) is { } error)
        {
            return error;
        }

        range = range with { Offset = offset, Limit = limit };
        arguments.Probe(keyAt, out KeyProbe key);
        if (isStore)
        {
            arguments.Probe(1, out KeyProbe destination);
            context.Reply.Integer(context.SortedSets.Ranges.Store(context.Database, destination, key, range, ref context.Ticket));
            return null;
        }

        WriteRange(context, key, range, withScores);
        return null;
    }

    private static void WriteRange(CommandContext context, in KeyProbe key, in SortedSetRange range, bool withScores)
    {
        int mark = context.Reply.BeginAggregate();
        var sink = new RangeReply(context.Reply, withScores);
        long count = context.SortedSets.Ranges.Visit(context.Database, key, range, ref sink);
        context.Reply.EndArray(mark, (int)(withScores && context.Reply.Protocol < 3 ? 2 * count : count));
    }

    private static CommandError? Count(CommandContext context, scoped in CommandArguments arguments, RangeOrder order)
    {
        if (ReadRange(arguments, 2, order, isReversed: false, out SortedSetRange range) is { } error)
        {
            return error;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.SortedSets.Ranges.Count(context.Database, key, range));
        return null;
    }

    private static CommandError? Remove(CommandContext context, scoped in CommandArguments arguments, RangeOrder order)
    {
        if (ReadRange(arguments, 2, order, isReversed: false, out SortedSetRange range) is { } error)
        {
            return error;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.SortedSets.Ranges.Remove(context.Database, key, range, ref context.Ticket));
        return null;
    }

    // A reversed range by score or member names its high end first.
    private static CommandError? ReadRange(scoped in CommandArguments arguments, int first, RangeOrder order, bool isReversed, out SortedSetRange range)
    {
        range = new SortedSetRange { Order = order, IsReversed = isReversed, Limit = -1 };
        if (order == RangeOrder.Rank)
        {
            if (!arguments.TryInteger(first, out long start) || !arguments.TryInteger(first + 1, out long end))
            {
                return CommandError.NotAnInteger;
            }

            range = range with { Start = start, End = end };
            return null;
        }

        ReadOnlySpan<byte> low = arguments[isReversed ? first + 1 : first];
        ReadOnlySpan<byte> high = arguments[isReversed ? first : first + 1];
        if (order == RangeOrder.Score)
        {
            if (!TryReadScore(low, out double lowScore, out bool lowIsExclusive) || !TryReadScore(high, out double highScore, out bool highIsExclusive))
            {
                return NotAScoreRange;
            }

            range = range with { LowScore = lowScore, HighScore = highScore, LowIsExclusive = lowIsExclusive, HighIsExclusive = highIsExclusive };
            return null;
        }

        if (!TryReadMember(low, out LexBound lowBound) || !TryReadMember(high, out LexBound highBound))
        {
            return NotALexRange;
        }

        range = range with { Low = lowBound, High = highBound };
        return null;
    }

    private static bool TryReadScore(ReadOnlySpan<byte> text, out double score, out bool isExclusive)
    {
        isExclusive = text is [(byte)'(', ..];
        return DoubleText.TryParseBound(isExclusive ? text[1..] : text, out score);
    }

    private static bool TryReadMember(ReadOnlySpan<byte> text, out LexBound bound)
    {
        bound = text switch
        {
            [(byte)'-'] => new LexBound([], false, -1),
            [(byte)'+'] => new LexBound([], false, 1),
            [(byte)'(' or (byte)'[', ..] => new LexBound(text[1..].ToArray(), text[0] == '(', 0),
            _ => default,
        };
        return bound.Member is not null;
    }

    private readonly struct RangeReply(RespWriter reply, bool withScores) : IScoredSink
    {
        public void Take(scoped ReadOnlySpan<byte> member, double score)
        {
            if (withScores && reply.Protocol >= 3)
            {
                reply.Array(2);
            }

            reply.Bulk(member);
            if (withScores)
            {
                reply.Double(score);
            }
        }
    }
}
