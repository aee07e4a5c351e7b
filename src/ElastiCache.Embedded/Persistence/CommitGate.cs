namespace ElastiCache.Embedded.Persistence;

/// <summary>Where callers wait for a cycle to be complete. Cycles complete in order; one completion wakes all its callers at once.</summary>
/// <remarks>
/// While cycle n is at the disk the callers of n+1 gather, so nearly all who wait are waiting for one of two numbers. Threads
/// therefore wait at one of two monitors, by the parity of their cycle: completing n wakes those of n and lets those of n+1 sleep.
/// Asynchronous callers of a cycle share one task.
/// </remarks>
internal sealed class CommitGate
{
    private readonly object[] _monitors = [new(), new()];
    private readonly Lock _tasksLock = new();
    private readonly List<(long Cycle, TaskCompletionSource Source)> _tasks = [];
    private long _completed;
    private volatile Func<Exception>? _failure;

    /// <summary>The last cycle that is complete.</summary>
    public long Completed => Volatile.Read(ref _completed);

    /// <summary>Completes all cycles up to <paramref name="cycle"/>.</summary>
    public void Complete(long cycle)
    {
        long before = _completed;
        Volatile.Write(ref _completed, cycle);
        for (long parity = Math.Max(before + 1, cycle - 1); parity <= cycle; parity++)
        {
            Wake(_monitors[parity & 1]);
        }

        CompleteTasks(cycle, null);
    }

    /// <summary>Lets every caller who waits for a later cycle, now or ever, fail. The first failure stays.</summary>
    public void Fail(Func<Exception> failure)
    {
        _failure ??= failure;
        Wake(_monitors[0]);
        Wake(_monitors[1]);
        CompleteTasks(long.MaxValue, _failure);
    }

    /// <summary>Takes a failure back: whoever comes from now on waits again. Those who were told stay told.</summary>
    /// <param name="cycle">The last cycle that is complete.</param>
    public void Reopen(long cycle)
    {
        _failure = null;
        Complete(cycle);
    }

    public void Wait(long cycle)
    {
        if (cycle <= Completed)
        {
            return;
        }

        object monitor = _monitors[cycle & 1];
        lock (monitor)
        {
            while (cycle > Completed)
            {
                ThrowIfFailed();
                Monitor.Wait(monitor);
            }
        }
    }

    public ValueTask WaitAsync(long cycle, CancellationToken cancellationToken)
    {
        if (cycle <= Completed)
        {
            return ValueTask.CompletedTask;
        }

        Task task = TaskOf(cycle);
        return new ValueTask(cancellationToken.CanBeCanceled ? task.WaitAsync(cancellationToken) : task);
    }

    private static void Wake(object monitor)
    {
        lock (monitor)
        {
            Monitor.PulseAll(monitor);
        }
    }

    private Task TaskOf(long cycle)
    {
        lock (_tasksLock)
        {
            if (cycle <= Completed)
            {
                return Task.CompletedTask;
            }

            if (_failure is Func<Exception> failure)
            {
                return Task.FromException(failure());
            }

            foreach ((long waited, TaskCompletionSource shared) in _tasks)
            {
                if (waited == cycle)
                {
                    return shared.Task;
                }
            }

            // Callers must not run on the writer's thread.
            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _tasks.Add((cycle, source));
            return source.Task;
        }
    }

    private void CompleteTasks(long cycle, Func<Exception>? failure)
    {
        lock (_tasksLock)
        {
            for (int i = _tasks.Count - 1; i >= 0; i--)
            {
                if (_tasks[i].Cycle > cycle)
                {
                    continue;
                }

                if (failure is null)
                {
                    _tasks[i].Source.SetResult();
                }
                else
                {
                    _tasks[i].Source.SetException(failure());
                }

                _tasks.RemoveAt(i);
            }
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is Func<Exception> failure)
        {
            throw failure();
        }
    }
}
