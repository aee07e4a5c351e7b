namespace ElastiCache.Embedded.Memory;

/// <summary>Gives the pages of an arena's free spans back to the system, by a thread of the pool, once there are more than are kept for reuse.</summary>
/// <remarks>
/// Each call of the system interrupts all processors that run a thread of the process, takes up to some milliseconds, and breaks a huge page in pieces if it is of a part of one. Slabs become free all over the arena, each
/// by itself at first, and joined to their neighbours a little later. So spans of 2 MB and more go back soon, and shorter ones when a tenth of a second has passed in which none was freed, or after three seconds.
/// The wait ends at once when the process would become larger than it has been (<see cref="Hurry"/>). The largest spans go first. No lock is held meanwhile, and what is being given back is out of everybody's reach.
/// <para>Benchmark: memory --only expire,lower.</para>
/// </remarks>
internal sealed class PageReturn(Arena arena) : IThreadPoolWorkItem
{
    private const int HugePageUnits = (2 << 20) / Arena.UnitBytes;
    private const int LooksUntilAll = 30;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    private int _isWaiting;
    private int _isHurrying;

    /// <summary>Begins, unless it is under way.</summary>
    public void Start()
    {
        if (Volatile.Read(ref _isWaiting) == 0 && Interlocked.Exchange(ref _isWaiting, 1) == 0)
        {
            _ = WaitAsync();
        }
    }

    /// <summary>Gives back without a wait.</summary>
    public void Hurry()
    {
        if (Volatile.Read(ref _isHurrying) == 0 && Interlocked.Exchange(ref _isHurrying, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            GiveBack(leastUnits: 1);
            Interlocked.Exchange(ref _isHurrying, 0);
        }
        while (arena.UnitsBeyondMost > 0 && Interlocked.Exchange(ref _isHurrying, 1) == 0);
    }

    private async Task WaitAsync()
    {
        do
        {
            long freedBefore = -1;
            for (int looks = 1; arena.HoldsTooMuch; looks++)
            {
                await Task.Delay(BetweenLooks, TimeProvider.System).ConfigureAwait(false);
                long freed = arena.FreedUnits;
                GiveBack(freed == freedBefore || looks % LooksUntilAll == 0 ? 1 : HugePageUnits);
                freedBefore = freed;
            }

            Interlocked.Exchange(ref _isWaiting, 0);
        }
        while (arena.HoldsTooMuch && Interlocked.Exchange(ref _isWaiting, 1) == 0);
    }

    private void GiveBack(int leastUnits)
    {
        // More than need be, or each slab that is freed would begin it anew.
        while (arena.IdleBytes > arena.RetainedBytes / 2 && arena.DiscardLargestIdle(leastUnits))
        {
        }

        if (leastUnits == 1)
        {
            arena.EndReturn();
        }

        GC.KeepAlive(arena);    // its pages are mapped until it is finalized
    }
}
