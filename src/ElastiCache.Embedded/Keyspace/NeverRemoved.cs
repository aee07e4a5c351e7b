namespace ElastiCache.Embedded.Keyspace;

/// <summary>Counts a shard's entries of <see cref="EvictionPriority.NeverRemove"/>, so that nobody looks for a victim where there is none. Guarded by the shard's lock.</summary>
internal sealed unsafe class NeverRemoved(int databases)
{
    private readonly long[] _entries = new long[databases];
    private readonly long[] _expiring = new long[databases];

    /// <summary>How many there are.</summary>
    public long Entries { get; private set; }

    /// <summary>How many of them have a deadline.</summary>
    public long Expiring { get; private set; }

    /// <summary>Counts a record with marks that comes (1) or goes (-1), if it is one of them.</summary>
    public void Count(int database, byte* record, int change)
    {
        if (Record.PriorityOf(record) == EvictionPriority.NeverRemove)
        {
            Add(database, change, Record.HasExpiry(Record.HeaderOf(record)) ? change : 0);
        }
    }

    /// <summary>Counts none any more in a database.</summary>
    public void Clear(int database) => Add(database, -_entries[database], -_expiring[database]);

    /// <summary>Exchanges two databases.</summary>
    public void SwapDatabases(int a, int b)
    {
        (_entries[a], _entries[b]) = (_entries[b], _entries[a]);
        (_expiring[a], _expiring[b]) = (_expiring[b], _expiring[a]);
    }

    private void Add(int database, long entries, long expiring)
    {
        _entries[database] += entries;
        _expiring[database] += expiring;
        Entries += entries;
        Expiring += expiring;
    }
}
