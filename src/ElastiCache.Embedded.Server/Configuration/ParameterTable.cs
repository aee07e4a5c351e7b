using System.Collections.Frozen;

namespace ElastiCache.Embedded.Server.Configuration;

/// <summary>Every parameter of Redis 7.0, so that its clients and configuration files find what they look for.</summary>
/// <remarks>
/// <see cref="Acted"/> has those that do something here: <c>ServerParameters</c> wires them. The rest is about what this server has not (replication, cluster, the
/// allocator's defragmentation) or does otherwise; their values are checked, kept and shown, and change nothing.
/// </remarks>
internal static class ParameterTable
{
    private const ParameterProtection Immutable = ParameterProtection.Immutable;
    private const ParameterProtection Protected = ParameterProtection.Protected;

    private static readonly Parameter[] Acted =
    [
        Integer("port", 6379, 0, 65535),
        Words("bind", "* -::*", WordParameters.ReadAny),
        Text("unixsocket", "") with { Protection = Immutable },
        new("unixsocketperm", ParameterKind.Octal, "0") { Protection = Immutable },
        Integer("tls-port", 0, 0, 65535),
        Text("tls-cert-file", ""),
        Text("tls-key-file", ""),
        Text("tls-key-file-pass", ""),
        Text("tls-ca-cert-file", ""),
        Choice("tls-auth-clients", "yes", "no", "yes", "optional"),
        Boolean("protected-mode", true),
        Integer("maxclients", 10000, 1, 4294967295),
        Integer("timeout", 0, 0, int.MaxValue),
        Text("requirepass", ""),
        Integer("databases", 16, 1, int.MaxValue) with { Protection = Immutable },
        Text("dir", "") with { Protection = Protected },
        Boolean("appendonly", false),
        Choice("appendfsync", "everysec", "everysec", "always", "no"),
        Text("appendfilename", "appendonly.aof") with { Protection = Immutable },
        Text("appenddirname", "appendonlydir") with { Protection = Immutable },
        new("maxmemory", ParameterKind.MemoryOrShare, "0"),
        Integer("reserved-memory-percent", 0, 0, 99) with { Protection = Immutable, IsHidden = true },     // ElastiCache's, not Redis's
        Integer("shards", 0, 0, EmbeddedCacheOptions.MostShards) with { Protection = Immutable, IsHidden = true },                  // ours; 0 = as many as suit the budget
        Boolean("track-access", true) with { Protection = Immutable, IsHidden = true },                                            // ours: whether OBJECT IDLETIME and FREQ know
        Choice("maxmemory-policy", "noeviction", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-adaptive", "volatile-adaptive", "noeviction"),
        Integer("lfu-decay-time", 1, 0, int.MaxValue),
        Integer("lfu-log-factor", 10, 0, int.MaxValue),
        new("maxmemory-clients", ParameterKind.MemoryOrPercent, "0"),
        Memory("proto-max-bulk-len", 512L << 20, 1 << 20),
        Memory("client-query-buffer-limit", 1L << 30, 1 << 20),
        Words("client-output-buffer-limit", "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60", WordParameters.ReadOutputLimits),
        Words("notify-keyspace-events", "", WordParameters.ReadEvents),
        Integer("slowlog-log-slower-than", 10000, -1),
        Integer("slowlog-max-len", 128),
        Integer("latency-monitor-threshold", 0),
        Boolean("latency-tracking", true),
        Words("latency-tracking-info-percentiles", "50 99 99.9", WordParameters.ReadPercentiles),
        Integer("hz", 10, 0, int.MaxValue),
        Integer("hash-max-listpack-entries", 512) with { Alias = "hash-max-ziplist-entries" },
        Memory("hash-max-listpack-value", 64) with { Alias = "hash-max-ziplist-value" },
        Integer("zset-max-listpack-entries", 128) with { Alias = "zset-max-ziplist-entries" },
        Memory("zset-max-listpack-value", 64) with { Alias = "zset-max-ziplist-value" },
        Integer("set-max-intset-entries", 512),
        Integer("list-max-listpack-size", -2, int.MinValue, int.MaxValue) with { Alias = "list-max-ziplist-size" },
        Memory("stream-node-max-bytes", 4096),
        Integer("stream-node-max-entries", 100),
        Memory("hll-sparse-max-bytes", 3000),
        Choice("enable-debug-command", "no", "no", "yes", "local") with { Protection = Immutable },
        Choice("loglevel", "notice", "debug", "verbose", "notice", "warning"),
        Words("save", "3600 1 300 100 60 10000", WordParameters.ReadSave),
        Boolean("stop-writes-on-bgsave-error", true),
        Words("shutdown-on-sigterm", "default", WordParameters.ReadShutdown),
        Words("shutdown-on-sigint", "default", WordParameters.ReadShutdown),
        Boolean("daemonize", false) with { Protection = Immutable },
    ];

    private static readonly Parameter[] Kept =
    [
        Choice("acl-pubsub-default", "resetchannels", "allchannels", "resetchannels"),
        Text("aclfile", "") with { Protection = Immutable },
        Integer("acllog-max-len", 128),
        Integer("active-defrag-cycle-max", 25, 1, 99),
        Integer("active-defrag-cycle-min", 1, 1, 99),
        Memory("active-defrag-ignore-bytes", 100 << 20),
        Integer("active-defrag-max-scan-fields", 1000, 1),
        Integer("active-defrag-threshold-lower", 10, 0, 1000),
        Integer("active-defrag-threshold-upper", 100, 0, 1000),
        Integer("active-expire-effort", 1, 1, 10),
        Boolean("activedefrag", false),
        Boolean("activerehashing", true),
        Boolean("always-show-logo", false) with { Protection = Immutable },
        Boolean("aof-disable-auto-gc", false),
        Boolean("aof-load-truncated", true),
        Boolean("aof-rewrite-incremental-fsync", true),
        Boolean("aof-timestamp-enabled", false),
        Boolean("aof-use-rdb-preamble", true),
        Text("aof_rewrite_cpulist", "") with { Protection = Immutable },
        Memory("auto-aof-rewrite-min-size", 64 << 20),
        Integer("auto-aof-rewrite-percentage", 100, 0, int.MaxValue),
        Text("bgsave_cpulist", "") with { Protection = Immutable },
        Text("bind-source-addr", ""),
        Text("bio_cpulist", "") with { Protection = Immutable },
        Integer("busy-reply-threshold", 5000) with { Alias = "lua-time-limit" },
        Boolean("cluster-allow-pubsubshard-when-down", true),
        Boolean("cluster-allow-reads-when-down", false),
        Boolean("cluster-allow-replica-migration", true),
        Integer("cluster-announce-bus-port", 0, 0, 65535),
        Text("cluster-announce-hostname", ""),
        Text("cluster-announce-ip", ""),
        Integer("cluster-announce-port", 0, 0, 65535),
        Integer("cluster-announce-tls-port", 0, 0, 65535),
        Text("cluster-config-file", "nodes.conf") with { Protection = Immutable },
        Boolean("cluster-enabled", false) with { Protection = Immutable },
        Memory("cluster-link-sendbuf-limit", 0),
        Integer("cluster-migration-barrier", 1, 0, int.MaxValue),
        Integer("cluster-node-timeout", 15000),
        Integer("cluster-port", 0, 0, 65535) with { Protection = Immutable },
        Choice("cluster-preferred-endpoint-type", "ip", "ip", "hostname", "unknown-endpoint"),
        Boolean("cluster-replica-no-failover", false) with { Alias = "cluster-slave-no-failover" },
        Integer("cluster-replica-validity-factor", 10, 0, int.MaxValue) with { Alias = "cluster-slave-validity-factor" },
        Boolean("cluster-require-full-coverage", true),
        Boolean("crash-log-enabled", true),
        Boolean("crash-memcheck-enabled", true),
        Text("dbfilename", "dump.rdb") with { Protection = Protected },
        Boolean("disable-thp", true) with { Protection = Immutable },
        Boolean("dynamic-hz", true),
        Choice("enable-module-command", "no", "no", "yes", "local") with { Protection = Immutable },
        Choice("enable-protected-configs", "no", "no", "yes", "local") with { Protection = Immutable },
        Text("ignore-warnings", ""),
        Integer("io-threads", 1, 1, 128) with { Protection = Immutable },
        Boolean("io-threads-do-reads", false) with { Protection = Immutable },
        Boolean("jemalloc-bg-thread", true),
        Boolean("lazyfree-lazy-eviction", false),
        Boolean("lazyfree-lazy-expire", false),
        Boolean("lazyfree-lazy-server-del", false),
        Boolean("lazyfree-lazy-user-del", false),
        Boolean("lazyfree-lazy-user-flush", false),
        Integer("key-load-delay", 0, int.MinValue, int.MaxValue) with { IsHidden = true },
        Integer("loading-process-events-interval-bytes", 2 << 20, 1024, int.MaxValue) with { IsHidden = true },
        Integer("list-compress-depth", 0, 0, int.MaxValue),
        Text("logfile", "") with { Protection = Immutable },
        Text("masterauth", ""),
        Text("masteruser", ""),
        Integer("maxmemory-eviction-tenacity", 10, 0, 100),
        Integer("maxmemory-samples", 5, 1, int.MaxValue),
        Integer("min-replicas-max-lag", 10, 0, int.MaxValue) with { Alias = "min-slaves-max-lag" },
        Integer("min-replicas-to-write", 0, 0, int.MaxValue) with { Alias = "min-slaves-to-write" },
        Boolean("no-appendfsync-on-rewrite", false),
        Choice("oom-score-adj", "no", "no", "yes", "relative", "absolute"),
        Words("oom-score-adj-values", "0 200 800", WordParameters.ReadScores),
        Text("pidfile", "") with { Protection = Immutable },
        Text("proc-title-template", "{title} {listen-addr} {server-mode}"),
        Choice("propagation-error-behavior", "ignore", "ignore", "panic", "panic-on-replicas"),
        Boolean("rdb-del-sync-files", false),
        Integer("rdb-key-save-delay", 0, int.MinValue, int.MaxValue) with { IsHidden = true },
        Boolean("rdb-save-incremental-fsync", true),
        Boolean("rdbchecksum", true) with { Protection = Immutable },
        Boolean("rdbcompression", true),
        Memory("repl-backlog-size", 1 << 20, 1),
        Integer("repl-backlog-ttl", 3600),
        Boolean("repl-disable-tcp-nodelay", false),
        Choice("repl-diskless-load", "disabled", "disabled", "on-empty-db", "swapdb"),
        Boolean("repl-diskless-sync", true),
        Integer("repl-diskless-sync-delay", 5, 0, int.MaxValue),
        Integer("repl-diskless-sync-max-replicas", 0, 0, int.MaxValue),
        Integer("repl-ping-replica-period", 10, 1, int.MaxValue) with { Alias = "repl-ping-slave-period" },
        Integer("repl-timeout", 60, 1, int.MaxValue),
        Text("replica-announce-ip", "") with { Alias = "slave-announce-ip" },
        Integer("replica-announce-port", 0, 0, 65535) with { Alias = "slave-announce-port" },
        Boolean("replica-announced", true),
        Boolean("replica-ignore-disk-write-errors", false),
        Boolean("replica-ignore-maxmemory", true) with { Alias = "slave-ignore-maxmemory" },
        Boolean("replica-lazy-flush", false) with { Alias = "slave-lazy-flush" },
        Integer("replica-priority", 100, 0, int.MaxValue) with { Alias = "slave-priority" },
        Boolean("replica-read-only", true) with { Alias = "slave-read-only" },
        Boolean("replica-serve-stale-data", true) with { Alias = "slave-serve-stale-data" },
        Words("replicaof", "", WordParameters.ReadAny) with { Alias = "slaveof", Protection = Immutable },
        Choice("sanitize-dump-payload", "no", "no", "yes", "clients"),
        Text("server_cpulist", "") with { Protection = Immutable },
        Boolean("set-proc-title", true) with { Protection = Immutable },
        Integer("shutdown-timeout", 10, 0, int.MaxValue),
        Integer("socket-mark-id", 0, 0, uint.MaxValue) with { Protection = Immutable },
        Choice("supervised", "no", "upstart", "systemd", "auto", "no") with { Protection = Immutable },
        Boolean("syslog-enabled", false) with { Protection = Immutable },
        Text("syslog-facility", "local0") with { Protection = Immutable },
        Text("syslog-ident", "redis") with { Protection = Immutable },
        Integer("tcp-backlog", 511, 0, int.MaxValue) with { Protection = Immutable },
        Integer("tcp-keepalive", 300, 0, int.MaxValue),
        Text("tls-ca-cert-dir", ""),
        Text("tls-ciphers", ""),
        Text("tls-ciphersuites", ""),
        Text("tls-client-cert-file", ""),
        Text("tls-client-key-file", ""),
        Text("tls-client-key-file-pass", ""),
        Boolean("tls-cluster", false),
        Text("tls-dh-params-file", ""),
        Boolean("tls-prefer-server-ciphers", false),
        Text("tls-protocols", ""),
        Boolean("tls-replication", false),
        Integer("tls-session-cache-size", 20480, 0, int.MaxValue),
        Integer("tls-session-cache-timeout", 300, 0, int.MaxValue),
        Boolean("tls-session-caching", true),
        Integer("tracking-table-max-keys", 1000000),
        Integer("watchdog-period", 0, 0, int.MaxValue) with { IsHidden = true },
    ];

    /// <summary>All of them, in the order of their names.</summary>
    public static IReadOnlyList<Parameter> All { get; } = [.. Acted.Concat(Kept).OrderBy(parameter => parameter.Name, StringComparer.Ordinal)];

    private static readonly FrozenDictionary<string, Parameter> ByName = All
        .SelectMany(parameter => parameter.Alias == null ? [(parameter.Name, parameter)] : new[] { (parameter.Name, parameter), (parameter.Alias, parameter) })
        .ToFrozenDictionary(pair => pair.Item1, pair => pair.parameter, StringComparer.OrdinalIgnoreCase);

    /// <summary>Finds a parameter by either of its names, in any case; null if Redis has none such.</summary>
    public static Parameter? Find(string name) => ByName.GetValueOrDefault(name);

    private static Parameter Boolean(string name, bool initial) => new(name, ParameterKind.Boolean, initial ? "yes" : "no");

    private static Parameter Integer(string name, long initial, long least = 0, long most = long.MaxValue) =>
        new(name, ParameterKind.Integer, initial.ToString(System.Globalization.CultureInfo.InvariantCulture)) { Least = least, Most = most };

    private static Parameter Memory(string name, long initial, long least = 0) =>
        new(name, ParameterKind.Memory, initial.ToString(System.Globalization.CultureInfo.InvariantCulture)) { Least = least };

    private static Parameter Text(string name, string initial) => new(name, ParameterKind.Text, initial);

    private static Parameter Choice(string name, string initial, params string[] choices) => new(name, ParameterKind.Choice, initial) { Choices = choices };

    private static Parameter Words(string name, string initial, WordsReader reader) => new(name, ParameterKind.Words, initial) { Words = reader };
}
