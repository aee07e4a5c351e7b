using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>XINFO: the insides of a stream.</summary>
internal static class StreamInfoCommands
{
    private const long EntriesShown = 10;

    private static readonly KeyPositions Second = new(2, 2, 1);

    public static readonly Command[] Rows =
    [
        new("XINFO", -2, CommandFlags.None, KeyPositions.None, StreamGroupCommands.Unknown, "Tells of the insides of a stream.")
        {
            Since = "5.0.0",
            Complexity = "Depends on the subcommand.",
            Subcommands =
            [
                new("STREAM", -3, CommandFlags.ReadOnly, Second, Stream, "The numbers of a stream, its first and last entry; with FULL its entries and groups too.")
                {
                    Since = "5.0.0", Complexity = "O(1)",
                },
                new("GROUPS", 3, CommandFlags.ReadOnly, Second, Groups, "The consumer groups of a stream.") { Since = "5.0.0", Complexity = "O(1)" },
                new("CONSUMERS", 4, CommandFlags.ReadOnly, Second, Consumers, "The consumers of a group.") { Since = "5.0.0", Complexity = "O(1)" },
                new("HELP", 2, CommandFlags.Loading | CommandFlags.Stale, KeyPositions.None, Help, "The subcommands.") { Since = "5.0.0", Complexity = "O(1)" },
            ],
        },
    ];

    // XINFO STREAM key [FULL [COUNT n]]
    private static CommandError? Stream(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        if (ReadFull(arguments, out bool isFull, out long count) is { } error)
        {
            return context.Streams.Groups.Exists(context.Database, key, default).Stream ? error : throw StreamErrors.NoSuchKey(key);
        }

        var description = new StreamDescription(context.Reply, isFull, count);
        context.Streams.Inspections.Visit(context.Database, key, ref description);
        return null;
    }

    private static CommandError? Groups(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        var list = new GroupList(context.Reply);
        context.Streams.Inspections.Visit(context.Database, key, ref list);
        return null;
    }

    private static CommandError? Consumers(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        var list = new ConsumerList(context.Reply);
        context.Streams.Inspections.VisitGroup(context.Database, key, arguments[3], ref list);
        return null;
    }

    private static CommandError? Help(CommandContext context, scoped in CommandArguments arguments)
    {
        CommandHelp.Write(context.Reply, "XINFO",
        [
            "CONSUMERS <key> <group>", "    The consumers of a group.",
            "GROUPS <key>", "    The groups of a stream.",
            "STREAM <key> [FULL [COUNT <count>]]", "    The numbers of a stream; with FULL <count> entries of it, of what is pending in each group and with each consumer, or all for 0.",
        ]);
        return null;
    }

    private static CommandError? ReadFull(scoped in CommandArguments arguments, out bool isFull, out long count)
    {
        isFull = arguments.Count > 3;
        count = EntriesShown;
        if (!isFull)
        {
            return null;
        }

        if (arguments.Count is not (4 or 6) || !arguments.Is(3, "FULL"u8) || (arguments.Count == 6 && !arguments.Is(4, "COUNT"u8)))
        {
            return StreamGroupCommands.SubcommandSyntax(arguments);
        }

        if (arguments.Count == 6 && !arguments.TryInteger(5, out count))
        {
            return CommandError.NotAnInteger;
        }

        count = count < 0 ? EntriesShown : count;
        return null;
    }

    private static void WriteProgress(RespWriter reply, StreamData stream, StreamGroup group)
    {
        reply.Bulk("entries-read"u8);
        WriteNumber(reply, group.EntriesRead == StreamGroup.Unknown ? null : group.EntriesRead);
        reply.Bulk("lag"u8);
        WriteNumber(reply, StreamProgress.Lag(stream, group));
    }

    private static void WriteNumber(RespWriter reply, long? number)
    {
        if (number is { } known)
        {
            reply.Integer(known);
        }
        else
        {
            reply.Null();
        }
    }

    /// <summary>XINFO STREAM, also FULL.</summary>
    private readonly struct StreamDescription(RespWriter reply, bool isFull, long most) : IStreamVisitor
    {
        public void Visit(StreamData stream, long now)
        {
            reply.Map(isFull ? 9 : 10);
            Number("length"u8, stream.Length);
            Number("radix-tree-keys"u8, stream.Nodes.Count);
            Number("radix-tree-nodes"u8, RadixTreeShape.Nodes(stream.Nodes));
            Id("last-generated-id"u8, stream.LastId);
            Id("max-deleted-entry-id"u8, stream.MaxDeletedId);
            Number("entries-added"u8, stream.EntriesAdded);
            Id("recorded-first-entry-id"u8, stream.FirstId);
            if (!isFull)
            {
                Number("groups"u8, stream.Groups.Count);
                Edge("first-entry"u8, stream, isReverse: false);
                Edge("last-entry"u8, stream, isReverse: true);
                return;
            }

            reply.Bulk("entries"u8);
            var entries = new StreamReply(reply);
            int mark = reply.BeginAggregate();
            StreamIterator iterator = stream.Iterate(StreamId.Min, StreamId.Max);
            while ((most == 0 || entries.Count < most) && iterator.MoveNext())
            {
                entries.Entry(iterator.Id, iterator.Fields);
            }

            reply.EndArray(mark, entries.Count);
            reply.Bulk("groups"u8);
            reply.Array(stream.Groups.Count);
            foreach (StreamGroup group in stream.Groups)
            {
                Group(stream, group);
            }
        }

        private void Group(StreamData stream, StreamGroup group)
        {
            reply.Map(7);
            reply.Bulk("name"u8);
            reply.Bulk(group.Name);
            Id("last-delivered-id"u8, group.LastId);
            WriteProgress(reply, stream, group);
            Number("pel-count"u8, group.Pending.Count);
            reply.Bulk("pending"u8);
            int mark = reply.BeginAggregate();
            int count = 0;
            IdMap<PendingEntry> pending = group.Pending;
            for (IdPosition i = pending.First; pending.IsValid(i) && (most == 0 || count < most); i = pending.Next(i), count++)
            {
                ref PendingEntry entry = ref pending.ValueAt(i);
                reply.Array(4);
                StreamReply.WriteId(reply, pending.IdAt(i));
                reply.Bulk(group.ConsumerOf(entry).Name);
                reply.Integer(entry.DeliveredAt);
                reply.Integer(entry.Deliveries);
            }

            reply.EndArray(mark, count);
            reply.Bulk("consumers"u8);
            reply.Array(group.Consumers.Count);
            foreach (StreamConsumer consumer in group.Consumers)
            {
                Consumer(group, consumer);
            }
        }

        private void Consumer(StreamGroup group, StreamConsumer consumer)
        {
            reply.Map(4);
            reply.Bulk("name"u8);
            reply.Bulk(consumer.Name);
            Number("seen-time"u8, consumer.SeenAt);
            Number("pel-count"u8, consumer.Pending.Count);
            reply.Bulk("pending"u8);
            int mark = reply.BeginAggregate();
            int count = 0;
            IdMap<NoValue> pending = consumer.Pending;
            for (IdPosition i = pending.First; pending.IsValid(i) && (most == 0 || count < most); i = pending.Next(i), count++)
            {
                group.Pending.TryFind(pending.IdAt(i), out IdPosition position);
                ref PendingEntry entry = ref group.Pending.ValueAt(position);
                reply.Array(3);
                StreamReply.WriteId(reply, pending.IdAt(i));
                reply.Integer(entry.DeliveredAt);
                reply.Integer(entry.Deliveries);
            }

            reply.EndArray(mark, count);
        }

        private void Edge(ReadOnlySpan<byte> name, StreamData stream, bool isReverse)
        {
            reply.Bulk(name);
            StreamIterator entry = stream.Iterate(StreamId.Min, StreamId.Max, isReverse);
            if (entry.MoveNext())
            {
                new StreamReply(reply).Entry(entry.Id, entry.Fields);
            }
            else
            {
                reply.Null();
            }
        }

        private void Number(ReadOnlySpan<byte> name, long number)
        {
            reply.Bulk(name);
            reply.Integer(number);
        }

        private void Id(ReadOnlySpan<byte> name, StreamId id)
        {
            reply.Bulk(name);
            StreamReply.WriteId(reply, id);
        }
    }

    /// <summary>XINFO GROUPS.</summary>
    private readonly struct GroupList(RespWriter reply) : IStreamVisitor
    {
        public void Visit(StreamData stream, long now)
        {
            reply.Array(stream.Groups.Count);
            foreach (StreamGroup group in stream.Groups)
            {
                reply.Map(6);
                reply.Bulk("name"u8);
                reply.Bulk(group.Name);
                reply.Bulk("consumers"u8);
                reply.Integer(group.Consumers.Count);
                reply.Bulk("pending"u8);
                reply.Integer(group.Pending.Count);
                reply.Bulk("last-delivered-id"u8);
                StreamReply.WriteId(reply, group.LastId);
                WriteProgress(reply, stream, group);
            }
        }
    }

    /// <summary>XINFO CONSUMERS.</summary>
    private readonly struct ConsumerList(RespWriter reply) : IStreamGroupVisitor
    {
        public void Visit(StreamGroup group, long now)
        {
            reply.Array(group.Consumers.Count);
            foreach (StreamConsumer consumer in group.Consumers)
            {
                reply.Map(3);
                reply.Bulk("name"u8);
                reply.Bulk(consumer.Name);
                reply.Bulk("pending"u8);
                reply.Integer(consumer.Pending.Count);
                reply.Bulk("idle"u8);
                reply.Integer(Math.Max(0, now - consumer.SeenAt));
            }
        }
    }
}
