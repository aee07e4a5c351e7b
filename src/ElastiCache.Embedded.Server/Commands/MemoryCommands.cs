using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Server.Hosting;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>MEMORY: what the data takes.</summary>
internal static class MemoryCommands
{
    // Where an entry's reference stands: its share of a bucket of 64 bytes with 7 slots, three quarters full.
    private const int IndexBytes = 12;

    public static readonly Command[] Rows =
    [
        ServerCommands.Container(
            "MEMORY",
            "Commands on memory.",
            new("USAGE", -3, CommandFlags.ReadOnly, new KeyPositions(2, 2, 1), Usage, "Tells how many bytes a key and its value take.") { Since = "4.0.0", Complexity = "O(1)" },
            new("STATS", 2, CommandFlags.None, KeyPositions.None, Statistics, "Tells what memory is used for.") { Since = "4.0.0", Complexity = "O(shards)" },
            new("DOCTOR", 2, CommandFlags.None, KeyPositions.None, Doctor, "Tells whether memory is in order.") { Since = "4.0.0", Complexity = "O(1)" },
            new("PURGE", 2, CommandFlags.None, KeyPositions.None, Purge, "Would give free memory back to the system.") { Since = "4.0.0", Complexity = "O(1)" },
            new("MALLOC-STATS", 2, CommandFlags.None, KeyPositions.None, AllocatorStatistics, "Tells what the allocator holds.") { Since = "4.0.0", Complexity = "O(shards)" },
            new("HELP", 2, Loading | Stale, KeyPositions.None, Help, "Lists the subcommands.") { Since = "4.0.0", Complexity = "O(1)" }),
    ];

    private static CommandError? Usage(CommandContext context, scoped in CommandArguments arguments)
    {
        for (int i = 3; i < arguments.Count; i += 2)
        {
            if (!arguments.Is(i, "SAMPLES"u8) || i + 1 >= arguments.Count)
            {
                return CommandError.Syntax;
            }

            if (!arguments.TryInteger(i + 1, out long samples))
            {
                return CommandError.NotAnInteger;
            }

            if (samples < 0)
            {
                return CommandError.Syntax;
            }
        }

        // Every block is accounted for exactly, so nothing needs to be sampled.
        arguments.Probe(2, out KeyProbe key);
        if (UsageOf(context, key) is { } bytes)
        {
            context.Reply.Integer(bytes);
        }
        else
        {
            context.Reply.Null();
        }

        return null;
    }

    internal static long? UsageOf(CommandContext context, in KeyProbe key)
    {
        using var read = new KeyRead(context.Store, context.Database, key);
        if (!read.TryFind(key, out Entry entry))
        {
            return null;
        }

        return IndexBytes + entry.BlockBytes(read.Shard) + (entry.Kind == ValueKind.String ? 0 : read.Shard.ShellOf(entry)?.NativeBytes ?? 0);
    }

    private static CommandError? Statistics(CommandContext context, scoped in CommandArguments arguments)
    {
        ServerState server = context.Client().Server;
        CacheStatistics cache = CacheStatistics.Of(server.Store);
        long used = server.UsedBytes();
        long data = used - cache.FreeBlockBytes;
        long resident = Environment.WorkingSet;
        RespWriter reply = context.Reply;
        int mark = reply.BeginAggregate();
        int pairs = 0;
        Number("peak.allocated", server.PeakBytes);
        Number("total.allocated", used);
        Number("startup.allocated", 0);
        Number("replication.backlog", 0);
        Number("clients.slaves", 0);
        Number("clients.normal", server.Clients.Unordered.Sum(client => client.HeldBytes));
        Number("cluster.links", 0);
        Number("aof.buffer", 0);
        Number("lua.caches", 0);
        Number("functions.caches", 0);
        Number("overhead.total", cache.FreeBlockBytes);
        Number("keys.count", cache.Entries);
        Number("keys.bytes-per-key", cache.Entries == 0 ? 0 : data / cache.Entries);
        Number("dataset.bytes", data);
        Share("dataset.percentage", 100.0 * data, used);
        Share("peak.percentage", 100.0 * used, server.PeakBytes);
        Number("allocator.allocated", data);
        Number("allocator.active", used);
        Number("allocator.resident", used);
        Share("allocator-fragmentation.ratio", used, data);
        Number("allocator-fragmentation.bytes", cache.FreeBlockBytes);
        Share("allocator-rss.ratio", used, used);
        Number("allocator-rss.bytes", 0);
        Share("rss-overhead.ratio", resident, used);
        Number("rss-overhead.bytes", resident - used);
        Share("fragmentation", resident, used);
        Number("fragmentation.bytes", resident - used);
        reply.EndMap(mark, pairs);
        return null;

        void Number(string name, long value)
        {
            pairs++;
            reply.Bulk(name);
            reply.Integer(value);
        }

        void Share(string name, double part, long whole)
        {
            pairs++;
            reply.Bulk(name);
            reply.Double(whole == 0 ? 0 : part / whole);
        }
    }

    private static CommandError? Doctor(CommandContext context, scoped in CommandArguments arguments)
    {
        ServerState server = context.Client().Server;
        CacheStatistics cache = CacheStatistics.Of(server.Store);
        string text =
            cache.UsedBytes < 5 << 20 ? "There is too little data to say anything about memory.\n"
            : cache.FreeBlockBytes * 2 > cache.UsedBytes ? "More than half of the memory in use holds no entry: it was fragmented by deletions and is used again by new entries.\n"
            : "Memory is in order.\n";
        context.Reply.Verbatim("txt"u8, Encoding.ASCII.GetBytes(text));
        return null;
    }

    // Spans that become free are given back at once; there is nothing left to do.
    private static CommandError? Purge(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Ok();
        return null;
    }

    private static CommandError? AllocatorStatistics(CommandContext context, scoped in CommandArguments arguments)
    {
        CacheStatistics cache = CacheStatistics.Of(context.Store);
        context.Reply.Verbatim("txt"u8, Encoding.ASCII.GetBytes(FormattableString.Invariant(
            $"used: {cache.UsedBytes}\nfree blocks in slabs: {cache.FreeBlockBytes}\nentries: {cache.Entries}\n")));
        return null;
    }

    private static CommandError? Help(CommandContext context, scoped in CommandArguments arguments) => ServerCommands.Help(
        context,
        "MEMORY",
        "DOCTOR",
        "    Whether memory is in order.",
        "MALLOC-STATS",
        "    What the allocator holds.",
        "PURGE",
        "    Nothing: free memory is given back by itself.",
        "STATS",
        "    What memory is used for.",
        "USAGE <key> [SAMPLES <count>]",
        "    The bytes that a key and its value take, exactly.");
}
