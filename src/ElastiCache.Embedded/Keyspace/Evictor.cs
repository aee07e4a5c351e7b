namespace ElastiCache.Embedded.Keyspace;

/// <summary>The seam to the eviction policies: picks what gives way when the budget is used up. One a shard, under its lock.</summary>
internal abstract class Evictor
{
    /// <summary>The access bits of an entry that was just added, 0 to 3. A read sets them to 3.</summary>
    public abstract uint AccessOfNewEntry { get; }

    /// <summary>Picks an entry of a table, in bounded work.</summary>
    /// <param name="table">The table to take from.</param>
    /// <param name="spared">An entry that must stay, or none.</param>
    /// <param name="victim">The entry to evict.</param>
    /// <returns>Whether there is one; false only if the table holds nothing else.</returns>
    public abstract bool TryPick(RecordTable table, in Entry spared, out SlotPosition victim);
}
