using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on streams: here those on entries; groups, reading and inspecting have files of their own.</summary>
internal static class StreamCommands
{
    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory;

    private static readonly CommandError NotTogether = new("syntax error, MAXLEN and MINID options at the same time are not compatible");

    private static readonly CommandError NegativeLength = new("The MAXLEN argument must be >= 0.");

    private static readonly CommandError NegativeLimit = new("The LIMIT argument must be >= 0.");

    private static readonly CommandError LimitOfNothing = new("syntax error, LIMIT cannot be used without specifying a trimming strategy");

    private static readonly CommandError LimitOfExact = new("syntax error, LIMIT cannot be used without the special ~ option");

    private static readonly CommandError NoStrategy = new("syntax error, XTRIM must be called with a trimming strategy");

    public static readonly Command[] Rows =
    [
        new("XADD", -5, Grows | CommandFlags.Fast, KeyPositions.One, Add, "Adds an entry to a stream.")
        {
            Since = "5.0.0", Complexity = "O(1), and O(n) for n entries that are trimmed.",
        },
        new("XTRIM", -4, CommandFlags.Write, KeyPositions.One, Trim, "Deletes the oldest entries of a stream.")
        {
            Since = "5.0.0", Complexity = "O(n) for n entries that are trimmed; the factor is small, as they are freed many at a time.",
        },
        new("XDEL", -3, CommandFlags.Write | CommandFlags.Fast, KeyPositions.One, Delete, "Deletes entries of a stream by their IDs.")
        {
            Since = "5.0.0", Complexity = "O(log n) for each entry in a stream of n",
        },
        new("XLEN", 2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPositions.One, Length, "The number of entries in a stream.")
        {
            Since = "5.0.0", Complexity = "O(1)",
        },
        new("XRANGE", -4, CommandFlags.ReadOnly, KeyPositions.One, (context, in arguments) => Range(context, arguments, isReverse: false),
            "The entries of a stream between two IDs.")
        {
            Since = "5.0.0", Complexity = "O(log n + m) for m entries of a stream of n",
        },
        new("XREVRANGE", -4, CommandFlags.ReadOnly, KeyPositions.One, (context, in arguments) => Range(context, arguments, isReverse: true),
            "The entries of a stream between two IDs, from the greater one on.")
        {
            Since = "5.0.0", Complexity = "O(log n + m) for m entries of a stream of n",
        },
        new("XSETID", -3, Grows | CommandFlags.Fast, KeyPositions.One, SetNumbers, "Sets the last ID of a stream, and its other numbers.")
        {
            Since = "5.0.0", Complexity = "O(1)",
        },
        .. StreamReadCommands.Rows,
        .. StreamGroupCommands.Rows,
        .. StreamInfoCommands.Rows,
    ];

    private static CommandError? Add(CommandContext context, scoped in CommandArguments arguments)
    {
        if (ReadOptions(context, arguments, isAdd: true, out StreamAdding adding, out int next) is { } error)
        {
            return error;
        }

        int pairs = arguments.Count - next;
        if (pairs < 2 || pairs % 2 == 1)
        {
            return CommandError.WrongNumberOfArguments(arguments);
        }

        arguments.Probe(1, out KeyProbe key);
        StreamId? id = context.Streams.Add(context.Database, key, adding, new FieldArguments(arguments, next), ref context.Ticket);
        if (id is { } added)
        {
            StreamReply.WriteId(context.Reply, added);
        }
        else
        {
            context.Reply.Null();
        }

        return null;
    }

    private static CommandError? Trim(CommandContext context, scoped in CommandArguments arguments)
    {
        if (ReadOptions(context, arguments, isAdd: false, out StreamAdding adding, out _) is { } error)
        {
            return error;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Streams.Trim(context.Database, key, adding.Trim, ref context.Ticket));
        return null;
    }

    private static CommandError? Delete(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        if (StreamArguments.ReadIds(arguments, 2, out StreamId[] ids) is { } error)
        {
            // Of a key that is not there, Redis deletes nothing without looking at the IDs.
            if (context.Streams.Groups.Exists(context.Database, key, default).Stream)
            {
                return error;
            }

            ids = [];
        }

        context.Reply.Integer(context.Streams.Delete(context.Database, key, ids, ref context.Ticket));
        return null;
    }

    private static CommandError? Length(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Streams.Length(context.Database, key));
        return null;
    }

    private static CommandError? Range(CommandContext context, scoped in CommandArguments arguments, bool isReverse)
    {
        long count = -1;
        StreamId to = default;
        if ((StreamArguments.ReadStart(arguments[isReverse ? 3 : 2], out StreamId from)
            ?? StreamArguments.ReadEnd(arguments[isReverse ? 2 : 3], out to)) is { } error)
        {
            return error;
        }

        for (int i = 4; i < arguments.Count; i += 2)
        {
            if (!arguments.Is(i, "COUNT"u8) || i + 1 == arguments.Count)
            {
                return CommandError.Syntax;
            }

            if (!arguments.TryInteger(i + 1, out count))
            {
                return CommandError.NotAnInteger;
            }

            count = Math.Max(0, count);
        }

        arguments.Probe(1, out KeyProbe key);
        int start = context.Reply.Length;
        int mark = context.Reply.BeginAggregate();
        var entries = new StreamReply(context.Reply);
        bool exists = context.Streams.Range(context.Database, key, from, to, isReverse, Math.Max(0, count), ref entries);
        if (exists && count == 0)
        {
            context.Reply.CutBack(start);
            context.Reply.NullArray();
            return null;
        }

        context.Reply.EndArray(mark, entries.Count);
        return null;
    }

    private static CommandError? SetNumbers(CommandContext context, scoped in CommandArguments arguments)
    {
        long? entriesAdded = null;
        StreamId maxDeletedId = StreamId.Min;
        if (!StreamArguments.TryStrictId(arguments[2], out StreamId lastId))
        {
            return StreamArguments.NotAnId;
        }

        for (int i = 3; i < arguments.Count; i += 2)
        {
            if (i + 1 == arguments.Count)
            {
                return CommandError.Syntax;
            }

            if (arguments.Is(i, "ENTRIESADDED"u8))
            {
                if (!arguments.TryInteger(i + 1, out long added))
                {
                    return CommandError.NotAnInteger;
                }

                entriesAdded = added;
                if (added < 0)
                {
                    return new CommandError("entries_added must be positive");
                }
            }
            else if (arguments.Is(i, "MAXDELETEDID"u8))
            {
                if (!StreamArguments.TryStrictId(arguments[i + 1], out maxDeletedId))
                {
                    return StreamArguments.NotAnId;
                }

                if (lastId < maxDeletedId)
                {
                    return new CommandError("The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
                }
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        arguments.Probe(1, out KeyProbe key);
        StreamId? maxDeleted = maxDeletedId == StreamId.Min ? null : maxDeletedId;
        context.Streams.SetNumbers(context.Database, key, lastId, entriesAdded, maxDeleted, ref context.Ticket);
        context.Reply.Ok();
        return null;
    }

    // [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] and then, for XADD, *|id
    private static CommandError? ReadOptions(CommandContext context, scoped in CommandArguments arguments, bool isAdd, out StreamAdding adding, out int next)
    {
        adding = default;
        var trim = default(StreamTrim);
        long limit = 0;
        bool hasLimit = false, onlyIfExists = false;
        StreamNewId id = default;
        for (next = 2; next < arguments.Count; next++)
        {
            bool hasMore = next + 1 < arguments.Count;
            if (isAdd && arguments[next] is [(byte)'*'])
            {
                next++;
                break;
            }

            if (hasMore && (arguments.Is(next, "MAXLEN"u8) || arguments.Is(next, "MINID"u8)))
            {
                if (ReadTrim(arguments, ref next, ref trim) is { } error)
                {
                    return error;
                }
            }
            else if (hasMore && arguments.Is(next, "LIMIT"u8))
            {
                if (!arguments.TryInteger(++next, out limit))
                {
                    return CommandError.NotAnInteger;
                }

                hasLimit = true;
                if (limit < 0)
                {
                    return NegativeLimit;
                }
            }
            else if (isAdd && arguments.Is(next, "NOMKSTREAM"u8))
            {
                onlyIfExists = true;
            }
            else if (!isAdd)
            {
                return CommandError.Syntax;
            }
            else if (StreamArguments.TryStrictId(arguments[next], 0, out StreamId given, out bool hasSequence))
            {
                id = new StreamNewId(IsGiven: true, hasSequence, given);
                next++;
                break;
            }
            else
            {
                return StreamArguments.NotAnId;
            }
        }

        bool trims = trim.Strategy != StreamTrimStrategy.None;
        if (!trims && (limit != 0 || !isAdd))
        {
            return limit != 0 ? LimitOfNothing : NoStrategy;
        }

        if (context.Store.IsLoading)
        {
            limit = 0;      // Redis leaves it beside the exact length in its log
        }
        else if (hasLimit && !trim.IsApproximate)
        {
            return LimitOfExact;
        }
        else if (!hasLimit && trim.IsApproximate)
        {
            limit = DefaultLimit(context.Store.Encodings);
        }

        adding = new StreamAdding { Id = id, OnlyIfExists = onlyIfExists, Trim = trim with { Limit = limit } };
        return null;
    }

    private static CommandError? ReadTrim(scoped in CommandArguments arguments, ref int at, ref StreamTrim trim)
    {
        if (trim.Strategy != StreamTrimStrategy.None)
        {
            return NotTogether;
        }

        bool isLength = arguments.Is(at, "MAXLEN"u8);
        bool isApproximate = false;
        at++;
        if (at + 1 < arguments.Count && arguments[at] is [(byte)'~'] or [(byte)'='])
        {
            isApproximate = arguments[at] is [(byte)'~'];
            at++;
        }

        long length = 0;
        StreamId minId = default;
        if (isLength && !arguments.TryInteger(at, out length))
        {
            return CommandError.NotAnInteger;
        }

        if (length < 0)
        {
            return NegativeLength;
        }

        if (!isLength && !StreamArguments.TryStrictId(arguments[at], out minId))
        {
            return StreamArguments.NotAnId;
        }

        trim = new StreamTrim
        {
            Strategy = isLength ? StreamTrimStrategy.MaxLength : StreamTrimStrategy.MinId, MaxLength = length, MinId = minId, IsApproximate = isApproximate,
        };
        return null;
    }

    // A hundred nodes' worth: what is approximate shall never take long.
    private static long DefaultLimit(EncodingLimits limits)
    {
        long entries = limits.StreamNodeMaxEntries;
        return entries <= 0 ? 10_000 : Math.Min(entries, 10_000) * 100;
    }
}
