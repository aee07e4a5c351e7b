using System.Security.Cryptography;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Server.Commands;
using ElastiCache.Embedded.Server.Configuration;
using ElastiCache.Embedded.Server.Connections;
using ElastiCache.Embedded.Server.Statistics;

namespace ElastiCache.Embedded.Server.Hosting;

/// <summary>What all connections of a server share.</summary>
internal sealed class ServerState : IDisposable
{
    private readonly ITimer _timer;
    private int _blocked;
    private int _isTicking;

    public ServerState(EmbeddedCache cache, ServerConfiguration configuration)
    {
        Cache = cache;
        Configuration = configuration;
        Counters = new ServerCounters(Table.NumberCount, cache.Store);
        Lookup = new CommandLookup(Table);
        ClientMemory = new ClientMemory(Clients, cache.Store, cache.Logger, () => Counters.CountEvictedClient());
        Monitors = new MonitorFeed(Time);
        Pause = new PauseGate(Time);
        Snapshots = new SnapshotFile(cache, configuration);
        StartedMilliseconds = NowMilliseconds;
        ServerParameters.Wire(this);
        _timer = Time.CreateTimer(static state => ((ServerState)state!).Tick(), this, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100));
    }

    public EmbeddedCache Cache { get; }

    public Store Store => Cache.Store;

    public TimeProvider Time => Cache.Clock.TimeProvider;

    /// <summary>Unix ms, by the cache's clock.</summary>
    public long NowMilliseconds => Cache.Clock.UnixMilliseconds;

    /// <summary>Unix ms.</summary>
    public long StartedMilliseconds { get; }

    /// <summary>Forty hex digits that are this server's and no other's.</summary>
    public string RunId { get; } = RandomNumberGenerator.GetHexString(40, lowercase: true);

    /// <summary>As <see cref="RunId"/>, for replication, of which there is none; DEBUG CHANGE-REPL-ID draws another.</summary>
    public string ReplicationId { get; set; } = RandomNumberGenerator.GetHexString(40, lowercase: true);

    public CommandTable Table { get; } = ServerCommands.Table;

    public CommandLookup Lookup { get; }

    public ServerConfiguration Configuration { get; }

    public RequestLimits Limits { get; } = new();

    public OutputLimits OutputLimits { get; } = new();

    public ClientRegistry Clients { get; } = new();

    /// <summary>maxmemory-clients</summary>
    public ClientMemory ClientMemory { get; }

    /// <summary>The most bytes that a client's unfinished request has had lately.</summary>
    public RecentPeak RecentInput { get; } = new();

    /// <summary>The most bytes that have waited lately to be sent to one client.</summary>
    public RecentPeak RecentOutput { get; } = new();

    public MonitorFeed Monitors { get; }

    public PauseGate Pause { get; }

    public SnapshotFile Snapshots { get; }

    public SlowLog SlowLog { get; } = new();

    public LatencyMonitor Latency { get; } = new();

    /// <summary>CONFIG RESETSTAT replaces it.</summary>
    public ServerCounters Counters { get; set; }

    public RateSampler CommandRate { get; } = new();

    public RateSampler InputRate { get; } = new();

    public RateSampler OutputRate { get; } = new();

    /// <summary>The most bytes that the cache has used.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>requirepass in UTF-8; null if there is none.</summary>
    public byte[]? Password { get; set; }

    public long MaxClients { get; set; } = 10000;

    /// <summary>timeout: seconds after which an idle client is disconnected; 0 for never.</summary>
    public long IdleTimeoutSeconds { get; set; }

    /// <summary>latency-tracking</summary>
    public bool TracksLatency { get; set; } = true;

    /// <summary>The shortest duration that slow log or latency monitor may want to know of.</summary>
    public long LeastNotableNanoseconds { get; set; } = long.MaxValue;

    /// <summary>Whether connections from other machines are refused: protected mode.</summary>
    public bool IsProtected => Password == null && Configuration.IsYes("protected-mode") && Configuration["bind"] == "* -::*";

    /// <summary>Channels that somebody listens to.</summary>
    public int ChannelCount => Cache.Hub.ChannelCount;

    /// <summary>Patterns of channels that somebody listens to.</summary>
    public int PatternCount => Cache.Hub.PatternCount;

    /// <summary>Shard channels that somebody listens to.</summary>
    public int ShardChannelCount => Cache.Hub.ShardedChannelCount;

    /// <summary>Clients that wait for something.</summary>
    public int BlockedClients => Volatile.Read(ref _blocked);

    /// <summary>Called by SHUTDOWN.</summary>
    public Action? ShutdownRequested { get; set; }

    public void CountBlocked(int by) => Interlocked.Add(ref _blocked, by);

    /// <summary>Whether a client may use DEBUG.</summary>
    public bool AllowsDebug(ClientContext client) => Configuration["enable-debug-command"] switch
    {
        "yes" => true,
        "local" => client.Connection.IsLocal,
        _ => false,
    };

    /// <summary>Looks how much memory is in use, also for the peak.</summary>
    public MemoryUse MeasureMemory()
    {
        var use = MemoryUse.Of(this);
        PeakBytes = Math.Max(PeakBytes, use.Used);
        return use;
    }

    public void Dispose()
    {
        _timer.Dispose();
        Pause.Dispose();
    }

    private void Tick()
    {
        if (Store.IsDisposed)
        {
            _timer.Dispose();
            return;
        }

        if (Interlocked.Exchange(ref _isTicking, 1) != 0)
        {
            return;
        }

        long now = NowMilliseconds;
        PeakBytes = Math.Max(PeakBytes, Store.Arena.UsedBytes + (Cache.Log?.BufferedBytes ?? 0));
        ThreadCounters sum = Counters.Sum();
        CommandRate.Sample(sum.Processed, now);
        InputRate.Sample(sum.BytesIn, now);
        OutputRate.Sample(sum.BytesOut, now);
        Snapshots.BeginIfDue();
        foreach (RespConnection connection in Clients.Unordered)
        {
            RecentInput.Add(connection.Memory.QueryBytes + connection.Memory.ArgumentBytes, now);
            RecentOutput.Add(connection.Memory.OutputBytes, now);
            connection.CheckTime(now, IdleTimeoutSeconds);
        }

        ClientMemory.Enforce();

        Volatile.Write(ref _isTicking, 0);
    }
}
