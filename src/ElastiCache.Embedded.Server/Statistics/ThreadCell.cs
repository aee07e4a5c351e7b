namespace ElastiCache.Embedded.Server.Statistics;

/// <summary>Gives each living thread a small number, so that it can count in a cache line of its own.</summary>
/// <remarks>
/// A counter that all readers increment would cost more than the read. A thread's number returns to the pool when the thread
/// has ended and its holder is finalized.
/// </remarks>
internal sealed class ThreadCell
{
    private static readonly Lock Guard = new();
    private static readonly PriorityQueue<int, int> Free = new();
    private static int _next;

    [ThreadStatic]
    private static int _numberPlus1;

    [ThreadStatic]
    private static ThreadCell? _holder;

    private readonly int _number;

    private ThreadCell(int number)
    {
        _number = number;
    }

    ~ThreadCell()
    {
        lock (Guard)
        {
            Free.Enqueue(_number, _number);
        }
    }

    /// <summary>The calling thread's number, from 0; no other living thread has it.</summary>
    public static int Number
    {
        get
        {
            int number = _numberPlus1;
            return number != 0 ? number - 1 : Take();
        }
    }

    private static int Take()
    {
        int number;
        lock (Guard)
        {
            if (!Free.TryDequeue(out number, out _))
            {
                number = _next++;
            }
        }

        _holder = new ThreadCell(number);
        GC.KeepAlive(_holder);
        _numberPlus1 = number + 1;
        return number;
    }
}
