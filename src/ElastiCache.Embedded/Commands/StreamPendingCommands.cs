using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on entries that are pending: XPENDING, XCLAIM, XAUTOCLAIM.</summary>
internal static class StreamPendingCommands
{
    // Redis keeps its products below 2^63.
    private const long MostToClaim = long.MaxValue / 16;

    public static readonly Command[] Rows =
    [
        new("XPENDING", -3, CommandFlags.ReadOnly, KeyPositions.One, Pending, "The entries that are pending with the consumers of a group.")
        {
            Since = "5.0.0", Complexity = "O(n) for n entries that are returned or looked at; O(1) without a range",
        },
        new("XCLAIM", -6, CommandFlags.Write | CommandFlags.Fast, KeyPositions.One, Claim, "Makes entries pending with another consumer, as if they were delivered to it.")
        {
            Since = "5.0.0", Complexity = "O(log n) for each entry of n that are pending",
        },
        new("XAUTOCLAIM", -6, CommandFlags.Write | CommandFlags.Fast, KeyPositions.One, ClaimIdle, "Claims entries that have been pending for long.")
        {
            Since = "6.2.0", Complexity = "O(n) for n entries that are looked at",
        },
    ];

    // XPENDING key group [[IDLE ms] start end count [consumer]]
    private static CommandError? Pending(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count != 3 && arguments.Count is < 6 or > 9)
        {
            return CommandError.Syntax;
        }

        arguments.Probe(1, out KeyProbe key);
        if (arguments.Count == 3)
        {
            var summary = new PendingSummary(context.Reply);
            context.Streams.Inspections.VisitPending(context.Database, key, arguments[2], ref summary);
            return null;
        }

        int at = 3;
        long minIdle = 0;
        if (arguments.Is(3, "IDLE"u8))
        {
            if (!arguments.TryInteger(4, out minIdle))
            {
                return CommandError.NotAnInteger;
            }

            if (arguments.Count < 8)
            {
                return CommandError.Syntax;
            }

            at += 2;
        }

        if (!arguments.TryInteger(at + 2, out long count))
        {
            return CommandError.NotAnInteger;
        }

        StreamId to = default;
        if ((StreamArguments.ReadStart(arguments[at], out StreamId from) ?? StreamArguments.ReadEnd(arguments[at + 1], out to)) is { } error)
        {
            return error;
        }

        byte[]? consumer = at + 3 < arguments.Count ? arguments[at + 3].ToArray() : null;
        var range = new PendingRange(context.Reply, from, to, Math.Max(0, count), minIdle, consumer);
        context.Streams.Inspections.VisitPending(context.Database, key, arguments[2], ref range);
        return null;
    }

    // XCLAIM key group consumer min-idle id … [IDLE ms] [TIME ms] [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id]
    private static CommandError? Claim(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var claiming = default(StreamClaiming);
        if (ReadClaim(arguments, out StreamId[] ids, ref claiming) is { } error)
        {
            return context.Streams.Groups.Exists(context.Database, key, arguments[2]).Group ? error : throw StreamErrors.NoSuchKeyOrGroup(key, arguments[2]);
        }

        int mark = context.Reply.BeginAggregate();
        var sink = new ClaimReply(context.Reply, []);
        context.Streams.Claims.Claim(context.Database, key, arguments[2], arguments[3], ids, claiming, ref sink, ref context.Ticket);
        context.Reply.EndArray(mark, sink.Count);
        return null;
    }

    // XAUTOCLAIM key group consumer min-idle start [COUNT n] [JUSTID]
    private static CommandError? ClaimIdle(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(4, out long minIdle))
        {
            return new CommandError("Invalid min-idle-time argument for XAUTOCLAIM");
        }

        if (StreamArguments.ReadStart(arguments[5], out StreamId from) is { } error)
        {
            return error;
        }

        long count = 100;
        bool onlyIds = false;
        for (int i = 6; i < arguments.Count; i++)
        {
            if (arguments.Is(i, "COUNT"u8) && i + 1 < arguments.Count)
            {
                if (!arguments.TryInteger(++i, out count) || count is < 1 or > MostToClaim)
                {
                    return new CommandError("COUNT must be > 0");
                }
            }
            else if (arguments.Is(i, "JUSTID"u8))
            {
                onlyIds = true;
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        // The ID to go on with comes first in the reply and is known last, so the entries are written aside.
        arguments.Probe(1, out KeyProbe key);
        var entries = new RespWriter { Protocol = context.Reply.Protocol };
        int mark = entries.BeginAggregate();
        var sink = new ClaimReply(entries, []);
        StreamId next = context.Streams.Claims.ClaimIdle(
            context.Database, key, arguments[2], arguments[3], from, Math.Max(0, minIdle), count, onlyIds, ref sink, ref context.Ticket);
        entries.EndArray(mark, sink.Count);
        context.Reply.Array(3);
        StreamReply.WriteId(context.Reply, next);
        context.Reply.Raw(entries.Written);
        context.Reply.Array(sink.Gone.Count);
        foreach (StreamId id in sink.Gone)
        {
            StreamReply.WriteId(context.Reply, id);
        }

        return null;
    }

    private static CommandError? ReadClaim(scoped in CommandArguments arguments, out StreamId[] ids, ref StreamClaiming claiming)
    {
        ids = [];
        if (!arguments.TryInteger(4, out long minIdle))
        {
            return new CommandError("Invalid min-idle-time argument for XCLAIM");
        }

        claiming = claiming with { MinIdleMs = Math.Max(0, minIdle) };
        int at = 5;
        while (at < arguments.Count && StreamArguments.TryStrictId(arguments[at], out _))
        {
            at++;
        }

        ids = new StreamId[at - 5];
        for (int i = 0; i < ids.Length; i++)
        {
            StreamArguments.TryStrictId(arguments[5 + i], out ids[i]);
        }

        for (; at < arguments.Count; at++)
        {
            if (ReadClaimOption(arguments, ref at, ref claiming) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static CommandError? ReadClaimOption(scoped in CommandArguments arguments, ref int at, ref StreamClaiming claiming)
    {
        bool hasMore = at + 1 < arguments.Count;
        if (arguments.Is(at, "FORCE"u8))
        {
            claiming = claiming with { CreatesPending = true };
        }
        else if (arguments.Is(at, "JUSTID"u8))
        {
            claiming = claiming with { OnlyIds = true };
        }
        else if (hasMore && arguments.Is(at, "IDLE"u8))
        {
            if (!arguments.TryInteger(++at, out long idle))
            {
                return new CommandError("Invalid IDLE option argument for XCLAIM");
            }

            claiming = claiming with { IdleMs = idle, DeliveredAt = null };
        }
        else if (hasMore && arguments.Is(at, "TIME"u8))
        {
            if (!arguments.TryInteger(++at, out long time))
            {
                return new CommandError("Invalid TIME option argument for XCLAIM");
            }

            claiming = claiming with { DeliveredAt = time };
        }
        else if (hasMore && arguments.Is(at, "RETRYCOUNT"u8))
        {
            if (!arguments.TryInteger(++at, out long deliveries))
            {
                return new CommandError("Invalid RETRYCOUNT option argument for XCLAIM");
            }

            claiming = claiming with { Deliveries = deliveries };
        }
        else if (hasMore && arguments.Is(at, "LASTID"u8))
        {
            if (!StreamArguments.TryStrictId(arguments[++at], out StreamId lastId))
            {
                return StreamArguments.NotAnId;
            }

            claiming = claiming with { LastId = lastId };
        }
        else
        {
            return new CommandError($"Unrecognized XCLAIM option '{CommandError.Quoted(arguments[at])}'");
        }

        return null;
    }

    /// <summary>Entries as <see cref="StreamReply"/> writes them, those that are gone aside.</summary>
    private struct ClaimReply(RespWriter reply, List<StreamId> gone) : IStreamSink
    {
        private StreamReply _entries = new(reply);

        public readonly int Count => _entries.Count;

        public readonly List<StreamId> Gone => gone;

        public void Entry(StreamId id, scoped StreamEntryFields fields) => _entries.Entry(id, fields);

        public void Id(StreamId id) => _entries.Id(id);

        public readonly void Deleted(StreamId id) => gone.Add(id);
    }

    /// <summary>How many are pending, the first and the last, and how many with whom.</summary>
    private readonly struct PendingSummary(RespWriter reply) : IStreamGroupVisitor
    {
        public void Visit(StreamGroup group, long now)
        {
            IdMap<PendingEntry> pending = group.Pending;
            reply.Array(4);
            reply.Integer(pending.Count);
            if (pending.Count == 0)
            {
                reply.Null();
                reply.Null();
                reply.NullArray();
                return;
            }

            StreamReply.WriteId(reply, pending.IdAt(pending.First));
            StreamReply.WriteId(reply, pending.IdAt(pending.Last));
            int mark = reply.BeginAggregate();
            int count = 0;
            foreach (StreamConsumer consumer in group.Consumers)
            {
                if (consumer.Pending.Count > 0)
                {
                    count++;
                    reply.Array(2);
                    reply.Bulk(consumer.Name);
                    reply.BulkInteger(consumer.Pending.Count);
                }
            }

            reply.EndArray(mark, count);
        }
    }

    /// <summary>The pending entries of a range, of all or of one consumer.</summary>
    private readonly struct PendingRange(RespWriter reply, StreamId from, StreamId to, long most, long minIdle, byte[]? consumerName) : IStreamGroupVisitor
    {
        public void Visit(StreamGroup group, long now)
        {
            int mark = reply.BeginAggregate();
            int count = 0;
            if (consumerName == null)
            {
                IdMap<PendingEntry> pending = group.Pending;
                for (IdPosition i = pending.Seek(from); count < most && pending.IsValid(i) && pending.IdAt(i) <= to; i = pending.Next(i))
                {
                    count += Write(group, pending.IdAt(i), pending.ValueAt(i), now) ? 1 : 0;
                }
            }
            else if (group.FindConsumer(consumerName) is { } consumer)
            {
                IdMap<NoValue> pending = consumer.Pending;
                for (IdPosition i = pending.Seek(from); count < most && pending.IsValid(i) && pending.IdAt(i) <= to; i = pending.Next(i))
                {
                    group.Pending.TryFind(pending.IdAt(i), out IdPosition position);
                    count += Write(group, pending.IdAt(i), group.Pending.ValueAt(position), now) ? 1 : 0;
                }
            }

            reply.EndArray(mark, count);
        }

        private bool Write(StreamGroup group, StreamId id, in PendingEntry entry, long now)
        {
            long idle = now - entry.DeliveredAt;
            if (minIdle != 0 && idle < minIdle)
            {
                return false;
            }

            reply.Array(4);
            StreamReply.WriteId(reply, id);
            reply.Bulk(group.ConsumerOf(entry).Name);
            reply.Integer(Math.Max(0, idle));
            reply.Integer(entry.Deliveries);
            return true;
        }
    }
}
