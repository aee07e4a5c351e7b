namespace ElastiCache.Embedded.Memory;

/// <summary>Gives the pages of an arena's free spans back to the system, by a thread of the pool, once there are more than are kept for reuse.</summary>
/// <remarks>
/// To give pages back can take the system some milliseconds, and five million keys that expired in one second made 45,000 such calls. Whoever freed the last block of a slab waited for that with its
/// shard and the arena locked. Here a span is out of everybody's reach meanwhile, and no lock is held; the largest go first, because neighbours that are freed have become one span by then.
/// Benchmark: memory --only expire,lower.
/// </remarks>
internal sealed class PageReturn(Arena arena) : IThreadPoolWorkItem
{
    private int _isRunning;

    /// <summary>Begins, unless it is at work.</summary>
    public void Start()
    {
        if (Volatile.Read(ref _isRunning) == 0 && Interlocked.Exchange(ref _isRunning, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            // More than need be, or each slab that is freed would begin it anew.
            while (arena.IdleBytes > arena.RetainedBytes / 2 && arena.DiscardLargestIdle())
            {
            }

            arena.DiscardAhead();
            Interlocked.Exchange(ref _isRunning, 0);
        }
        while (arena.HoldsTooMuch && Interlocked.Exchange(ref _isRunning, 1) == 0);

        GC.KeepAlive(arena);    // its pages are mapped until it is finalized
    }
}
