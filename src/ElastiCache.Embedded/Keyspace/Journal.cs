namespace ElastiCache.Embedded.Keyspace;

/// <summary>The seam between the store and its append-only log: where operations put the effects of a write.</summary>
/// <remarks>
/// The keyspace knows this class and nothing of files. An operation works in four steps:
/// <code>
///   journal.ThrowIfRefusing()                       no lock held; a poisoned or stalled log refuses the write
///   lock the shard; decide; apply
///   journal[shard].Begin(...) .Argument(...) ...    the effect, as a RESP command, into the shard's own buffer
///   ticket = journal.Complete(shard)                still under the lock
///   unlock the shard
///   journal.Wait(ticket)                            no lock held; returns when the durability mode's promise holds
/// </code>
/// The effects of one key are in one shard's buffer in the order of its lock, so their order in the file is the order
/// in which they happened. A write to several shards holds all of their locks and uses <see cref="BeginBlock"/>, which first
/// hands over what those shards have pending, so that the block stands behind it in the file.
/// Lock order: shards in ascending order, then the journal's own lock.
/// </remarks>
internal abstract class Journal
{
    /// <summary>The buffer of a shard. Use it only with the shard's lock held.</summary>
    public abstract EffectBuffer this[int shard] { get; }

    /// <summary>Throws when writes are refused: the log is poisoned, closed, or too far behind. No lock is held.</summary>
    public abstract void ThrowIfRefusing();

    /// <summary>Ends one operation's effects. The shard's lock is held.</summary>
    /// <remarks>
    /// An effect that is not whole (<see cref="EffectBuffer.IsWhole"/>) is taken back, and writes are refused from then on: the store has
    /// changed, and the log can't say how.
    /// </remarks>
    /// <returns>The ticket that <see cref="Wait"/> takes.</returns>
    public abstract JournalTicket Complete(int shard);

    /// <summary>Begins effects that belong together: all of them reach the file, or none. The locks of all the shards are held.</summary>
    /// <returns>A buffer to write the effects to; MULTI and EXEC are added by <see cref="CompleteBlock"/>.</returns>
    public abstract EffectBuffer BeginBlock(ReadOnlySpan<int> shards);

    /// <summary>Ends the block. The locks of all its shards are still held. A block of one command needs no MULTI.</summary>
    public abstract JournalTicket CompleteBlock(EffectBuffer block);

    /// <summary>Returns when the durability mode's promise holds for the ticket. No lock is held.</summary>
    /// <remarks>Throws a LogPoisonedException when the write is in memory but can't be made durable.</remarks>
    public abstract void Wait(JournalTicket ticket);

    /// <summary>As <see cref="Wait"/>, without holding a thread.</summary>
    public abstract ValueTask WaitAsync(JournalTicket ticket, CancellationToken cancellationToken);
}

/// <summary>A place in the order of commits; 0 has nothing to wait for.</summary>
internal readonly record struct JournalTicket(long Commit);
