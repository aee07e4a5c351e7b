using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Diagnostics;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Envelope;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ElastiCache.Embedded;

/// <summary>A cache in this process: Redis's data structures at memory speed, durable if it is given a folder.</summary>
/// <remarks>
/// <code>
///   await using var cache = await EmbeddedCache.OpenAsync("cache-data");     // or new EmbeddedCache(): memory only
///   cache.Strings.Set("greeting", "hello", TimeSpan.FromMinutes(20));
///   string? greeting = cache.Strings.GetString("greeting");
/// </code>
/// All members may be used from any number of threads. Reads take no lock. Every operation is atomic. After
/// <see cref="DisposeAsync"/> members throw <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed partial class EmbeddedCache : IAsyncDisposable, IDisposable
{
    private readonly EmbeddedCacheOptions _options;
    private readonly CacheDatabase[] _databases;
    private readonly Sweeper _sweeper;
    private readonly AppendLog? _log;
    private readonly CacheBackups? _backups;
    private readonly BackupSchedule? _schedule;
    private int _finals;

    /// <summary>Opens an empty cache in memory, without a limit.</summary>
    public EmbeddedCache()
        : this(new EmbeddedCacheOptions())
    {
    }

    /// <summary>Opens an empty cache in memory.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">An option is out of range.</exception>
    /// <exception cref="ArgumentException">The options name a folder: use <see cref="OpenAsync(EmbeddedCacheOptions, CancellationToken)"/>, which reads it.</exception>
    public EmbeddedCache(EmbeddedCacheOptions options)
        : this(Checked(options), NewStore(options), log: null)
    {
        if (options.Folder != null)
        {
            throw new ArgumentException("The options name a Folder. Open a durable cache with EmbeddedCache.OpenAsync.", nameof(options));
        }
    }

    private EmbeddedCache(EmbeddedCacheOptions options, Store store, AppendLog? log)
    {
        _options = options.Copy();
        _log = log;
        Store = store;
        Operations = new CacheOperations(store);
        _databases = new CacheDatabase[options.Databases];
        for (int i = 0; i < _databases.Length; i++)
        {
            _databases[i] = new CacheDatabase(this, i);
        }

        Strings = _databases[0].Strings;
        Logger = LoggerOf(options);
        Channels = new Channels(this);
        Removals = new Removals(this);
        Events = new KeyspaceEvents(Hub) { Classes = options.KeyEventClasses };
        store.Events = Events;
        Waiters = new KeyWaiters(store);
        store.Awaiters = Waiters;
        _sweeper = new Sweeper(store, Logger);
        Metrics = new CacheMetrics(store, Removals.Events, log, options.Name ?? options.Folder ?? "memory");
        if (_options.Backup is { } backup)
        {
            // Last: a backup that is due begins at once, in another thread.
            _backups = new CacheBackups(this, backup);
            _schedule = backup is { Window: not null, RetentionDays: > 0 } ? new BackupSchedule(_backups, store.Clock) : null;
        }
    }

    /// <summary>The strings of database 0.</summary>
    public Strings Strings { get; }

    /// <summary>The strings of database 0 as rows of bits.</summary>
    public Bits Bits => _databases[0].Bits;

    /// <summary>The keys of database 0.</summary>
    public Keys Keys => _databases[0].Keys;

    /// <summary>Named locks that end by themselves, in database 0.</summary>
    public Locks Locks => _databases[0].Locks;

    /// <summary>Rules for how often something may happen, with their state in database 0.</summary>
    public RateLimits RateLimits => _databases[0].RateLimits;

    /// <summary>Publish and subscribe, within this process and to the clients of a server on this cache.</summary>
    public Channels Channels { get; }

    /// <summary>Tells which keys are gone, and why: expired, evicted, removed, replaced.</summary>
    public Removals Removals { get; }

    /// <summary>Whole copies of one moment, by name.</summary>
    /// <exception cref="InvalidOperationException">The cache was opened without <see cref="EmbeddedCacheOptions.Backup"/>.</exception>
    public CacheBackups Backups => _backups ?? throw new InvalidOperationException("This cache has no place for backups. Open it with EmbeddedCacheOptions.Backup.");

    /// <summary>What was found in the folder when the cache was opened; null for a cache in memory.</summary>
    public RecoveryReport? Recovery { get; private init; }

    internal Store Store { get; }

    internal CacheOperations Operations { get; }

    internal KeyWaiters Waiters { get; }

    internal ChannelHub Hub { get; } = new();

    /// <summary>Keyspace notifications; CONFIG SET changes their classes.</summary>
    internal KeyspaceEvents Events { get; }

    internal Sweeper Sweeper => _sweeper;

    internal SingleFlight Factories { get; } = new();

    internal ICacheSerializer Serializer => _options.Serializer;

    internal string? Folder => _options.Folder;

    internal int ReservedMemoryPercent => _options.ReservedMemoryPercent;

    internal DurabilityMode Durability => _options.Durability;

    internal CacheClock Clock => Store.Clock;

    internal Journal? Journal => _log;

    /// <summary>The log, for measurements; null in memory.</summary>
    internal AppendLog? Log => _log;

    internal ILogger Logger { get; }

    internal CacheMetrics Metrics { get; }

    /// <summary>The list under a key of database 0. Costs nothing until it is used.</summary>
    /// <typeparam name="T">What its elements are: text, bytes, numbers and so on in their plain form, everything else through the serializer.</typeparam>
    public CacheList<T> List<T>(CacheKey key) => _databases[0].List<T>(key);

    /// <summary>The set under a key of database 0. Costs nothing until it is used.</summary>
    /// <typeparam name="T">What its members are.</typeparam>
    public CacheSet<T> Set<T>(CacheKey key) => _databases[0].Set<T>(key);

    /// <summary>The sorted set under a key of database 0. Costs nothing until it is used.</summary>
    /// <typeparam name="T">What its members are.</typeparam>
    public CacheSortedSet<T> SortedSet<T>(CacheKey key) => _databases[0].SortedSet<T>(key);

    /// <summary>The hash under a key of database 0. Costs nothing until it is used.</summary>
    /// <typeparam name="TField">What its fields are.</typeparam>
    /// <typeparam name="TValue">What its values are.</typeparam>
    public CacheHash<TField, TValue> Hash<TField, TValue>(CacheKey key) => _databases[0].Hash<TField, TValue>(key);

    /// <summary>The stream under a key of database 0. Costs nothing until it is used.</summary>
    public CacheStream Stream(CacheKey key) => _databases[0].Stream(key);

    /// <summary>The HyperLogLog under a key of database 0, which estimates how many different things it was shown. Costs nothing until it is used.</summary>
    public CacheHyperLogLog HyperLogLog(CacheKey key) => _databases[0].HyperLogLog(key);

    /// <summary>The places under a key of database 0: members with a longitude and a latitude. Costs nothing until it is used.</summary>
    /// <typeparam name="T">What its members are.</typeparam>
    public CacheGeo<T> Geo<T>(CacheKey key) => _databases[0].Geo<T>(key);

    /// <inheritdoc cref="CacheDatabase.Bitmap"/>
    public CacheBitmap Bitmap(CacheKey key) => _databases[0].Bitmap(key);

    /// <inheritdoc cref="CacheDatabase.Queue{T}"/>
    public WorkQueue<T> Queue<T>(string key, WorkQueueOptions? options = null) => _databases[0].Queue<T>(key, options);

    /// <inheritdoc cref="CacheDatabase.Leaderboard{T}"/>
    public Leaderboard<T> Leaderboard<T>(string key, bool lowestFirst = false) => _databases[0].Leaderboard<T>(key, lowestFirst);

    /// <inheritdoc cref="CacheDatabase.TimeSeries"/>
    public TimeSeriesCounter TimeSeries(string key, params ReadOnlySpan<TimeSeriesResolution> resolutions) => _databases[0].TimeSeries(key, resolutions);

    /// <summary>Opens a durable cache with the default options.</summary>
    /// <param name="folder">Its folder; created if it is missing.</param>
    /// <param name="cancellationToken">Ends the wait before reading begins.</param>
    /// <inheritdoc cref="OpenAsync(EmbeddedCacheOptions, CancellationToken)"/>
    public static ValueTask<EmbeddedCache> OpenAsync(string folder, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return OpenAsync(new EmbeddedCacheOptions { Folder = folder }, cancellationToken);
    }

    /// <summary>Opens a cache; one with a folder is recovered from what is there, see <see cref="Recovery"/>.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">An option is out of range.</exception>
    /// <exception cref="FolderInUseException">Another cache owns the folder.</exception>
    /// <exception cref="LogDamagedException">The log is damaged somewhere else than at its torn end. Nothing was changed.</exception>
    /// <exception cref="LogFormatException">The folder was written by a newer version, or holds what this version can't read. Nothing was changed.</exception>
    /// <exception cref="LogFolderException">The folder can't be made, read or written, or its disk is full or failed.</exception>
    /// <exception cref="EncryptionKeyException">A file is encrypted, and its key is missing or another. Nothing was changed.</exception>
    public static ValueTask<EmbeddedCache> OpenAsync(EmbeddedCacheOptions options, CancellationToken cancellationToken = default)
    {
        EmbeddedCacheOptions copy = Checked(options).Copy();
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<EmbeddedCache>(cancellationToken);
        }

        return copy.Folder == null
            ? ValueTask.FromResult(new EmbeddedCache(copy))
            : new ValueTask<EmbeddedCache>(Task.Run(() => Open(copy, new DiskStorage(copy.Folder)), cancellationToken));
    }

    /// <summary>A database by its number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such database; <see cref="EmbeddedCacheOptions.Databases"/> says how many there are.</exception>
    public CacheDatabase Database(int index)
    {
        if ((uint)index >= (uint)_databases.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The cache has databases 0 to {_databases.Length - 1}; Databases sets how many.");
        }

        return _databases[index];
    }

    /// <summary>
    /// Deletes the entries of all databases, in one step for everybody else. O(shards), then O(n) to give the memory back, with no long lock. Not to
    /// be confused with <see cref="FlushAsync"/>, which saves. Redis: FLUSHALL.
    /// </summary>
    /// <param name="mode">Whether to return only when the memory has been given back.</param>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public void FlushAll(FlushMode mode = FlushMode.Synchronous)
    {
        JournalTicket ticket = default;

        // What is given back in the background can't fail and needs nobody to wait.
        _ = Operations.Databases.FlushAll(mode, ref ticket);
        _databases[0].Wait(ticket);
    }

    /// <summary>Gives each of two databases the other's entries, in one step. O(shards). Redis: SWAPDB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such database. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public void SwapDatabases(int first, int second)
    {
        JournalTicket ticket = default;
        Operations.Databases.Swap(first, second, ref ticket);
        _databases[0].Wait(ticket);
    }

    /// <summary>Returns when everything written before the call is on disk, whatever the durability mode. At once for a cache in memory.</summary>
    /// <exception cref="LogPoisonedException">The disk failed; what was written is in memory only.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        Store.ThrowIfDisposed();
        return _log?.FlushAsync(cancellationToken) ?? default;
    }

    /// <summary>What the cache has done and holds. O(shards).</summary>
    public CacheStatistics GetStatistics()
    {
        Store.ThrowIfDisposed();
        return CacheStatistics.Of(Store) with { DroppedRemovals = Removals.Events.Dropped };
    }

    /// <summary>Changes <see cref="EmbeddedCacheOptions.MaxMemory"/> while the cache is in use. Redis: CONFIG SET maxmemory.</summary>
    /// <param name="maxMemory">The new budget in bytes, exactly (nothing is reserved of it); 0 for none.</param>
    /// <param name="cancellationToken">Ends the wait; the change goes on.</param>
    /// <returns>
    /// Completed when no more than that is in use. The new budget counts at once all the same: writes add nothing to a cache that is above it. A cache with
    /// <see cref="EvictionPolicy.NoEviction"/> evicts nothing for it: the task is completed at once, and writes that would add something are refused until enough was deleted.
    /// </returns>
    /// <remarks>Entries are evicted in the background, a few at a time: writers and readers go on meanwhile. What a lowered budget frees goes back to the system.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is less than the cache can work with, or more than four times what it was opened with, for which no addresses were reserved. Nothing changes.</exception>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public Task SetMaxMemoryAsync(long maxMemory, CancellationToken cancellationToken = default)
    {
        Store.ThrowIfDisposed();
        long least = EmbeddedCacheOptions.LeastMaxMemory(Store.ShardCount);
        if (maxMemory != 0 && maxMemory < least)
        {
            throw new ArgumentOutOfRangeException(nameof(maxMemory), maxMemory, $"maxMemory must be 0 for no limit, or {EmbeddedCacheOptions.LeastMaxMemoryText(Store.ShardCount)}.");
        }

        if (!Store.BudgetChange.TryBegin(maxMemory, _options.EvictionPolicy != EvictionPolicy.NoEviction, out Task done))
        {
            throw new ArgumentOutOfRangeException(
                nameof(maxMemory), maxMemory, $"maxMemory can be at most {Store.Arena.CapacityBytes} bytes here: that many addresses were reserved when the cache was opened. Open it with a larger MaxMemory.");
        }

        return done.WaitAsync(cancellationToken);
    }

    /// <summary>Whether it takes writes, and if not, why. O(1), at any time.</summary>
    public CacheHealth GetHealth()
    {
        Exception? failure = _log?.Failure;
        CacheHealthState state = Store.IsDisposed ? CacheHealthState.Closed
            : failure != null ? CacheHealthState.Poisoned
            : _log is { IsBehind: true } ? CacheHealthState.Behind
            : CacheHealthState.Healthy;
        return new CacheHealth(state, _log?.Writer.Backlog.Age ?? TimeSpan.Zero, failure, _log?.Rewriter?.FailuresInARow ?? 0);
    }

    /// <summary>As <see cref="DisposeAsync"/>, holding the thread until the log is closed.</summary>
    public void Dispose()
    {
#pragma warning disable RS0030 // Banned: blocking on a task, which is what a synchronous close is asked for
        MakeFinalBackupAsync().GetAwaiter().GetResult();
#pragma warning restore RS0030
        Metrics.Dispose();
        _sweeper.Dispose();
        Store.Dispose();
        Waiters.Close();
        Hub.Close();
        _log?.Close();
    }

    /// <summary>Closes the cache: ends running writes, puts the log on disk, gives the memory and the folder back.</summary>
    /// <remarks>It does not throw if the log can't be put on disk: the logger is told, as whenever the log is poisoned, and <see cref="GetHealth"/> tells the failure afterwards. Then the folder holds what was on disk before.</remarks>
    public async ValueTask DisposeAsync()
    {
        await MakeFinalBackupAsync().ConfigureAwait(false);
        Metrics.Dispose();
        _sweeper.Dispose();
        Store.Dispose();
        Waiters.Close();
        Hub.Close();
        if (_log != null)
        {
            await _log.CloseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="OpenAsync(EmbeddedCacheOptions, CancellationToken)"/> for who must have the cache at once, such as a container.</summary>
    internal static EmbeddedCache Open(EmbeddedCacheOptions options)
    {
        EmbeddedCacheOptions copy = Checked(options).Copy();
        return copy.Folder == null ? new EmbeddedCache(copy) : Open(copy, new DiskStorage(copy.Folder));
    }

    /// <summary>As <see cref="OpenAsync(EmbeddedCacheOptions, CancellationToken)"/>, on any storage.</summary>
    internal static Task<EmbeddedCache> OpenAsync(EmbeddedCacheOptions options, IStorage storage)
    {
        EmbeddedCacheOptions copy = Checked(options).Copy();
        return Task.Run(() => Open(copy, storage));
    }

    /// <summary>Recovers a folder on any storage and goes on with it.</summary>
    internal static EmbeddedCache Open(EmbeddedCacheOptions options, IStorage storage)
    {
        Store store = NewStore(options);
        try
        {
            (AppendLog log, RecoveryReport report) = LogOpening.Open(store, storage, options, LoggerOf(options));
            return new EmbeddedCache(options, store, log) { Recovery = report };
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    private static ILogger LoggerOf(EmbeddedCacheOptions options) => (ILogger?)options.LoggerFactory?.CreateLogger<EmbeddedCache>() ?? NullLogger.Instance;

    internal void LogBackupFailed(Exception failure, string name) => LogBackupFailed(Logger, failure, name);

    [LoggerMessage(Level = LogLevel.Error, Message = "The backup '{Name}' failed.")]
    private static partial void LogBackupFailed(ILogger logger, Exception exception, string name);

    private async Task MakeFinalBackupAsync()
    {
        _schedule?.Dispose();
        if (_options.Backup is { FinalBackup: true } && Interlocked.Increment(ref _finals) == 1)
        {
            await _backups!.RunFinalAsync(DateTimeOffset.FromUnixTimeMilliseconds(Clock.UnixMilliseconds)).ConfigureAwait(false);
        }
    }

    /// <summary>What is evicted when the budget is used up. Setting it is O(entries); what the policy before had learnt is forgotten.</summary>
    internal EvictionPolicy EvictionPolicy
    {
        get => _options.EvictionPolicy;
        set
        {
            if (value != _options.EvictionPolicy)
            {
                _options.EvictionPolicy = value;
                Store.ChangeEvictors(EvictionPolicies.EvictorOf(value));
            }
        }
    }

    private static EmbeddedCacheOptions Checked(EmbeddedCacheOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return options;
    }

    /// <summary>A folder for snapshots and backups, in the cache's envelope.</summary>
    /// <param name="folder">Its path.</param>
    internal IStorage StorageAt(string folder) => new EnvelopeStorage(new DiskStorage(folder), _options.Envelope, _options.TimeProvider);

    /// <summary>A folder that files of others are read from: in the cache's envelope or without one.</summary>
    /// <param name="folder">Its path.</param>
    /// <param name="progress">Is told how far a file has been read; null if nobody wants to know.</param>
    internal IStorage ForeignStorageAt(string folder, IProgress<ReadProgress>? progress) => new EnvelopeStorage(
        MeteredStorage.Over(new DiskStorage(folder), progress), _options.Envelope?.AcceptingPlainFiles(), _options.TimeProvider);

    /// <summary>An empty store like this one, without a budget and a log.</summary>
    internal Store NewScratchStore() =>
        new(Store.ShardCount, Store.DatabaseCount, new MemoryBudget(0, evicts: false), new CacheClock(_options.TimeProvider)) { Owner = typeof(EmbeddedCache) };

    private static Store NewStore(EmbeddedCacheOptions options)
    {
        var budget = new MemoryBudget(options.ResolveMaxMemory(), options.EvictionPolicy != EvictionPolicy.NoEviction);
        var clock = new CacheClock(options.TimeProvider);
        Func<Shard, Evictor>? newEvictor = EvictionPolicies.EvictorOf(options.EvictionPolicy);
        var store = new Store(options.ResolveShards(), options.Databases, budget, clock, newEvictor, options.TracksAccess) { Owner = typeof(EmbeddedCache) };
        store.Frequencies.LogFactor = options.LfuLogFactor;
        store.Frequencies.DecayMinutes = (int)options.LfuDecayTime.TotalMinutes;
        return store;
    }
}
