using System.Globalization;
using System.Numerics;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;
using ElastiCache.Embedded.Messaging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ElastiCache.Embedded;

/// <summary>How an <c>EmbeddedCache</c> is opened.</summary>
/// <remarks>
/// Validated once and copied when the cache opens: later changes to this object have no effect. A value that is out of range is refused
/// with its name, its value and the range; nothing is corrected in silence. Bytes, here and everywhere, are plain numbers; in
/// configuration files <see cref="MaxMemory"/> may also be written as <c>64mb</c>.
/// </remarks>
public sealed class EmbeddedCacheOptions
{
    internal const long MinMaxMemory = 1024 * 1024;
    internal const long LeastShardMemory = 32 * 1024;
    internal const int MostShards = 4096;
    internal const int MostAutomaticShards = 64;
    internal const long BytesAnAutomaticShard = 8 * 1024 * 1024;
    internal const int MostDatabases = 16;
    internal const int MostGrowthPercent = 1_000_000;
    internal static readonly TimeSpan LongestHistoryRetention = TimeSpan.FromDays(35);
    internal static readonly TimeSpan ShortestMaxUnpersistedAge = TimeSpan.FromSeconds(1);
    internal static readonly TimeSpan LongestLfuDecayTime = TimeSpan.FromMinutes(int.MaxValue);
    internal static readonly TimeSpan LongestMaxUnpersistedAge = TimeSpan.FromHours(24);

    /// <summary>Where the log lives.</summary>
    /// <value>The path of a folder, which is created if it is missing. Default <see langword="null"/>: memory only.</value>
    /// <remarks>
    /// With a folder the contents survive the process. One cache owns a folder at a time; a second one is refused. Without a folder
    /// <see cref="Durability"/> and <see cref="MaxUnpersistedAge"/> mean nothing.
    /// </remarks>
    public string? Folder { get; set; }

    /// <summary>What the cache is called in metrics: the tag <c>cache</c>.</summary>
    /// <value>Default <see langword="null"/>: <see cref="Folder"/>, or <c>memory</c>.</value>
    /// <remarks>Only a program with several caches in memory needs it, to tell them apart.</remarks>
    public string? Name { get; set; }

    /// <summary>The budget for keys, values and their index, in bytes.</summary>
    /// <value>
    /// 0 (default) for no limit, or for <see cref="MaxMemoryPercent"/>; otherwise at least 1,048,576 (1 MiB), and 32 KiB for each of <see cref="Shards"/>: a slab
    /// of 16 KiB for its index and one for entries.
    /// </value>
    /// <remarks>
    /// Counts native memory that entries and tables take, and the buffers of a server's clients, so it is a limit and not a hint. At the limit
    /// <see cref="EvictionPolicy"/> decides. Without a limit the cache grows until the process runs out of memory. What else the process needs
    /// (the log's buffer, objects of the program) comes on top: see docs/memory.md.
    /// </remarks>
    public long MaxMemory { get; set; }

    /// <summary>The budget as a share of the memory that the process may use: its container's limit (cgroup v2 or v1), or the machine's memory if that is less.</summary>
    /// <value>1 to 100 percent. Default 0: <see cref="MaxMemory"/> says it in bytes. Only one of the two may be set.</value>
    /// <remarks>Read once, when the cache is opened. In configuration files and on the command line it is <c>MaxMemory = 50%</c>.</remarks>
    public int MaxMemoryPercent { get; set; }

    /// <summary>How much of the memory to keep free for everything else, as ElastiCache's <c>reserved-memory-percent</c>.</summary>
    /// <value>0 to 99 percent. Default 0. ElastiCache reserves 25 of a node's memory.</value>
    /// <remarks>
    /// The budget is then <c>total × (1 − reserved / 100)</c>, where <c>total</c> is what <see cref="MaxMemory"/> or <see cref="MaxMemoryPercent"/> says, and with neither all the
    /// memory that the process may use. A budget that is set later (<see cref="EmbeddedCache.SetMaxMemoryAsync"/>, CONFIG SET maxmemory) is taken as it is.
    /// </remarks>
    public int ReservedMemoryPercent { get; set; }

    /// <summary>What gives way at <see cref="MaxMemory"/>.</summary>
    /// <value>Default <see cref="EvictionPolicy.AllKeysAdaptive"/>.</value>
    /// <remarks>
    /// Evicted entries are gone from a durable folder too. For data that exists nowhere else choose
    /// <see cref="EvictionPolicy.NoEviction"/>, which refuses writes instead. Without <see cref="MaxMemory"/> nothing is evicted.
    /// </remarks>
    public EvictionPolicy EvictionPolicy { get; set; } = EvictionPolicy.AllKeysAdaptive;

    /// <summary>Whether the cache notes how each key is used: when last, which <see cref="KeyInspectionExtensions.IdleTime"/> and OBJECT IDLETIME tell, or, under an LFU policy, how often, for OBJECT FREQ.</summary>
    /// <value>Default <see langword="false"/>. The server program has <c>track-access yes</c> by default.</value>
    /// <remarks>
    /// It takes 8 to 16 bytes a key on the managed heap, which <see cref="MaxMemory"/> counts, and makes the first use of a key in each second, or each use under an LFU policy, a little slower. The eviction
    /// policies don't need it. A <see cref="Folder"/> keeps nothing of it but, under an LRU or LFU policy, what a snapshot or a rewritten log begins with: a key that is read from anything else is as good as new.
    /// </remarks>
    public bool TracksAccess { get; set; }

    /// <summary>How many uses raise what OBJECT FREQ tells of a key, where <see cref="TracksAccess"/> asks for it: of a counter c a use does it with the probability 1 / ((c − 5) × factor + 1).</summary>
    /// <value>0 or more; with 0 every use does. Default 10, as Redis's <c>lfu-log-factor</c>: a million uses bring the counter to its end, 255.</value>
    /// <remarks>What is evicted does not depend on it.</remarks>
    public int LfuLogFactor { get; set; } = FrequencyScale.DefaultLogFactor;

    /// <summary>After how long without a use what OBJECT FREQ tells of a key sinks by one, where <see cref="TracksAccess"/> asks for it.</summary>
    /// <value>Whole minutes, 0 to 2,147,483,647; 0 for never. Default 1 minute, as Redis's <c>lfu-decay-time</c>.</value>
    /// <remarks>What is evicted does not depend on it.</remarks>
    public TimeSpan LfuDecayTime { get; set; } = TimeSpan.FromMinutes(FrequencyScale.DefaultDecayMinutes);

    /// <summary>Into how many independently locked parts the keys are divided.</summary>
    /// <value>A power of two from 1 to 4096, or 0 (default) for automatic: 64, and fewer where <see cref="MaxMemory"/> leaves a shard less than 8 MiB.</value>
    /// <remarks>
    /// Writers to different shards don't wait for each other; reads take no lock in any case. Every shard has its own memory
    /// segments and part of the budget, so many shards in a small cache waste memory and evict less fairly.
    /// </remarks>
    public int Shards { get; set; }

    /// <summary>How many numbered databases there are.</summary>
    /// <value>1 to 16. Default 16, as in Redis.</value>
    /// <remarks>A folder that holds keys in a database beyond the last one is refused when it is opened.</remarks>
    public int Databases { get; set; } = MostDatabases;

    /// <summary>When a write to <see cref="Folder"/> is acknowledged.</summary>
    /// <value>Default <see cref="DurabilityMode.EverySecond"/>, as in Redis.</value>
    /// <remarks>
    /// <see cref="DurabilityMode.Always"/> loses nothing that was acknowledged, and a write takes as long as the disk does.
    /// <see cref="DurabilityMode.EverySecond"/> may lose the last second when the machine fails; a killed process alone loses less.
    /// </remarks>
    public DurabilityMode Durability { get; set; } = DurabilityMode.EverySecond;

    /// <summary>How far the disk may fall behind before writes are refused.</summary>
    /// <value>1 second to 24 hours, or <see cref="Timeout.InfiniteTimeSpan"/> to accept any lag. Default 10 seconds.</value>
    /// <remarks>
    /// A bound on what a crash can cost: while the oldest write that is not on disk is older than this, further writes fail and reads go
    /// on. Applies to <see cref="DurabilityMode.EverySecond"/>.
    /// </remarks>
    public TimeSpan MaxUnpersistedAge { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>By how much the log may grow before it is rewritten by itself into the shortest form of what the cache holds.</summary>
    /// <value>Percent of its length after the last rewrite, 0 to 1,000,000; 0 for never. Default 100, as Redis's <c>auto-aof-rewrite-percentage</c>.</value>
    /// <remarks>
    /// <para>Nobody waits for a rewrite; see <see cref="LogExtensions.RewriteLogAsync"/>, which begins one by hand.</para>
    /// <para>It is also rewritten when it has more than 64 increments, to which each opening in an <see cref="Envelope"/> adds one; and whatever this says, at the opening that finds more than 256.</para>
    /// </remarks>
    public int LogRewriteGrowthPercent { get; set; } = 100;

    /// <summary>The length of the log, in bytes, below which it is not rewritten by itself.</summary>
    /// <value>0 or more. Default 67,108,864 (64 MiB), as Redis's <c>auto-aof-rewrite-min-size</c>.</value>
    public long LogRewriteMinBytes { get; set; } = 64L << 20;

    /// <summary>How far back the state of the cache can be restored: <see cref="RecoverTo"/>, <see cref="HistoryExtensions.RestoreKeysAsync"/>.</summary>
    /// <value>0 to 35 days. Default 0: only what the log holds since it was last rewritten.</value>
    /// <remarks>Files of the log that a rewrite supersedes are kept for so long, in the same folder. Each rewrite adds a copy of what the cache holds.</remarks>
    public TimeSpan HistoryRetention { get; set; }

    /// <summary>Opens the folder with the state that it had at the end of this second, instead of the newest.</summary>
    /// <value>A moment within <see cref="HistoryRetention"/>. Default <see langword="null"/>: the newest state.</value>
    /// <remarks>
    /// The restored state is where the cache goes on, and what had been written since becomes history, to which one can return. Set it for one opening: the next
    /// with the same value would restore again. A crash before the cache has opened leaves everything as it was.
    /// </remarks>
    public DateTimeOffset? RecoverTo { get; set; }

    /// <summary>Where backups go, and which are made by themselves.</summary>
    /// <value>Default <see langword="null"/>: there are none, and <see cref="EmbeddedCache.Backups"/> can't be used.</value>
    public BackupOptions? Backup { get; set; }

    /// <summary>Encryption and compression of every file that the cache writes for itself.</summary>
    /// <value>Default <see langword="null"/>: plain files, which Redis's programs read.</value>
    /// <remarks>A folder whose files are encrypted can't be opened without; see <see cref="EncryptionKeyException"/>.</remarks>
    public EnvelopeOptions? Envelope { get; set; }

    /// <summary>Which changes of keys the cache publishes on channels, in the letters of Redis's <c>notify-keyspace-events</c>.</summary>
    /// <value>
    /// Default empty: none. <c>K</c> publishes to <c>__keyspace@0__:key</c>, <c>E</c> to <c>__keyevent@0__:event</c>; at least one of them, and what to tell
    /// of: <c>g</c> deletions, deadlines and the like, <c>$</c> strings, <c>l</c> lists, <c>s</c> sets, <c>h</c> hashes, <c>z</c> sorted sets, <c>t</c> streams,
    /// <c>x</c> expired keys, <c>e</c> evicted keys, <c>d</c> modules, <c>A</c> for all of these, <c>m</c> misses, <c>n</c> new keys.
    /// </value>
    /// <remarks>An event is published by the write that causes it, which takes that much longer while anybody has subscribed to anything.</remarks>
    public string KeyspaceNotifications { get; set; } = "";

    /// <summary>The clock for expiry and timers.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>; never <see langword="null"/>.</value>
    /// <remarks>Tests pass a fake one and move time by hand.</remarks>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Turns values without a plain form into bytes: everything but strings, bytes, numbers, dates and the like.</summary>
    /// <value>Default <see cref="MessagePackCacheSerializer.Default"/>; never <see langword="null"/>.</value>
    /// <remarks>A cache whose folder was written with one serializer can't be read with another.</remarks>
    public ICacheSerializer Serializer { get; set; } = MessagePackCacheSerializer.Default;

    /// <summary>Where the cache writes what happens in the background.</summary>
    /// <value>Default <see langword="null"/>: nowhere. With dependency injection, the host's.</value>
    /// <remarks>Log lines name keys and files, never stored values.</remarks>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>What <see cref="KeyspaceNotifications"/> asks for.</summary>
    internal KeyEventClass KeyEventClasses => KeyEventFlags.TryParse(KeyspaceNotifications, out KeyEventClass classes) ? classes : KeyEventClass.None;

    /// <summary>Checks every option.</summary>
    /// <exception cref="OptionsValidationException">Lists every problem with the option's name, its value and the range.</exception>
    public void Validate() => Validate(Options.DefaultName);

    internal void Validate(string optionsName)
    {
        List<string> problems = Problems();
        if (problems.Count > 0)
        {
            throw new OptionsValidationException(optionsName, typeof(EmbeddedCacheOptions), problems);
        }
    }

    /// <summary>One sentence for every option that is out of range.</summary>
    internal List<string> Problems()
    {
        var problems = new List<string>();
        Require(Folder is null || IsPath(Folder), nameof(Folder), $"'{Folder}'",
            "a path without NUL characters, or null for memory only");
        int shards = Shards is >= 1 and <= MostShards ? Shards : 1;
        Require(MaxMemory == 0 || MaxMemory >= LeastMaxMemory(shards), nameof(MaxMemory), MaxMemory,
            $"0 for no limit, or {LeastMaxMemoryText(shards)}");
        Require(MaxMemoryPercent is >= 0 and <= 100, nameof(MaxMemoryPercent), MaxMemoryPercent,
            "1 to 100 percent, or 0 for the bytes of MaxMemory");
        Require(MaxMemoryPercent == 0 || MaxMemory == 0, nameof(MaxMemoryPercent), MaxMemoryPercent,
            "0 where MaxMemory says it in bytes");
        Require(ReservedMemoryPercent is >= 0 and <= 99, nameof(ReservedMemoryPercent), ReservedMemoryPercent,
            "0 to 99 percent");
        if (problems.Count == 0 && ResolveMaxMemory() is > 0 and var budget && budget < LeastMaxMemory(shards))
        {
            problems.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"MaxMemory = {MaxMemory}, MaxMemoryPercent = {MaxMemoryPercent} and ReservedMemoryPercent = {ReservedMemoryPercent} leave {budget} bytes: they must leave {LeastMaxMemoryText(shards)}."));
        }

        Require(Enum.IsDefined(EvictionPolicy), nameof(EvictionPolicy), EvictionPolicy,
            $"one of {string.Join(", ", Enum.GetNames<EvictionPolicy>())}");
        Require(LfuLogFactor >= 0, nameof(LfuLogFactor), LfuLogFactor,
            "0 or more");
        Require(LfuDecayTime >= TimeSpan.Zero && LfuDecayTime <= LongestLfuDecayTime && LfuDecayTime.Ticks % TimeSpan.TicksPerMinute == 0, nameof(LfuDecayTime), LfuDecayTime,
            "whole minutes, 0 for never to 2147483647");
        Require(Shards == 0 || (Shards is >= 1 and <= MostShards && BitOperations.IsPow2(Shards)), nameof(Shards), Shards,
            "a power of two from 1 to 4096, or 0 for automatic");
        Require(Databases is >= 1 and <= MostDatabases, nameof(Databases), Databases,
            "1 to 16");
        Require(Enum.IsDefined(Durability), nameof(Durability), Durability,
            $"one of {string.Join(", ", Enum.GetNames<DurabilityMode>())}");
        Require(IsAge(MaxUnpersistedAge), nameof(MaxUnpersistedAge), MaxUnpersistedAge,
            "1 second to 24 hours (00:00:01 to 1.00:00:00), or Timeout.InfiniteTimeSpan for no bound");
        Require(LogRewriteGrowthPercent is >= 0 and <= MostGrowthPercent, nameof(LogRewriteGrowthPercent), LogRewriteGrowthPercent,
            "0 to 1000000 percent; 0 for never");
        Require(LogRewriteMinBytes >= 0, nameof(LogRewriteMinBytes), LogRewriteMinBytes,
            "0 bytes or more");
        Require(HistoryRetention >= TimeSpan.Zero && HistoryRetention <= LongestHistoryRetention, nameof(HistoryRetention), HistoryRetention,
            "0 to 35 days");
        Require(RecoverTo is null || Folder is not null, nameof(RecoverTo), RecoverTo,
            "null without a Folder");
        Require(RecoverTo is null || RecoverTo >= DateTimeOffset.UnixEpoch, nameof(RecoverTo), RecoverTo,
            "a moment since 1970");
        Require(Backup is not { Store: null }, "Backup.Store", "null",
            "a store, FolderBackupStore for example");
        Require(Backup is null or { RetentionDays: >= 0 and <= BackupOptions.MostRetentionDays }, "Backup.RetentionDays", Backup?.RetentionDays,
            "0 to 35 days; 0 for no automatic backups");
        Require(Backup is null || BackupName.IsValid(Backup.CacheName), "Backup.CacheName", $"'{Backup?.CacheName}'",
            BackupName.Rule);
        Require(Envelope is not { Keys: null, Compresses: false }, nameof(Envelope), "neither Keys nor Compresses",
            "an envelope with Keys, with Compresses, or with both; or null for none");
        Require(KeyspaceNotifications is not null && KeyEventFlags.TryParse(KeyspaceNotifications, out _), nameof(KeyspaceNotifications), $"'{KeyspaceNotifications}'",
            "letters out of KEg$lszhxetdmnA, or empty for none");
        Require(TimeProvider is not null, nameof(TimeProvider), "null",
            "a clock; TimeProvider.System is the default");
        Require(Serializer is not null, nameof(Serializer), "null",
            "a serializer; MessagePackCacheSerializer.Default is the default");
        return problems;

        void Require(bool isMet, string option, object? value, string range)
        {
            if (!isMet)
            {
                problems.Add(string.Create(CultureInfo.InvariantCulture, $"{option} = {value} is out of range: it must be {range}."));
            }
        }
    }

    /// <summary>The least budget that a cache with so many shards can work with.</summary>
    internal static long LeastMaxMemory(int shards) => Math.Max(MinMaxMemory, shards * LeastShardMemory);

    internal static string LeastMaxMemoryText(int shards) => string.Create(
        CultureInfo.InvariantCulture, $"at least {LeastMaxMemory(shards)} bytes (1 MiB, and 32 KiB for each shard, of which there are {shards}: its index and its entries take whole slabs of 16 KiB)");

    /// <summary>The budget in bytes; 0 for none.</summary>
    internal long ResolveMaxMemory() => ResolveMaxMemory(MemoryLimit.Read);

    /// <summary>As the other form, with another idea of how much memory there is.</summary>
    internal long ResolveMaxMemory(Func<long> readLimit)
    {
        long total = MaxMemoryPercent > 0 ? readLimit() / 100 * MaxMemoryPercent
            : MaxMemory > 0 || ReservedMemoryPercent == 0 ? MaxMemory
            : readLimit();
        return total - (total / 100 * ReservedMemoryPercent);
    }

    /// <summary>The number of shards to create.</summary>
    internal int ResolveShards()
    {
        if (Shards != 0)
        {
            return Shards;
        }

        long budget = ResolveMaxMemory();
        if (budget == 0)
        {
            return MostAutomaticShards;
        }

        long affordable = Math.Clamp(budget / BytesAnAutomaticShard, 1, MostAutomaticShards);
        return 1 << BitOperations.Log2((ulong)affordable);
    }

    /// <summary>A copy that nobody else can change.</summary>
    internal EmbeddedCacheOptions Copy() => (EmbeddedCacheOptions)MemberwiseClone();

    private static bool IsPath(string folder) => !string.IsNullOrWhiteSpace(folder) && !folder.Contains('\0');

    private static bool IsAge(TimeSpan age) =>
        age == Timeout.InfiniteTimeSpan || (age >= ShortestMaxUnpersistedAge && age <= LongestMaxUnpersistedAge);
}
