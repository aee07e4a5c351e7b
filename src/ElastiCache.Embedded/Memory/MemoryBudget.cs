namespace ElastiCache.Embedded.Memory;

/// <summary>How many bytes the arena may hand out, and whether entries are evicted to stay below.</summary>
/// <remarks>
/// There are two numbers, and they differ only while a budget that was lowered is being worked off:
/// <code>
///   LimitBytes  ────────╮                        what an allocation may reach now
///                        ╰──╮  after each step of BudgetChange: as much as is still in use
///   MaxBytes    ╌╌╌╌╌╌╌╌╌╌╌╌╌╰────────────────   what was asked for
/// </code>
/// Were the limit the new budget at once, the first write after the change would have to evict everything that is too much.
/// </remarks>
internal sealed class MemoryBudget
{
    private long _maxBytes;
    private long _limitBytes;
    private volatile bool _evicts;

    public MemoryBudget(long maxBytes, bool evicts)
    {
        Change(maxBytes, evicts);
    }

    /// <summary>The budget in bytes; 0 = none.</summary>
    public long MaxBytes => Volatile.Read(ref _maxBytes);

    /// <summary>Whether entries may be evicted.</summary>
    public bool Evicts => _evicts;

    /// <summary>The limit for <see cref="Arena.TryAllocate"/>; <see cref="long.MaxValue"/> without a budget.</summary>
    public long LimitBytes => Volatile.Read(ref _limitBytes);

    /// <summary>Whether more may still be in use than <see cref="MaxBytes"/>, because it was lowered.</summary>
    public bool IsBeingLowered => MaxBytes is > 0 and var limit && LimitBytes > limit;

    /// <summary>Sets another budget; writes that begin from here on keep it.</summary>
    public void Change(long maxBytes, bool evicts)
    {
        Volatile.Write(ref _maxBytes, maxBytes);
        Volatile.Write(ref _limitBytes, maxBytes > 0 ? maxBytes : long.MaxValue);
        _evicts = evicts && maxBytes > 0;
    }

    /// <summary>Sets a budget below what is in use, with eviction. Until <see cref="LowerLimit"/> has brought the limit down, writes evict as much as they add.</summary>
    public void BeginLowering(long maxBytes, long usedBytes)
    {
        _evicts = true;
        Volatile.Write(ref _limitBytes, Math.Max(maxBytes, Math.Min(LimitBytes, usedBytes)));
        Volatile.Write(ref _maxBytes, maxBytes);
    }

    /// <summary>Brings the limit down to what is in use, but not below the budget, and never up.</summary>
    public void LowerLimit(long usedBytes)
    {
        if (IsBeingLowered)
        {
            Volatile.Write(ref _limitBytes, Math.Max(MaxBytes, Math.Min(LimitBytes, usedBytes)));
        }
    }
}
