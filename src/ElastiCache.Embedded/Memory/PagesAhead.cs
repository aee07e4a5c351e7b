namespace ElastiCache.Embedded.Memory;

/// <summary>Has the system back an arena's next pages before they are handed out, by a thread of the pool.</summary>
/// <remarks>
/// The system fills a page with zeros when it is first written. A huge page has 2 MB, which takes it up to some milliseconds, and the writer would wait for that with its
/// shard locked: the slowest insertion of a growing cache (benchmark: compare, "growth").
/// <code>
///   handed out                    │ ahead: a quarter of that, 2 to 16 MB │ never touched
///   ──────────────────────────────┴──────────────────────────────────────┴───────────────
///                              frontier                                touched
/// </code>
/// When half of what was ahead has been handed out, as much is touched anew, but nothing beyond the budget; once the arena is a quarter empty they are given back. To touch a page is an interlocked <c>or</c> with 0, which
/// is a write to the system and changes nothing, even if the page has been handed out meanwhile and is being written. Not on Windows, where a page has to be
/// committed first.
/// </remarks>
internal sealed unsafe class PagesAhead(Arena arena) : IThreadPoolWorkItem
{
    private const long HugePageBytes = 2L << 20;
    private const long MostBytes = 16L << 20;

    private readonly Lock _lock = new();
    private long _begin;        // offsets from the arena's base
    private long _end;
    private long _touched;
    private int _isRunning;
    private bool _isStopped;

    /// <summary>Notes how much has been handed out. The arena is locked.</summary>
    /// <param name="frontier">The offset of the first page that was never handed out.</param>
    /// <param name="most">The offset of the last page that may be.</param>
    /// <returns>Whether <see cref="Start"/> is to be called, which may be done later.</returns>
    public bool HasWork(long frontier, long most)
    {
        if (OperatingSystem.IsWindows() || frontier < HugePageBytes)
        {
            return false;
        }

        long ahead = Math.Clamp(frontier / 4, HugePageBytes, MostBytes);
        if (Volatile.Read(ref _touched) - frontier > ahead / 2 || most <= frontier)
        {
            return false;
        }

        Volatile.Write(ref _begin, frontier);
        Volatile.Write(ref _end, Math.Min(frontier + ahead, most));
        return Interlocked.Exchange(ref _isRunning, 1) == 0;
    }

    /// <summary>Begins in a thread of the pool.</summary>
    public void Start() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    /// <summary>Gives back what was touched and not handed out since, unless the thread is at work. The arena is locked, so nothing of it is being handed out.</summary>
    public void GiveBack(long frontier)
    {
        if (Volatile.Read(ref _touched) <= frontier || !_lock.TryEnter())
        {
            return;
        }

        try
        {
            VirtualMemory.Discard(arena.Base + frontier, _touched - frontier);
            Volatile.Write(ref _end, 0);
            Volatile.Write(ref _touched, frontier);
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>Touches no page any more.</summary>
    /// <returns>The offset behind the last page that was touched.</returns>
    public long Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
            return _touched;
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            while (TouchSome())
            {
            }

            Interlocked.Exchange(ref _isRunning, 0);
        }
        while (IsAnyLeft && Interlocked.Exchange(ref _isRunning, 1) == 0);

        GC.KeepAlive(arena);    // its pages are mapped until it is finalized
    }

    private bool IsAnyLeft => !_isStopped && Math.Max(_touched, Volatile.Read(ref _begin)) < Volatile.Read(ref _end);

    // Up to the end of a huge page.
    private bool TouchSome()
    {
        lock (_lock)
        {
            if (!IsAnyLeft)
            {
                return false;
            }

            long begin = Math.Max(_touched, Volatile.Read(ref _begin));
            long toBorder = HugePageBytes - ((long)(arena.Base + begin) & (HugePageBytes - 1));
            long end = Math.Min(Volatile.Read(ref _end), begin + toBorder);
            for (byte* page = arena.Base + begin; page < arena.Base + end; page += Arena.UnitBytes)
            {
                Interlocked.Or(ref *(int*)page, 0);
            }

            Volatile.Write(ref _touched, end);
            return true;
        }
    }
}
