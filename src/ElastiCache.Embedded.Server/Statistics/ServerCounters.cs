using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Server.Statistics;

/// <summary>What the server counts from its start, or from CONFIG RESETSTAT, which begins a new object of this class.</summary>
/// <remarks>Each thread counts in a cell of its own, without a lock or an interlocked instruction; who asks adds them up.</remarks>
internal sealed class ServerCounters
{
    private readonly Lock _lock = new();
    private readonly int _commands;
    private volatile ThreadCounters?[] _cells = new ThreadCounters?[64];
    private long _connections;
    private long _rejectedConnections;
    private long _evictedClients;

    /// <summary>Makes the counters.</summary>
    /// <param name="commands">How many numbers commands have.</param>
    /// <param name="store">Whose hits, misses, expired and evicted entries are counted from here on.</param>
    public ServerCounters(int commands, Store store)
    {
        _commands = commands;
        BaseLine = CacheStatistics.Of(store);
    }

    /// <summary>The cache's figures when counting began.</summary>
    public CacheStatistics BaseLine { get; }

    public long Connections => Volatile.Read(ref _connections);

    public long RejectedConnections => Volatile.Read(ref _rejectedConnections);

    /// <summary>Connections that were closed on account of maxmemory-clients.</summary>
    public long EvictedClients => Volatile.Read(ref _evictedClients);

    /// <summary>Error replies by their first word.</summary>
    public ConcurrentDictionary<string, long> Errors { get; } = new(StringComparer.Ordinal);

    /// <summary>The calling thread's cell.</summary>
    public ThreadCounters Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            int thread = ThreadCell.Number;
            ThreadCounters?[] cells = _cells;
            return (uint)thread < (uint)cells.Length && cells[thread] is { } cell ? cell : NewCell(thread);
        }
    }

    public void CountConnection() => Interlocked.Increment(ref _connections);

    public void CountRejectedConnection() => Interlocked.Increment(ref _rejectedConnections);

    public void CountEvictedClient() => Interlocked.Increment(ref _evictedClients);

    /// <summary>Adds up what the threads have counted.</summary>
    /// <param name="withCommands">Whether also command by command.</param>
    public ThreadCounters Sum(bool withCommands = false)
    {
        var sum = new ThreadCounters(this, withCommands ? _commands : 0);
        foreach (ThreadCounters? cell in _cells)
        {
            if (cell != null)
            {
                sum.Add(cell);
            }
        }

        return sum;
    }

    private ThreadCounters NewCell(int thread)
    {
        lock (_lock)
        {
            ThreadCounters?[] cells = _cells;
            if (thread >= cells.Length)
            {
                Array.Resize(ref cells, Math.Max(thread + 1, 2 * cells.Length));
                _cells = cells;
            }

            return cells[thread] ??= new ThreadCounters(this, _commands);
        }
    }
}

/// <summary>What one thread has counted.</summary>
internal sealed class ThreadCounters(ServerCounters owner, int commands)
{
    private static readonly double NanosecondsATick = 1e9 / Stopwatch.Frequency;

    public long Processed;
    public long BytesIn;
    public long BytesOut;
    public long Reads;
    public long Writes;
    public long ErrorReplies;
    public readonly CommandCounters?[] ByCommand = new CommandCounters?[commands];

    public ServerCounters Owner => owner;

    /// <summary>Counts a command that ran.</summary>
    /// <returns>Its duration in nanoseconds.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long CountCall(Command command, long ticks, bool failed, bool tracksLatency)
    {
        long nanoseconds = (long)(ticks * NanosecondsATick);
        CommandCounters counters = ByCommand[command.Number] ?? NewCounters(command);
        counters.Calls++;
        counters.Nanoseconds += nanoseconds;
        Processed++;
        if (failed)
        {
            counters.Failed++;
        }

        if (tracksLatency)
        {
            (counters.Latencies ??= new LatencyHistogram()).Add(nanoseconds);
        }

        return nanoseconds;
    }

    /// <summary>Counts a command that was refused before it ran.</summary>
    public void CountRejection(Command command) => (ByCommand[command.Number] ?? NewCounters(command)).Rejected++;

    /// <summary>Counts that a command failed which was counted as a call before: it had waited.</summary>
    public void CountLateFailure(Command command) => (ByCommand[command.Number] ?? NewCounters(command)).Failed++;

    /// <summary>Counts an error reply: what stands in it behind the minus.</summary>
    public void CountError(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOfAny((byte)' ', (byte)'\r');
        string code = System.Text.Encoding.Latin1.GetString(end < 0 ? text : text[..end]);
        ErrorReplies++;
        owner.Errors.AddOrUpdate(code, 1, static (_, count) => count + 1);
    }

    public void Add(ThreadCounters other)
    {
        Processed += Volatile.Read(ref other.Processed);
        BytesIn += Volatile.Read(ref other.BytesIn);
        BytesOut += Volatile.Read(ref other.BytesOut);
        Reads += Volatile.Read(ref other.Reads);
        Writes += Volatile.Read(ref other.Writes);
        ErrorReplies += Volatile.Read(ref other.ErrorReplies);
        for (int i = 0; i < ByCommand.Length; i++)
        {
            if (Volatile.Read(ref other.ByCommand[i]) is { } counters)
            {
                (ByCommand[i] ??= new CommandCounters()).Add(counters);
            }
        }
    }

    private CommandCounters NewCounters(Command command) => ByCommand[command.Number] = new CommandCounters();
}
