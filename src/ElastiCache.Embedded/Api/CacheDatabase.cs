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
        Keys = new Keys(this);
    }

    /// <summary>The database's number.</summary>
    public int Index { get; }

    /// <summary>Strings of bytes, typed values, counters.</summary>
    public Strings Strings { get; }

    /// <summary>Keys, whatever they hold: deleting, expiring, renaming, scanning.</summary>
    public Keys Keys { get; }

    internal EmbeddedCache Cache { get; }

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
}
