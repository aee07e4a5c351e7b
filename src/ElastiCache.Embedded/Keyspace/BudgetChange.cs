using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Another budget while the cache is in use. Up, it counts at once; down, the store is brought below it in small steps, and no write waits for more than one.</summary>
/// <remarks>
/// One thread of the pool goes round the shards. A step is some ten microseconds of a shard's lock: up to 64 evictions, fewer if somebody waits for the shard, or one sparse slab emptied
/// so that its memory goes back to the system. After each round the limit that writers keep sinks to what is in use (<see cref="MemoryBudget"/>). The
/// work ends when that is the budget, or when nothing is left that may be evicted; then the budget counts as it is, and writes are refused.
/// <para>Benchmark: memory --only lower.</para>
/// </remarks>
internal sealed class BudgetChange(Store store)
{
    private readonly Lock _lock = new();
    private Task _lowering = Task.CompletedTask;

    /// <summary>Changes the budget.</summary>
    /// <param name="totalBytes">The new one; 0 for none.</param>
    /// <param name="evicts">Whether entries are evicted to keep it.</param>
    /// <param name="done">
    /// Completed when no more than the budget is in use, or all was evicted that may be. Fails if an eviction can't be logged for want of memory; then the budget
    /// counts as it is, and writes evict for themselves.
    /// </param>
    /// <returns>False if the addresses that were reserved when the cache was opened don't reach so far; then nothing changes.</returns>
    public bool TryBegin(long totalBytes, bool evicts, out Task done)
    {
        lock (_lock)
        {
            done = Task.CompletedTask;
            if (totalBytes > store.Arena.CapacityBytes || (evicts && !store.HasEvictors))
            {
                return false;
            }

            done = Keep(totalBytes, store.Budget.OutsideBytes, evicts);
            return true;
        }
    }

    /// <summary>Counts memory that is not the arena's: what it takes is left to the arena no longer, and entries give way to it in the background. May be called with a shard locked.</summary>
    /// <param name="bytes">By how much there is more, or less if negative.</param>
    public void CountOutside(long bytes)
    {
        lock (_lock)
        {
            MemoryBudget budget = store.Budget;
            _ = Keep(budget.TotalBytes, budget.OutsideBytes + bytes, budget.Evicts);
        }
    }

    // With the lock held.
    private Task Keep(long totalBytes, long outsideBytes, bool evicts)
    {
        MemoryBudget budget = store.Budget;
        if (evicts && totalBytes > 0 && store.Arena.UsedBytes > MemoryBudget.ArenaBytes(totalBytes, outsideBytes))
        {
            budget.BeginLowering(totalBytes, outsideBytes, store.Arena.UsedBytes);
            store.RecordAccesses();
            if (_lowering.IsCompleted)
            {
                _lowering = Task.Run(Lower);
            }

            return _lowering;
        }

        budget.Change(totalBytes, outsideBytes, evicts);
        if (budget.Evicts)
        {
            store.RecordAccessesAt(budget.MaxBytes / 2);
        }

        return Task.CompletedTask;
    }

    private void Lower()
    {
        bool goesOn = true;
        while (goesOn)
        {
            bool any = false;
            try
            {
                any = Round();
            }
            finally
            {
                goesOn = Sink(any);
            }
        }
    }

    // With the lock held: a change that comes now must find that the work has ended, or be seen by the next round.
    private bool Sink(bool any)
    {
        lock (_lock)
        {
            MemoryBudget budget = store.Budget;
            budget.LowerLimit(any ? store.Arena.UsedBytes : budget.MaxBytes);

            // Without eviction tables may have grown beyond a budget that isn't lowered now but kept from here on.
            bool isAbove = any && budget.Evicts && store.Arena.UsedBytes > budget.MaxBytes;
            if ((budget.IsBeingLowered || isAbove) && !store.IsDisposed)
            {
                return true;
            }

            _lowering = Task.CompletedTask;
            return false;
        }
    }

    // One step in each shard, so that none gives more than its part.
    private bool Round()
    {
        bool any = false;
        for (int i = 0; i < store.ShardCount && store.Arena.UsedBytes > store.Budget.MaxBytes; i++)
        {
            Shard shard = store.ShardAt(i);
            shard.Enter();
            try
            {
                any |= !store.IsDisposed && shard.Room.TrimStep();
            }
            finally
            {
                shard.Exit();
            }
        }

        return any;
    }
}
