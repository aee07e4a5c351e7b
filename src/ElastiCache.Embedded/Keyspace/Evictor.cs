namespace ElastiCache.Embedded.Keyspace;

/// <summary>The seam to the eviction policies: picks what gives way when the budget is used up. One a shard, under its lock.</summary>
internal abstract class Evictor
{
    /// <summary>Native bytes of what it keeps.</summary>
    public virtual long Bytes => 0;

    /// <summary>Managed bytes of what it keeps, which count against the budget too.</summary>
    public virtual long OutsideBytes => 0;

    /// <summary>Begins to keep what it needs to know. Called once, when half of the budget is used; before, nobody asks.</summary>
    public virtual void Start()
    {
    }

    /// <summary>Is told of an entry that is about to be added, that has got its first deadline and has no tag, or another priority.</summary>
    /// <param name="database">Its database.</param>
    /// <param name="hash">Its slot hash.</param>
    /// <param name="bytes">Bytes of its record's block.</param>
    /// <param name="hasDeadline">Whether it has a deadline.</param>
    /// <param name="marks">How readily it is to give way, and at what cost.</param>
    /// <returns>The tag for its slot, 0 to 3.</returns>
    public virtual uint Admit(int database, uint hash, long bytes, bool hasDeadline, EntryMarks marks) => 0;

    /// <summary>Asks the processor for what <see cref="Admit"/> will look at; there is still work to do before that.</summary>
    public virtual void Expect(uint hash)
    {
    }

    /// <summary>Asks the processor for the cache lines of those entries that will be picked next, so that several picks in a row wait for memory once.</summary>
    public virtual void Prefetch()
    {
    }

    /// <summary>Picks an entry to be evicted, never one of <see cref="EvictionPriority.NeverRemove"/>, in bounded work but for the first pick after <see cref="Start"/>. The caller evicts it.</summary>
    /// <param name="spared">An entry that must stay, or none.</param>
    /// <param name="database">The database of the victim.</param>
    /// <param name="victim">The entry to evict.</param>
    /// <returns>Whether there is one; false only if the shard holds none that may go.</returns>
    public abstract bool TryPick(in Entry spared, out int database, out SlotPosition victim);

    /// <summary>Gives back some of the memory that it keeps for entries that are gone; all of it, and with it all that it has learnt, if there are none left.</summary>
    /// <returns>Whether there is more to do. If no entry is left, <see cref="Start"/> is called again before anything else.</returns>
    public virtual bool Tidy() => false;

    /// <summary>Whether it goes by how entries are used.</summary>
    public virtual bool GoesByUse => false;

    /// <summary>What Redis notes of uses under this policy, and writes into RDB files.</summary>
    public virtual EvictionOrder Order => EvictionOrder.Other;

    /// <summary>About how often a key was used lately, for OBJECT FREQ where uses are not tracked; null if the policy isn't one that goes by that.</summary>
    public virtual int? UsesOf(uint hash) => null;

    /// <summary>Exchanges two databases.</summary>
    public virtual void SwapDatabases(int a, int b)
    {
    }

    /// <summary>Gives its memory back: another takes its place.</summary>
    public virtual void Free()
    {
    }
}

/// <summary>By what a policy chooses, as far as that says which uses are noted.</summary>
internal enum EvictionOrder
{
    /// <summary>Neither of the two; idle times are noted.</summary>
    Other,

    /// <summary>When entries were used last: Redis's LRU policies. Idle times are noted, and in RDB files.</summary>
    Recency,

    /// <summary>How often entries are used: Redis's LFU policies. Frequencies are noted, and in RDB files.</summary>
    Frequency,
}
