namespace ElastiCache.Embedded.Memory;

/// <summary>How many bytes the arena may hand out, and whether entries are evicted to stay below.</summary>
internal sealed class MemoryBudget
{
    public MemoryBudget(long maxBytes, bool evicts)
    {
        MaxBytes = maxBytes;
        Evicts = evicts && maxBytes > 0;
    }

    /// <summary>The limit in bytes; 0 = none.</summary>
    public long MaxBytes { get; }

    /// <summary>Whether entries may be evicted.</summary>
    public bool Evicts { get; }

    /// <summary>The limit for <see cref="Arena.TryAllocate"/>.</summary>
    public long LimitBytes => MaxBytes == 0 ? long.MaxValue : MaxBytes;
}
