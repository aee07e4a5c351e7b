using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>One of a cache's numbered databases, Redis's SELECT. Keys in different databases have nothing to do with each other.</summary>
public sealed class CacheDatabase
{
    internal CacheDatabase(EmbeddedCache cache, int index)
    {
        Cache = cache;
        Index = index;
        Strings = new Strings(this);
        Bits = new Bits(this);
        Keys = new Keys(this);
        Locks = new Locks(this);
        RateLimits = new RateLimits(this);
    }

    /// <summary>The database's number.</summary>
    public int Index { get; }

    /// <summary>Strings of bytes, typed values, counters.</summary>
    public Strings Strings { get; }

    /// <summary>Strings as rows of bits.</summary>
    public Bits Bits { get; }

    /// <summary>Keys, whatever they hold: deleting, expiring, renaming, scanning.</summary>
    public Keys Keys { get; }

    /// <summary>Named locks that end by themselves.</summary>
    public Locks Locks { get; }

    /// <summary>Rules for how often something may happen.</summary>
    public RateLimits RateLimits { get; }

    /// <summary>The list under a key. Costs nothing until it is used.</summary>
    /// <typeparam name="T">What its elements are: text, bytes, numbers and so on in their plain form, everything else through the serializer.</typeparam>
    public CacheList<T> List<T>(CacheKey key) => new(this, key);

    /// <summary>The set under a key. Costs nothing until it is used.</summary>
    /// <typeparam name="T">What its members are.</typeparam>
    public CacheSet<T> Set<T>(CacheKey key) => new(this, key);

    /// <summary>The sorted set under a key. Costs nothing until it is used.</summary>
    /// <typeparam name="T">What its members are.</typeparam>
    public CacheSortedSet<T> SortedSet<T>(CacheKey key) => new(this, key);

    /// <summary>The hash under a key. Costs nothing until it is used.</summary>
    /// <typeparam name="TField">What its fields are.</typeparam>
    /// <typeparam name="TValue">What its values are.</typeparam>
    public CacheHash<TField, TValue> Hash<TField, TValue>(CacheKey key) => new(this, key);

    /// <summary>The stream under a key. Costs nothing until it is used.</summary>
    public CacheStream Stream(CacheKey key) => new(this, key);

    /// <summary>The HyperLogLog under a key, which estimates how many different things it was shown. Costs nothing until it is used.</summary>
    public CacheHyperLogLog HyperLogLog(CacheKey key) => new(this, key);

    /// <summary>The places under a key: members with a longitude and a latitude. Costs nothing until it is used.</summary>
    /// <typeparam name="T">What its members are.</typeparam>
    public CacheGeo<T> Geo<T>(CacheKey key) => new(this, key);

    /// <summary>The string under a key as a row of bits. Costs nothing until it is used.</summary>
    public CacheBitmap Bitmap(CacheKey key) => new(this, key);

    /// <summary>A queue of work under a key: messages that are delivered until they are completed. Costs nothing until it is used.</summary>
    /// <typeparam name="T">What messages are.</typeparam>
    /// <param name="key">The key of its stream.</param>
    /// <param name="options">How it deals with messages that nobody completes; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public WorkQueue<T> Queue<T>(string key, WorkQueueOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new WorkQueue<T>(this, key, options ?? new WorkQueueOptions());
    }

    /// <summary>A leaderboard under a key. Costs nothing until it is used.</summary>
    /// <typeparam name="T">What its members are.</typeparam>
    /// <param name="key">The key of its sorted set.</param>
    /// <param name="lowestFirst">Whether the lowest score is the best, as with times.</param>
    public Leaderboard<T> Leaderboard<T>(string key, bool lowestFirst = false)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new Leaderboard<T>(this, key, lowestFirst);
    }

    /// <summary>A counter by second, minute, hour and day under a key. Costs nothing until it is used.</summary>
    /// <param name="key">The key of its hash.</param>
    /// <param name="resolutions">How finely it counts; without any 120 seconds, 120 minutes, 48 hours and 90 days.</param>
    /// <exception cref="ArgumentException">A resolution is not whole seconds, or keeps nothing.</exception>
    public TimeSeriesCounter TimeSeries(string key, params ReadOnlySpan<TimeSeriesResolution> resolutions)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new TimeSeriesCounter(this, key, resolutions);
    }

    internal EmbeddedCache Cache { get; }

    internal CacheOperations Operations => Cache.Operations;

    internal ICacheSerializer Serializer => Cache.Serializer;

    internal long Now => Cache.Clock.UnixMilliseconds;

    /// <summary>Throws when the cache is closed. A read that takes no lock finds nothing then, and asks here why.</summary>
    internal void ThrowIfDisposed() => Cache.Store.ThrowIfDisposed();

    /// <summary>Waits, if the durability mode asks for it.</summary>
    internal void Wait(JournalTicket ticket)
    {
        if (ticket.Commit != 0)
        {
            Cache.Journal!.Wait(ticket);
        }
    }

    /// <summary>As <see cref="Wait"/>, without holding a thread.</summary>
    internal ValueTask WaitAsync(JournalTicket ticket, CancellationToken cancellationToken) =>
        ticket.Commit == 0 ? default : Cache.Journal!.WaitAsync(ticket, cancellationToken);

    /// <summary>As the other form, with something to return afterwards.</summary>
    internal ValueTask<T> WaitAsync<T>(JournalTicket ticket, T outcome, CancellationToken cancellationToken)
    {
        return ticket.Commit == 0 ? new ValueTask<T>(outcome) : Waited(Cache.Journal!.WaitAsync(ticket, cancellationToken), outcome);

        static async ValueTask<T> Waited(ValueTask wait, T outcome)
        {
            await wait.ConfigureAwait(false);
            return outcome;
        }
    }
}
