using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Server.Hosting;

namespace ElastiCache.Embedded.Server.Configuration;

/// <summary>What changes in the server when a parameter does.</summary>
internal static class ServerParameters
{
    /// <summary>Fixes where the server listens; to be called when it does, since the system may have chosen the port.</summary>
    public static void FixListening(ServerConfiguration configuration)
    {
        foreach (string name in new[] { "port", "tls-port", "bind" })
        {
            string opened = configuration[name];
            configuration.Act(name, value => value == opened ? null : name == "bind" ? "Failed to bind to specified addresses: they are chosen at the start." : "Unable to listen on this port: it is chosen at the start.");
        }
    }

    /// <summary>Applies all values, and from here on each change.</summary>
    public static void Wire(ServerState server)
    {
        ServerConfiguration configuration = server.Configuration;
        configuration.Act("requirepass", value => server.Password = value.Length == 0 ? null : Encoding.UTF8.GetBytes(value));
        configuration.Act("maxclients", value => server.MaxClients = Number(value));
        configuration.Act("timeout", value => server.IdleTimeoutSeconds = Number(value));
        configuration.Act("proto-max-bulk-len", value => server.Limits.ArgumentBytes = Number(value));
        configuration.Act("client-query-buffer-limit", value => server.Limits.RequestBytes = Number(value));
        configuration.Act("client-output-buffer-limit", server.OutputLimits.Set);
        configuration.Act("maxmemory-clients", server.ClientMemory.Set);
        configuration.Act("latency-tracking", value => server.TracksLatency = value == "yes");
        configuration.Act("slowlog-max-len", value => server.SlowLog.MaxLength = Number(value));
        configuration.Act("slowlog-log-slower-than", value => Notable(server, () => server.SlowLog.SlowerThan = Number(value)));
        configuration.Act("latency-monitor-threshold", value => Notable(server, () => server.Latency.ThresholdMilliseconds = Number(value)));
        WireEvents(configuration, server.Cache.Events);
        configuration.Act("hz", value => configuration.Note("hz", Math.Clamp(Number(value), 1, 500).ToString(CultureInfo.InvariantCulture)));
        WireEncodings(configuration, server.Store.Encodings);
        WireOpened(configuration, server.Cache);
    }

    // What the cache was opened with holds, unless the server was told otherwise.
    private static void WireEvents(ServerConfiguration configuration, KeyspaceEvents events)
    {
        const string Name = "notify-keyspace-events";
        if (configuration[Name].Length == 0)
        {
            configuration.Note(Name, KeyEventFlags.Format(events.Classes));
        }

        configuration.Act(Name, value => events.Classes = KeyEventFlags.TryParse(value, out KeyEventClass classes) ? classes : KeyEventClass.None);
    }

    private static void WireEncodings(ServerConfiguration configuration, EncodingLimits limits)
    {
        configuration.Act("hash-max-listpack-entries", value => limits.HashMaxListpackEntries = Clamped(value));
        configuration.Act("hash-max-listpack-value", value => limits.HashMaxListpackValue = Clamped(value));
        configuration.Act("zset-max-listpack-entries", value => limits.SortedSetMaxListpackEntries = Clamped(value));
        configuration.Act("zset-max-listpack-value", value => limits.SortedSetMaxListpackValue = Clamped(value));
        configuration.Act("set-max-intset-entries", value => limits.SetMaxIntsetEntries = Clamped(value));
        configuration.Act("list-max-listpack-size", value => limits.ListMaxListpackSize = Clamped(value));
        configuration.Act("stream-node-max-bytes", value => limits.StreamNodeMaxBytes = Number(value));
        configuration.Act("stream-node-max-entries", value => limits.StreamNodeMaxEntries = Number(value));
        configuration.Act("hll-sparse-max-bytes", value => limits.HyperLogLogSparseMaxBytes = Clamped(value));
    }

    // What was decided when the cache was opened is shown as it is.
    private static void WireOpened(ServerConfiguration configuration, EmbeddedCache cache)
    {
        configuration.Note("databases", cache.Store.DatabaseCount.ToString(CultureInfo.InvariantCulture));
        configuration.Note("appendonly", cache.Journal == null ? "no" : "yes");
        if (cache.Journal != null)
        {
            configuration.Note("appendfsync", NameOf(cache.Durability));
        }

        if (cache.Log?.Rewriter is { } rewriter)
        {
            configuration.Note("auto-aof-rewrite-percentage", rewriter.GrowthPercent.ToString(CultureInfo.InvariantCulture));
            configuration.Note("auto-aof-rewrite-min-size", rewriter.MinBytes.ToString(CultureInfo.InvariantCulture));
            configuration.Act("auto-aof-rewrite-percentage", value => rewriter.GrowthPercent = Clamped(value));
            configuration.Act("auto-aof-rewrite-min-size", value => rewriter.MinBytes = Number(value));
        }

        configuration.Note("dir", cache.Folder ?? Path.GetFullPath(configuration["dir"] is { Length: > 0 } dir ? dir : "."));
        configuration.Note("reserved-memory-percent", cache.ReservedMemoryPercent.ToString(CultureInfo.InvariantCulture));
        configuration.Note("shards", cache.Store.ShardCount.ToString(CultureInfo.InvariantCulture));
        configuration.Note("track-access", cache.Store.TracksAccess ? "yes" : "no");
        configuration.Note("lfu-log-factor", cache.Store.Frequencies.LogFactor.ToString(CultureInfo.InvariantCulture));
        configuration.Note("lfu-decay-time", cache.Store.Frequencies.DecayMinutes.ToString(CultureInfo.InvariantCulture));
        configuration.Act("lfu-log-factor", value => cache.Store.Frequencies.LogFactor = Clamped(value));
        configuration.Act("lfu-decay-time", value => cache.Store.Frequencies.DecayMinutes = Clamped(value));
        configuration.Note("maxmemory", cache.Store.Budget.TotalBytes.ToString(CultureInfo.InvariantCulture));
        if (cache.Store.Budget.TotalBytes > 0)
        {
            configuration.Note("maxmemory-policy", EvictionPolicyNames.NameOf(cache.EvictionPolicy));
        }

        configuration.Act("maxmemory", value => ChangeBudget(cache, Number(value), configuration["maxmemory-policy"]));
        configuration.Act("maxmemory-policy", value => ChangeBudget(cache, configuration.Number("maxmemory"), value));
        configuration.Act("appendonly", value => (value == "yes") == (cache.Journal != null) ? null : "the log is switched on or off when the cache is opened");
        configuration.Act("appendfsync", value => cache.Journal == null || value == NameOf(cache.Durability) ? null : "it is chosen when the cache is opened");
    }

    private static string NameOf(DurabilityMode mode) => mode switch { DurabilityMode.Always => "always", DurabilityMode.No => "no", _ => "everysec" };

    private static string? ChangeBudget(EmbeddedCache cache, long maxBytes, string policy)
    {
        cache.EvictionPolicy = EvictionPolicyNames.PolicyOf(policy);
        return cache.Store.BudgetChange.TryBegin(maxBytes, policy != "noeviction", out _) ? null : "it is more than the addresses that were reserved when the cache was opened";
    }

    private static void Notable(ServerState server, Action change)
    {
        change();
        long slow = server.SlowLog.SlowerThan < 0 ? long.MaxValue : Nanoseconds(server.SlowLog.SlowerThan, 1000);
        long latency = server.Latency.ThresholdMilliseconds == 0 ? long.MaxValue : Nanoseconds(server.Latency.ThresholdMilliseconds, 1_000_000);
        server.LeastNotableNanoseconds = Math.Min(slow, latency);
    }

    private static long Nanoseconds(long count, long each) => count > long.MaxValue / each ? long.MaxValue : count * each;

    private static long Number(string value) => long.Parse(value, CultureInfo.InvariantCulture);

    private static int Clamped(string value) => (int)Math.Clamp(Number(value), int.MinValue, int.MaxValue);
}
