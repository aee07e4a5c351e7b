using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Server.Configuration;
using ElastiCache.Embedded.Server.Hosting;
using ElastiCache.Embedded.Server.Statistics;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>MEMORY: what the data takes.</summary>
internal static class MemoryCommands
{
    // A node of the expiry wheel: 128 bytes for fifteen.
    private const int DeadlineBytes = 9;

    private const long TooLittleToJudge = 5L << 20;

    public static readonly Command[] Rows =
    [
        ServerCommands.Container(
            "MEMORY",
            "Commands on memory.",
            new("USAGE", -3, CommandFlags.ReadOnly, new KeyPositions(2, 2, 1), Usage, "Tells how many bytes a key and its value take.") { Since = "4.0.0", Complexity = "O(1)" },
            new("STATS", 2, CommandFlags.None, KeyPositions.None, Statistics, "Tells what memory is used for.") { Since = "4.0.0", Complexity = "O(shards)" },
            new("DOCTOR", 2, CommandFlags.None, KeyPositions.None, Doctor, "Tells whether memory is in order.") { Since = "4.0.0", Complexity = "O(shards)" },
            new("PURGE", 2, CommandFlags.None, KeyPositions.None, Purge, "Gives free memory back to the system.") { Since = "4.0.0", Complexity = "O(N) with N entries in sparse slabs" },
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

        // Its share of the table, which is fuller at some times than at others, so that all keys together take what the table takes.
        RecordTable table = read.Shard.TableOf(context.Database)!;
        long index = (table.Bytes + table.Count - 1) / table.Count;
        return index + (entry.HasDeadline ? DeadlineBytes : 0) + read.Shard.BytesOf(entry);
    }

    private static CommandError? Statistics(CommandContext context, scoped in CommandArguments arguments)
    {
        ServerState server = context.Client().Server;
        MemoryUse use = server.MeasureMemory();
        RespWriter reply = context.Reply;
        int mark = reply.BeginAggregate();
        int pairs = 0;
        Number("peak.allocated", server.PeakBytes);
        Number("total.allocated", use.Used);
        Number("startup.allocated", use.Startup);
        Number("replication.backlog", 0);
        Number("clients.slaves", 0);
        Number("clients.normal", use.Clients);
        Number("cluster.links", 0);
        Number("aof.buffer", use.Log);
        Number("lua.caches", 0);
        Number("functions.caches", 0);
        for (int i = 0; i < use.Databases.Count; i++)
        {
            if (use.Databases[i] is { Keys: > 0 } database)
            {
                long expiring = use.Databases.Sum(static each => each.Expiring);
                pairs++;
                reply.Bulk(string.Create(CultureInfo.InvariantCulture, $"db.{i}"));
                int tables = reply.BeginAggregate();
                reply.Bulk("overhead.hashtable.main");
                reply.Integer(database.TableBytes);
                reply.Bulk("overhead.hashtable.expires");
                reply.Integer(expiring == 0 ? 0 : (long)((double)use.Wheels * database.Expiring / expiring));
                reply.EndMap(tables, 2);
            }
        }

        Number("overhead.total", use.Overhead);
        Number("keys.count", use.Keys);
        Number("keys.bytes-per-key", use.Keys == 0 ? 0 : (use.Used - use.Startup) / use.Keys);
        Number("dataset.bytes", use.Dataset);
        Share("dataset.percentage", 100.0 * use.Dataset, use.Used - use.Startup);
        Share("peak.percentage", 100.0 * use.Used, server.PeakBytes);
        Number("allocator.allocated", use.Allocated);
        Number("allocator.active", use.Active);
        Number("allocator.resident", use.Resident);
        Share("allocator-fragmentation.ratio", use.Active, use.Allocated);
        Number("allocator-fragmentation.bytes", use.FreeBlocks);
        Share("allocator-rss.ratio", use.Resident, use.Active);
        Number("allocator-rss.bytes", use.Resident - use.Active);
        Share("rss-overhead.ratio", use.Process, use.Resident);
        Number("rss-overhead.bytes", use.Process - use.Resident);
        Share("fragmentation", use.Process, use.Used);
        Number("fragmentation.bytes", use.Process - use.Used);
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
        MemoryUse use = server.MeasureMemory();
        context.Reply.Verbatim("txt"u8, Encoding.UTF8.GetBytes(Diagnosis(use, server.PeakBytes, server.Store.Budget.TotalBytes, server.Clients.Unordered.Count())));
        return null;
    }

    /// <summary>What MEMORY DOCTOR says: each thing that is out of order, with its figures and what to do.</summary>
    internal static string Diagnosis(MemoryUse use, long peak, long budget, int clients)
    {
        if (use.Active < TooLittleToJudge)
        {
            return "There is too little data to say anything about memory.\n";
        }

        var findings = new List<string>();
        Find(peak > use.Used * 3 / 2, $"Peak: {MemoryText.Human(peak)} were in use, and now {MemoryText.Human(use.Used)} are. What was freed goes back to the system but for a sixty-fourth; MEMORY PURGE gives that back too.");
        Find(use.FreeBlocks > use.Active / 4, $"Fragmentation: {MemoryText.Human(use.FreeBlocks)} of {MemoryText.Human(use.Active)} hold no entry, left by entries that were deleted or became longer. New entries of their sizes use them; MEMORY PURGE moves entries together and frees the rest.");
        Find(use.Idle > use.Active / 8, $"Idle: {MemoryText.Human(use.Idle)} of free spans are kept for reuse. MEMORY PURGE gives them back.");
        Find(use.Process - use.Resident > Math.Max(use.Active, 256L << 20), $"Process: its resident set is {MemoryText.Human(use.Process)}, and the store has {MemoryText.Human(use.Resident)} of it. The rest is the program's own heap, on which no key or value lies.");
        Find(clients > 0 && use.Clients / clients > 200 * 1024, $"Clients: {clients} of them hold {MemoryText.Human(use.Clients)} in buffers, which is memory that maxmemory does not leave to keys. Look for large omem and qbuf in CLIENT LIST.");
        Find(use.Log > Math.Max(64L << 20, use.Active / 8), $"Log: {MemoryText.Human(use.Log)} wait to be written. The disk is slower than the writers.");
        Find(budget > 0 && use.Index + use.Wheels > budget / 2, $"Budget: index and deadlines take {MemoryText.Human(use.Index + use.Wheels)} of maxmemory = {MemoryText.Human(budget)}. The entries are very small, or there are too many shards for so small a budget.");
        return findings.Count == 0 ? "Memory is in order.\n" : string.Join('\n', findings) + "\n";

        void Find(bool applies, string finding)
        {
            if (applies)
            {
                findings.Add(finding);
            }
        }
    }

    private static CommandError? Purge(CommandContext context, scoped in CommandArguments arguments)
    {
        MemoryReturn.Run(context.Store);
        context.Reply.Ok();
        return null;
    }

    private static CommandError? AllocatorStatistics(CommandContext context, scoped in CommandArguments arguments)
    {
        MemoryUse use = context.Client().Server.MeasureMemory();
        context.Reply.Verbatim("txt"u8, Encoding.ASCII.GetBytes(FormattableString.Invariant(
            $"allocated: {use.Allocated}, active: {use.Active}, resident: {use.Resident}\nfree blocks in slabs: {use.FreeBlocks}\nidle spans: {use.Idle}\nmaps: {use.Maps}\nindex: {use.Index}\nexpiry wheels: {use.Wheels}\nentries: {use.Keys}\n")));
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
        "    Moves entries together and gives free memory back to the system.",
        "STATS",
        "    What memory is used for.",
        "USAGE <key> [SAMPLES <count>]",
        "    The bytes that a key and its value take, exactly.");
}
