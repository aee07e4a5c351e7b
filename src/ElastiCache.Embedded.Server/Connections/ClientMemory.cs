using System.Globalization;
using ElastiCache.Embedded.Keyspace;
using Microsoft.Extensions.Logging;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>What all connections hold together: it counts against maxmemory, and when it is more than maxmemory-clients allows, those that hold most are closed.</summary>
/// <remarks>
/// Connections are served by several threads, so nobody adds up exactly on the way. Each connection tells when what it holds has moved by
/// <see cref="ConnectionMemory.NotedStepBytes"/>, with one addition to a common sum. The budget hears of it in larger steps. Only when the sum reaches maxmemory-clients is everybody counted exactly, under a lock, and
/// clients are closed until the exact sum is below the limit. The server's timer counts exactly as well, ten times a second, for what the steps have hidden.
/// Without either limit nothing is noted and nothing is added.
/// </remarks>
internal sealed partial class ClientMemory(ClientRegistry clients, Store store, ILogger logger, Action countEviction)
{
    // With less a client could not even ask what is wrong. Redis has the same floor.
    private const long LeastLimitBytes = 128 * 1024;

    // Of the budget, but no more often than that: a change wakes what evicts.
    private const long LeastStepBytes = 64 * 1024;
    private const int StepsABudget = 4096;

    private readonly Lock _lock = new();
    private readonly Lock _counting = new();
    private long _setting;
    private long _sum;
    private long _counted;
    private int _demanded;
    private int _done;

    /// <summary>Whether there is a limit for clients alone.</summary>
    public bool IsLimited => Volatile.Read(ref _setting) != 0;

    /// <summary>Whether anything limits what clients hold.</summary>
    public bool Counts => IsLimited || store.Budget.TotalBytes > 0;

    /// <summary>How much all clients together must stay below; <see cref="long.MaxValue"/> without a limit, which is also a share of a maxmemory that is not set.</summary>
    public long LimitBytes
    {
        get
        {
            long setting = Volatile.Read(ref _setting);
            long bytes = setting >= 0 ? setting : (long)((double)store.Budget.TotalBytes * -setting / 100);
            return bytes == 0 ? long.MaxValue : Math.Max(bytes, LeastLimitBytes);
        }
    }

    /// <summary>Whether somebody asked for a count that was not made yet: cheaper than making one.</summary>
    public bool IsDemanded => Volatile.Read(ref _demanded) != Volatile.Read(ref _done);

    /// <summary>Takes the value of the parameter: bytes, or a share of maxmemory.</summary>
    public void Set(string value)
    {
        bool isShare = value.EndsWith('%');
        long number = long.Parse(isShare ? value.AsSpan(..^1) : value, CultureInfo.InvariantCulture);
        Volatile.Write(ref _setting, isShare ? -number : number);
        Demand();
    }

    /// <summary>Has all clients counted when the connection that asks has sent its reply: the limit has changed, or whom it may strike.</summary>
    public void Demand() => Interlocked.Increment(ref _demanded);

    /// <summary>Adds to the common sum.</summary>
    /// <returns>Whether it has reached the limit.</returns>
    public bool Add(long bytes)
    {
        long sum = Interlocked.Add(ref _sum, bytes);
        if (Math.Abs(sum - Volatile.Read(ref _counted)) >= Math.Max(store.Budget.TotalBytes / StepsABudget, LeastStepBytes))
        {
            TellBudget();
        }

        return sum >= LimitBytes;
    }

    /// <summary>Counts all clients exactly and closes the largest, as long as they hold too much together. O(clients × log clients).</summary>
    public void Enforce()
    {
        lock (_lock)
        {
            // Read before the work, so that who demands during it is heard.
            int demanded = Volatile.Read(ref _demanded);
            if (Counts)
            {
                CloseLargest();
            }

            Volatile.Write(ref _done, demanded);
        }
    }

    private void TellBudget()
    {
        lock (_counting)
        {
            long sum = Volatile.Read(ref _sum);
            store.BudgetChange.CountOutside(sum - _counted);
            Volatile.Write(ref _counted, sum);
        }
    }

    private void CloseLargest()
    {
        long limit = LimitBytes;
        if (clients.Unordered.Sum(static connection => connection.Memory.Recount()) < limit)
        {
            return;
        }

        var all = new List<(RespConnection Connection, long Bytes)>();
        foreach (RespConnection connection in clients.Unordered)
        {
            all.Add((connection, connection.Memory.Recount()));
        }

        long sum = all.Sum(static client => client.Bytes);

        // The older of two equals first, as in a bucket of Redis's.
        all.Sort(static (a, b) => a.Bytes != b.Bytes ? b.Bytes.CompareTo(a.Bytes) : a.Connection.Context.Id.CompareTo(b.Connection.Context.Id));
        foreach ((RespConnection connection, long bytes) in all)
        {
            if (sum < limit)
            {
                return;
            }

            if (!connection.Context.IsNeverEvicted)
            {
                if (logger.IsEnabled(LogLevel.Information))
                {
                    string client = connection.Context.Describe(viewer: null);
                    LogEvicted(logger, bytes, limit, client);
                }

                connection.Kill();
                countEviction();
                sum -= bytes;
            }
        }

        if (sum >= limit)
        {
            LogStillOver(logger, sum, limit);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Closed a client that held {Bytes} bytes, since all clients together held more than maxmemory-clients = {Limit} bytes: {Client}")]
    private static partial void LogEvicted(ILogger logger, long bytes, long limit, string client);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Clients that may not be evicted hold {Bytes} bytes, more than maxmemory-clients = {Limit} bytes.")]
    private static partial void LogStillOver(ILogger logger, long bytes, long limit);
}
