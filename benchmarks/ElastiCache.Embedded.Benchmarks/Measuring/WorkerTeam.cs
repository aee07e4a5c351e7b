namespace ElastiCache.Embedded.Benchmarks.Measuring;

/// <summary>Threads that live as long as the run and start every lap together.</summary>
/// <remarks>
/// Each measures its own CPU time around its own work, so waiting for the others at the start is free.
/// The same threads serve both sides of a comparison: a cold stack or a new thread favours nobody.
/// </remarks>
internal sealed class WorkerTeam : IDisposable
{
    private readonly Barrier _start;
    private readonly Barrier _finish;
    private readonly Thread[] _threads;
    private readonly Lap[] _laps;
    private Func<int, (long Operations, long Hits)>? _work;
    private Exception? _failure;

    public WorkerTeam(int threads)
    {
        _start = new Barrier(threads + 1);
        _finish = new Barrier(threads + 1);
        _laps = new Lap[threads];
        _threads = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            int index = i;
            _threads[i] = new Thread(() => Serve(index)) { IsBackground = true, Name = $"worker {i}" };
            _threads[i].Start();
        }
    }

    public int Threads => _threads.Length;

    /// <summary>Runs <paramref name="work"/> once on every thread, passing the thread's number, and adds up what it cost.</summary>
    public Lap Run(Func<int, (long Operations, long Hits)> work)
    {
        _work = work;
        _start.SignalAndWait();
        _finish.SignalAndWait();
        if (_failure is { } failure)
        {
            _failure = null;
            throw new InvalidOperationException("A worker failed: " + failure.Message, failure);
        }

        return _laps.Aggregate((a, b) => a + b);
    }

    public void Dispose()
    {
        _work = null;
        _start.SignalAndWait();
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        _start.Dispose();
        _finish.Dispose();
    }

    private void Serve(int index)
    {
        while (true)
        {
            _start.SignalAndWait();
            if (_work is not { } work)
            {
                return;
            }

            try
            {
                long allocated = GC.GetAllocatedBytesForCurrentThread();
                long begin = Clocks.ThreadNanoseconds;
                (long operations, long hits) = work(index);
                long end = Clocks.ThreadNanoseconds;
                _laps[index] = new Lap(operations, end - begin, GC.GetAllocatedBytesForCurrentThread() - allocated, hits);
            }
            catch (Exception exception) // carried to the caller of Run, who throws it
            {
                _failure = exception;
            }

            _finish.SignalAndWait();
        }
    }
}
