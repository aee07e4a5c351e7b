namespace ElastiCache.Embedded.Memory;

/// <summary>How many bytes the arena may hand out, and whether entries are evicted to stay below.</summary>
internal sealed class MemoryBudget
{
    private long _maxBytes;
    private volatile bool _evicts;

    public MemoryBudget(long maxBytes, bool evicts)
    {
        Change(maxBytes, evicts);
    }

    /// <summary>The limit in bytes; 0 = none.</summary>
    public long MaxBytes => Volatile.Read(ref _maxBytes);

    /// <summary>Whether entries may be evicted.</summary>
    public bool Evicts => _evicts;

    /// <summary>The limit for <see cref="Arena.TryAllocate"/>.</summary>
    public long LimitBytes => MaxBytes is > 0 and var limit ? limit : long.MaxValue;

    /// <summary>Sets another limit; writes that begin from here on keep it.</summary>
    public void Change(long maxBytes, bool evicts)
    {
        Volatile.Write(ref _maxBytes, maxBytes);
        _evicts = evicts && maxBytes > 0;
    }
}
