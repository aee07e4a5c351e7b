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
    }

    /// <summary>The database's number.</summary>
    public int Index { get; }

    /// <summary>Strings of bytes, typed values, counters.</summary>
    public Strings Strings { get; }

    /// <summary>Strings as rows of bits.</summary>
    public Bits Bits { get; }

    /// <summary>Keys, whatever they hold: deleting, expiring, renaming, scanning.</summary>
    public Keys Keys { get; }

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
