using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Server.Configuration;
using ElastiCache.Embedded.Server.Connections;
using ElastiCache.Embedded.Server.Hosting;
using ElastiCache.Embedded.Server.Statistics;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>The sections of INFO, with Redis's names for them and for their fields.</summary>
/// <remarks>A field that Redis has and that would be made up here is 0 where that is true (no replication, no forks) and left out where it is not.</remarks>
internal sealed class InfoText(ServerState server)
{
    /// <summary>The sections in Redis's order; the second value tells whether plain INFO shows them.</summary>
    public static IReadOnlyList<(string Name, bool IsDefault)> Sections { get; } =
    [
        ("server", true), ("clients", true), ("memory", true), ("persistence", true), ("stats", true), ("replication", true), ("cpu", true),
        ("modules", true), ("commandstats", false), ("errorstats", true), ("latencystats", false), ("cluster", true), ("keyspace", true),
    ];

    private readonly StringBuilder _text = new();

    /// <summary>Writes sections one after another, an empty line between them.</summary>
    public string Write(IReadOnlySet<string> sections)
    {
        foreach ((string name, _) in Sections)
        {
            if (sections.Contains(name))
            {
                _text.Append(_text.Length == 0 ? "" : "\r\n").Append("# ").Append(char.ToUpperInvariant(name[0])).Append(name, 1, name.Length - 1).Append("\r\n");
                WriteSection(name);
            }
        }

        return _text.ToString();
    }

    private void WriteSection(string name)
    {
        switch (name)
        {
            case "server":
                WriteServer();
                break;
            case "clients":
                WriteClients();
                break;
            case "memory":
                WriteMemory();
                break;
            case "persistence":
                WritePersistence();
                break;
            case "stats":
                WriteStatistics();
                break;
            case "replication":
                WriteReplication();
                break;
            case "cpu":
                WriteProcessor();
                break;
            case "commandstats":
                WriteCommands();
                break;
            case "errorstats":
                WriteErrors();
                break;
            case "latencystats":
                WriteLatencies();
                break;
            case "cluster":
                Field("cluster_enabled", 0);
                break;
            case "keyspace":
                WriteKeyspace();
                break;
            default:
                break;
        }
    }

    private void WriteServer()
    {
        long uptime = (server.NowMilliseconds - server.StartedMilliseconds) / 1000;
        Field("redis_version", ConnectionCommands.RedisVersion);
        Field("redis_git_sha1", "00000000");
        Field("redis_git_dirty", 0);
        Field("redis_build_id", "0");
        Field("redis_mode", "standalone");
        Field("server_name", "elasticache-embedded");
        Field("os", RuntimeInformation.OSDescription);
        Field("arch_bits", IntPtr.Size * 8);
        Field("monotonic_clock", "Stopwatch");
        Field("multiplexing_api", ".NET sockets");
        Field("dotnet_version", Environment.Version.ToString());
        Field("process_id", Environment.ProcessId);
        Field("process_supervised", "no");
        Field("run_id", server.RunId);
        Field("tcp_port", server.Configuration["port"]);
        Field("server_time_usec", server.Time.GetUtcNow().ToUnixTimeMilliseconds() * 1000);
        Field("uptime_in_seconds", uptime);
        Field("uptime_in_days", uptime / 86400);
        Field("hz", server.Configuration["hz"]);
        Field("configured_hz", server.Configuration["hz"]);
        Field("lru_clock", (server.NowMilliseconds / 1000) & 0xFFFFFF);
        Field("executable", Environment.ProcessPath ?? "");
        Field("config_file", server.Configuration.File ?? "");
        Field("io_threads_active", 0);
    }

    private void WriteClients()
    {
        Field("connected_clients", server.Clients.Count);
        Field("cluster_connections", 0);
        Field("maxclients", server.MaxClients);
        Field("client_recent_max_input_buffer", server.RecentInput.MostOf(server.NowMilliseconds));
        Field("client_recent_max_output_buffer", server.RecentOutput.MostOf(server.NowMilliseconds));
        Field("blocked_clients", server.BlockedClients);
        Field("tracking_clients", 0);
        Field("clients_in_timeout_table", 0);
    }

    private void WriteMemory()
    {
        MemoryUse use = server.MeasureMemory();
        long used = use.Used;
        long resident = use.Process;
        long maximum = server.Store.Budget.TotalBytes;
        long total = MemoryLimit.Read();
        Size("used_memory", used);
        Size("used_memory_rss", resident);
        Size("used_memory_peak", server.PeakBytes);
        Field("used_memory_peak_perc", Percent(used, server.PeakBytes));
        Field("used_memory_overhead", use.Overhead);
        Field("used_memory_startup", use.Startup);
        Field("used_memory_dataset", use.Dataset);
        Field("used_memory_dataset_perc", Percent(use.Dataset, used - use.Startup));
        Field("allocator_allocated", use.Allocated);
        Field("allocator_active", use.Active);
        Field("allocator_resident", use.Resident);
        Size("total_system_memory", total);
        Field("used_memory_lua", 0);
        Field("used_memory_vm_eval", 0);
        Field("used_memory_lua_human", "0B");
        Field("used_memory_scripts_eval", 0);
        Field("number_of_cached_scripts", 0);
        Field("number_of_functions", 0);
        Field("number_of_libraries", 0);
        Field("used_memory_vm_functions", 0);
        Size("used_memory_vm_total", 0);
        Field("used_memory_functions", 0);
        Size("used_memory_scripts", 0);
        Size("maxmemory", maximum);
        Field("maxmemory_policy", server.Configuration["maxmemory-policy"]);
        Field("allocator_frag_ratio", Ratio(use.Active, use.Allocated));
        Field("allocator_frag_bytes", use.FreeBlocks);
        Field("allocator_rss_ratio", Ratio(use.Resident, use.Active));
        Field("allocator_rss_bytes", use.Resident - use.Active);
        Field("rss_overhead_ratio", Ratio(resident, use.Resident));
        Field("rss_overhead_bytes", resident - use.Resident);
        Field("mem_fragmentation_ratio", Ratio(resident, used));
        Field("mem_fragmentation_bytes", resident - used);
        Field("mem_not_counted_for_evict", use.Log);
        Field("mem_replication_backlog", 0);
        Field("mem_total_replication_buffers", 0);
        Field("mem_clients_slaves", 0);
        Field("mem_clients_normal", use.Clients);
        Field("mem_cluster_links", 0);
        Field("mem_aof_buffer", use.Log);
        Field("mem_managed_heap", GC.GetTotalMemory(forceFullCollection: false));
        Field("mem_allocator", "elasticache-embedded");
        Field("active_defrag_running", 0);
        Field("lazyfree_pending_objects", 0);
        Field("lazyfreed_objects", 0);
    }

    private void WritePersistence()
    {
        bool logs = server.Cache.Log is not null;
        Field("loading", server.Store.IsLoading ? 1 : 0);
        Field("async_loading", 0);
        Field("current_cow_peak", 0);
        Field("current_cow_size", 0);
        Field("current_cow_size_age", 0);
        Field("current_fork_perc", "0.00");
        Field("current_save_keys_processed", 0);
        Field("current_save_keys_total", 0);
        Field("rdb_changes_since_last_save", server.Snapshots.ChangesSinceSave);
        Field("rdb_bgsave_in_progress", server.Snapshots.IsSaving ? 1 : 0);
        Field("rdb_last_save_time", server.Snapshots.LastSavedAt / 1000);
        Field("rdb_last_bgsave_status", server.Snapshots.LastSucceeded ? "ok" : "err");
        Field("rdb_last_bgsave_time_sec", server.Snapshots.LastSeconds);
        Field("rdb_current_bgsave_time_sec", server.Snapshots.CurrentSeconds);
        Field("rdb_saves", server.Snapshots.Saves);
        Field("rdb_last_cow_size", 0);
        Field("rdb_last_load_keys_expired", 0);
        Field("rdb_last_load_keys_loaded", 0);
        Field("aof_enabled", logs ? 1 : 0);
        LogRewriter? rewriter = server.Cache.Log?.Rewriter;
        Field("aof_rewrite_in_progress", rewriter is { IsRunning: true } ? 1 : 0);
        Field("aof_rewrite_scheduled", 0);
        Field("aof_last_rewrite_time_sec", (long)(rewriter?.LastDuration?.TotalSeconds ?? -1));
        Field("aof_current_rewrite_time_sec", (long)(rewriter?.Running?.TotalSeconds ?? -1));
        Field("aof_last_bgrewrite_status", rewriter is { FailuresInARow: > 0 } ? "err" : "ok");
        Field("aof_rewrites", rewriter?.Rewrites ?? 0);
        Field("aof_rewrites_consecutive_failures", rewriter?.FailuresInARow ?? 0);
        Field("aof_last_write_status", server.Cache.Log?.Failure is null ? "ok" : "err");
        Field("aof_last_cow_size", 0);
        Field("module_fork_in_progress", 0);
        Field("module_fork_last_cow_size", 0);
        if (server.Cache.Log is { } log)
        {
            Field("aof_current_size", log.Writer.LogBytes);
            Field("aof_base_size", log.Writer.RewrittenBytes);
            Field("aof_pending_rewrite", 0);
            Field("aof_buffer_length", 0);
            Field("aof_pending_bio_fsync", log.Writer.Backlog.IsAny ? 1 : 0);
            Field("aof_delayed_fsync", log.TimesBehind);
            Field("aof_oldest_unpersisted_sec", (long)log.Writer.Backlog.Age.TotalSeconds);
            Field("aof_writes_refused", log.Failure != null ? "poisoned" : log.IsBehind ? "behind" : "no");
        }
    }

    private void WriteStatistics()
    {
        ThreadCounters sum = server.Counters.Sum();
        CacheStatistics now = CacheStatistics.Of(server.Store);
        CacheStatistics before = server.Counters.BaseLine;
        Field("total_connections_received", server.Counters.Connections);
        Field("total_commands_processed", sum.Processed);
        Field("instantaneous_ops_per_sec", server.CommandRate.ASecond);
        Field("total_net_input_bytes", sum.BytesIn);
        Field("total_net_output_bytes", sum.BytesOut);
        Field("total_net_repl_input_bytes", 0);
        Field("total_net_repl_output_bytes", 0);
        Field("instantaneous_input_kbps", Ratio(server.InputRate.ASecond, 1024));
        Field("instantaneous_output_kbps", Ratio(server.OutputRate.ASecond, 1024));
        Field("instantaneous_input_repl_kbps", "0.00");
        Field("instantaneous_output_repl_kbps", "0.00");
        Field("rejected_connections", server.Counters.RejectedConnections);
        Zeros("sync_full", "sync_partial_ok", "sync_partial_err");
        Field("expired_keys", now.Expired - before.Expired);
        Field("expired_stale_perc", "0.00");
        Zeros("expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds");
        Field("evicted_keys", now.Evicted - before.Evicted);
        Field("evicted_clients", server.Counters.EvictedClients);
        Zeros("total_eviction_exceeded_time", "current_eviction_exceeded_time");
        Field("keyspace_hits", now.Hits - before.Hits);
        Field("keyspace_misses", now.Misses - before.Misses);
        Field("pubsub_channels", server.ChannelCount);
        Field("pubsub_patterns", server.PatternCount);
        Field("pubsubshard_channels", server.ShardChannelCount);
        Zeros("latest_fork_usec", "total_forks", "migrate_cached_sockets", "slave_expires_tracked_keys");
        Zeros("active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits", "active_defrag_key_misses");
        Zeros("total_active_defrag_time", "current_active_defrag_time");
        Zeros("tracking_total_keys", "tracking_total_items", "tracking_total_prefixes", "unexpected_error_replies");
        Field("total_error_replies", sum.ErrorReplies);
        Field("dump_payload_sanitizations", 0);
        Field("total_reads_processed", sum.Reads);
        Field("total_writes_processed", sum.Writes);
        Zeros("io_threaded_reads_processed", "io_threaded_writes_processed", "reply_buffer_shrinks", "reply_buffer_expands");
    }

    private void WriteReplication()
    {
        Field("role", "master");
        Field("connected_slaves", 0);
        Field("master_failover_state", "no-failover");
        Field("master_replid", server.ReplicationId);
        Field("master_replid2", new string('0', 40));
        Field("master_repl_offset", 0);
        Field("second_repl_offset", -1);
        Field("repl_backlog_active", 0);
        Field("repl_backlog_size", server.Configuration["repl-backlog-size"]);
        Field("repl_backlog_first_byte_offset", 0);
        Field("repl_backlog_histlen", 0);
    }

    private void WriteProcessor()
    {
        Environment.ProcessCpuUsage usage = Environment.CpuUsage;
        Field("used_cpu_sys", Seconds(usage.PrivilegedTime));
        Field("used_cpu_user", Seconds(usage.UserTime));
        Field("used_cpu_sys_children", "0.000000");
        Field("used_cpu_user_children", "0.000000");
    }

    private void WriteCommands() => ForEachCommand((command, counters) => _text.Append(
        CultureInfo.InvariantCulture,
        $"cmdstat_{ClientContext.NameOf(command)}:calls={counters.Calls},usec={counters.Nanoseconds / 1000},usec_per_call={(counters.Calls == 0 ? 0 : counters.Nanoseconds / 1000.0 / counters.Calls):F2}," +
        $"rejected_calls={counters.Rejected},failed_calls={counters.Failed}\r\n"));

    private void WriteErrors()
    {
        foreach ((string code, long count) in server.Counters.Errors.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            _text.Append(CultureInfo.InvariantCulture, $"errorstat_{code}:count={count}\r\n");
        }
    }

    private void WriteLatencies()
    {
        string[] percentiles = WordParameters.Split(server.Configuration["latency-tracking-info-percentiles"]);
        if (!server.TracksLatency)
        {
            return;
        }

        ForEachCommand((command, counters) =>
        {
            if (counters.Latencies is { } latencies)
            {
                IEnumerable<string> values = percentiles.Select(percentile => string.Create(
                    CultureInfo.InvariantCulture, $"p{percentile}={latencies.Percentile(double.Parse(percentile, CultureInfo.InvariantCulture)) / 1000.0:F3}"));
                _text.Append(CultureInfo.InvariantCulture, $"latency_percentiles_usec_{ClientContext.NameOf(command)}:{string.Join(',', values)}\r\n");
            }
        });
    }

    private void WriteKeyspace()
    {
        Store store = server.Store;
        for (int database = 0; database < store.DatabaseCount; database++)
        {
            long keys = store.Count(database);
            if (keys > 0)
            {
                // No clock is kept with an entry that could tell the average time to live without a walk over all of them.
                _text.Append(CultureInfo.InvariantCulture, $"db{database}:keys={keys},expires={store.Expiring(database)},avg_ttl=0\r\n");
            }
        }
    }

    private void ForEachCommand(Action<Command, CommandCounters> write)
    {
        ThreadCounters sum = server.Counters.Sum(withCommands: true);
        foreach (Command command in server.Table.All.SelectMany(row => row.Subcommands.Count == 0 ? [row] : row.Subcommands.Prepend(row)).OrderBy(row => row.Number))
        {
            if (sum.ByCommand[command.Number] is { } counters)
            {
                write(command, counters);
            }
        }
    }

    private void Zeros(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            Field(name, 0);
        }
    }

    private void Size(string name, long bytes)
    {
        Field(name, bytes);
        Field($"{name}_human", MemoryText.Human(bytes));
    }

    private void Field(string name, long value) => _text.Append(CultureInfo.InvariantCulture, $"{name}:{value}\r\n");

    private void Field(string name, string value) => _text.Append(name).Append(':').Append(value).Append("\r\n");

    private static string Percent(long part, long whole) => FormattableString.Invariant($"{(whole == 0 ? 0 : 100.0 * part / whole):F2}%");

    private static string Ratio(long a, long b) => FormattableString.Invariant($"{(b == 0 ? 0 : (double)a / b):F2}");

    private static string Seconds(TimeSpan time) => FormattableString.Invariant($"{time.TotalSeconds:F6}");
}
