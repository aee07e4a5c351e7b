namespace ElastiCache.Embedded.Memory;

/// <summary>Gives the pages of an arena's free spans back to the system, by a thread of the pool, once there are more than are kept for reuse.</summary>
/// <remarks>
/// Each call of the system interrupts all processors that run a thread of the process, takes up to some milliseconds, and breaks a huge page in pieces if it is of a part of one. Slabs become free all over the arena, each
/// by itself at first, and joined to their neighbours a little later. So spans of 2 MB and more go back soon, and shorter ones when a tenth of a second has passed in which none was freed, or after three seconds.
/// The largest go first. No lock is held meanwhile, and what is being given back is out of everybody's reach.
/// Nobody is the poorer for the wait: free spans are handed out again before new pages are, so the process is never larger than it has been.
/// <para>Benchmark: memory --only expire,lower.</para>
/// </remarks>
internal sealed class PageReturn(Arena arena)
{
    private const int HugePageUnits = (2 << 20) / Arena.UnitBytes;
    private const int LooksUntilAll = 30;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    private int _isRunning;

    /// <summary>Begins, unless it is under way.</summary>
    public void Start()
    {
        if (Volatile.Read(ref _isRunning) == 0 && Interlocked.Exchange(ref _isRunning, 1) == 0)
        {
            _ = RunAsync();
        }
    }

    private async Task RunAsync()
    {
        do
        {
            await GiveBackAsync().ConfigureAwait(false);
            Interlocked.Exchange(ref _isRunning, 0);
        }
        while (arena.HoldsTooMuch && Interlocked.Exchange(ref _isRunning, 1) == 0);
    }

    private async Task GiveBackAsync()
    {
        long freedBefore = -1;
        int looks = 0;
        while (arena.HoldsTooMuch)
        {
            await Task.Delay(BetweenLooks, TimeProvider.System).ConfigureAwait(false);
            long freed = arena.FreedUnits;
            bool takesAll = freed == freedBefore || ++looks % LooksUntilAll == 0;
            freedBefore = freed;

            // More than need be, or each slab that is freed would begin it anew.
            while (arena.IdleBytes > arena.RetainedBytes / 2 && arena.DiscardLargestIdle(takesAll ? 1 : HugePageUnits))
            {
            }

            if (takesAll)
            {
                arena.DiscardAhead();
            }
        }

        GC.KeepAlive(arena);    // its pages are mapped until it is finalized
    }
}
