namespace ElastiCache.Embedded.Memory;

/// <summary>How many bytes the arena may hand out, and whether entries are evicted to stay below.</summary>
/// <remarks>
/// <code>
///   TotalBytes    ────────────────────────────────   what was asked for
///                   OutsideBytes: memory that counts and is not the arena's
///   LimitBytes    ────────╮                          what an allocation may reach now
///                          ╰──╮  after each step of BudgetChange: as much as is still in use
///   MaxBytes      ╌╌╌╌╌╌╌╌╌╌╌╌╌╰──────────────────   what is left for the arena
/// </code>
/// The latter two differ only while a budget that was lowered is being worked off: were the limit the new budget at once, the first write after the change would have to evict everything that is too much.
/// </remarks>
internal sealed class MemoryBudget
{
    private long _totalBytes;
    private long _outsideBytes;
    private long _maxBytes;
    private long _limitBytes;
    private volatile bool _evicts;

    public MemoryBudget(long totalBytes, bool evicts)
    {
        Change(totalBytes, 0, evicts);
    }

    /// <summary>The budget in bytes, as it was asked for; 0 = none.</summary>
    public long TotalBytes => Volatile.Read(ref _totalBytes);

    /// <summary>What is in use outside of the arena and counts against the budget.</summary>
    public long OutsideBytes => Volatile.Read(ref _outsideBytes);

    /// <summary>The arena's part of the budget; 0 = there is no budget, 1 = nothing is left for it.</summary>
    public long MaxBytes => Volatile.Read(ref _maxBytes);

    /// <summary>Whether entries may be evicted.</summary>
    public bool Evicts => _evicts;

    /// <summary>The limit for <see cref="Arena.TryAllocate"/>; <see cref="long.MaxValue"/> without a budget.</summary>
    public long LimitBytes => Volatile.Read(ref _limitBytes);

    /// <summary>Whether more may still be in use than <see cref="MaxBytes"/>, because it was lowered.</summary>
    public bool IsBeingLowered => MaxBytes is > 0 and var limit && LimitBytes > limit;

    /// <summary>What a budget leaves for the arena.</summary>
    public static long ArenaBytes(long totalBytes, long outsideBytes) => totalBytes == 0 ? 0 : Math.Max(totalBytes - outsideBytes, 1);

    /// <summary>Sets another budget; writes that begin from here on keep it.</summary>
    public void Change(long totalBytes, long outsideBytes, bool evicts)
    {
        Note(totalBytes, outsideBytes);
        long maxBytes = ArenaBytes(totalBytes, outsideBytes);
        Volatile.Write(ref _maxBytes, maxBytes);
        Volatile.Write(ref _limitBytes, maxBytes > 0 ? maxBytes : long.MaxValue);
        _evicts = evicts && maxBytes > 0;
    }

    /// <summary>Sets a budget below what is in use, with eviction. Until <see cref="LowerLimit"/> has brought the limit down, writes evict as much as they add.</summary>
    public void BeginLowering(long totalBytes, long outsideBytes, long usedBytes)
    {
        _evicts = true;
        Note(totalBytes, outsideBytes);
        long maxBytes = ArenaBytes(totalBytes, outsideBytes);
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

    private void Note(long totalBytes, long outsideBytes)
    {
        Volatile.Write(ref _totalBytes, totalBytes);
        Volatile.Write(ref _outsideBytes, outsideBytes);
    }
}
