using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Persistence;

/// <summary>The append-only log, as the store sees it: takes effects, gives tickets, keeps the promise of the durability mode.</summary>
/// <remarks>
/// The parts, in the order in which an effect meets them: <see cref="EffectLanes"/> (memory, order), <see cref="LogWriter"/>
/// (cycles, with <see cref="LogSync"/> beside them), <see cref="LogFile"/> (batches), <see cref="LogFormat"/> (bytes), <see cref="CommitGate"/> (who waits).
/// This class has the thread that runs the cycles, and decides when it sleeps:
/// <code>
///             a lane becomes dirty                    a few ms, unless somebody waits
///   parked ─────────────────────────► gathering ───────────────────────────────► cycle ──┐
///     ▲                                   ▲              (Always: no gathering)          │
///     └── nothing to do ──────────────────┴── more came meanwhile ───────────────────────┘
/// </code>
/// A ticket is the number of the cycle that takes the effect, or 0 where the mode promises nothing that isn't true already.
/// In modes other than Always a ticket is given only for backpressure: when a lane holds its share of the limit on pending bytes.
/// </remarks>
internal sealed class AppendLog : Journal, IAsyncDisposable, IDisposable
{
    /// <summary>How long effects gather before they are written, when nobody waits: one write() for many effects, and milliseconds
    /// lost when the process dies.</summary>
    private static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(2);

    private static readonly TimeSpan TickPeriod = TimeSpan.FromSeconds(1);

    private readonly AppendLogOptions _options;
    private readonly RecoveredLog _recovered;
    private readonly LogRewriter? _rewriter;
    private readonly EffectLanes _lanes;
    private readonly LogWriter _writer;
    private readonly ITimer _tick;
    private readonly Thread? _thread;
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _isAlways;
    private readonly int _laneBytesLimit;
    private readonly Lock _checkingAge = new();
    private volatile int _state = Open;
    private volatile bool _closing;
    private int _rest = Awake;
    private int _closeCalls;
    private bool _hasToldOfFailure;

    // Why writes are refused; Open where they are not. Poisoned and Closed are for good.
    private const int Open = 0;
    private const int Behind = 1;
    private const int Poisoned = 2;
    private const int Closed = 3;

    // What the writer's thread does.
    private const int Awake = 0;
    private const int Parked = 1;
    private const int Gathering = 2;

    /// <summary>Takes over a recovered folder, and gives it back at <see cref="Close"/>.</summary>
    /// <param name="recovered">The folder.</param>
    /// <param name="locks">The store's locks.</param>
    /// <param name="options">How it is kept.</param>
    /// <param name="clock">The store's clock.</param>
    /// <param name="source">The store's snapshots; null where the log is never rewritten.</param>
    public AppendLog(RecoveredLog recovered, IShardLocks locks, AppendLogOptions options, CacheClock clock, IRewriteSource? source = null)
    {
        _options = options;
        _recovered = recovered;
        _isAlways = options.Mode == DurabilityMode.Always;
        _laneBytesLimit = (int)Math.Clamp(options.PendingBytesLimit / locks.Count, 1, int.MaxValue);
        _lanes = new EffectLanes(locks);
        _writer = new LogWriter(_lanes, recovered, options.Mode, clock, options.StartThread ? WakeAfterRequest : null)
        {
            OnFailure = OnFailure,
            OnResumed = Resume,
        };
        if (source != null)
        {
            _rewriter = new LogRewriter(recovered.Chain, source, _writer, options, clock, WakeAfterRequest);
        }

        _tick = clock.TimeProvider.CreateTimer(static log => ((AppendLog)log!).Tick(), this, TickPeriod, TickPeriod);
        if (options.StartThread)
        {
            _thread = new Thread(Run) { Name = "ElastiCache.Embedded log", IsBackground = true };
            _thread.Start();
        }
    }

    /// <summary>What poisoned the log; null while it works.</summary>
    public Exception? Failure => _writer.Failure;

    /// <summary>Length, batches and syncs so far, and the age of the oldest write that the disk has not taken.</summary>
    public LogWriter Writer => _writer;

    /// <summary>Whether writes are refused because the disk is too far behind.</summary>
    public bool IsBehind => _state == Behind;

    /// <summary>How often it has begun to be so.</summary>
    public long TimesBehind { get; private set; }

    /// <summary>Its files.</summary>
    public LogChain Chain => _recovered.Chain;

    /// <summary>Its rewrites; null where it is never rewritten.</summary>
    public LogRewriter? Rewriter => _rewriter;

    /// <summary>Whether the writer's thread has found nothing to do and sleeps.</summary>
    public bool IsParked => Volatile.Read(ref _rest) == Parked;

    public override EffectBuffer this[int shard] => _lanes[shard];

    /// <summary>About how many bytes of memory take what waits for the writer. O(shards).</summary>
    public long BufferedBytes => _lanes.HeldBytes;

    public override void ThrowIfRefusing()
    {
        if (_state != Open)
        {
            ThrowRefusal();
        }
    }

    public override JournalTicket Complete(int shard)
    {
        bool isWhole = _lanes[shard].IsWhole;
        long cycle = _lanes.Complete(shard, out bool isFirst);
        if (!isWhole)
        {
            RefuseForLackOfMemory();
        }

        if (isFirst)
        {
            Wake(isUrgent: false);
        }

        return _isAlways || _lanes[shard].Length >= _laneBytesLimit ? new JournalTicket(cycle) : default;
    }

    public override EffectBuffer BeginBlock(ReadOnlySpan<int> shards) => _lanes.BeginBlock(shards);

    public override JournalTicket CompleteBlock(EffectBuffer block)
    {
        bool isWhole = block.IsWhole;
        long cycle = _lanes.CompleteBlock(block);
        if (!isWhole)
        {
            RefuseForLackOfMemory();
        }

        Wake(isUrgent: false);
        return _isAlways || _lanes.QueuedBytes >= _options.PendingBytesLimit ? new JournalTicket(cycle) : default;
    }

    public override void Wait(JournalTicket ticket)
    {
        if (ticket.Commit != 0)
        {
            Wake(isUrgent: true);
            _writer.Acknowledged.Wait(ticket.Commit);
        }
    }

    public override ValueTask WaitAsync(JournalTicket ticket, CancellationToken cancellationToken)
    {
        if (ticket.Commit == 0)
        {
            return ValueTask.CompletedTask;
        }

        Wake(isUrgent: true);
        return _writer.Acknowledged.WaitAsync(ticket.Commit, cancellationToken);
    }

    /// <summary>Whether the mode's promise holds for the ticket already.</summary>
    public bool IsComplete(JournalTicket ticket) => ticket.Commit <= _writer.Acknowledged.Completed;

    /// <summary>Returns when everything that was complete before the call is on disk, in any mode.</summary>
    /// <exception cref="LogPoisonedException">It can't be.</exception>
    public void Flush() => _writer.Durable.Wait(RequestFlush());

    /// <summary>As <see cref="Flush"/>, without holding a thread. Cancelling ends the waiting only.</summary>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => _writer.Durable.WaitAsync(RequestFlush(), cancellationToken);

    /// <summary>Refuses writes from now on, puts everything that was complete on disk, marks the orderly close and gives the folder back.</summary>
    /// <remarks>Nothing may write any more. Does not throw if the disk fails: see <see cref="Failure"/>.</remarks>
    public void Close()
    {
        BeginClose();
        _thread?.Join();
    }

    /// <summary>As <see cref="Close"/>, without holding a thread.</summary>
    public async ValueTask CloseAsync()
    {
        BeginClose();
        await _closed.Task.ConfigureAwait(false);
    }

    public void Dispose() => Close();

    public ValueTask DisposeAsync() => CloseAsync();

    /// <summary>Runs one cycle. Only for tests, without a thread.</summary>
    public void RunCycle()
    {
        _writer.RunCycle();
        CheckAge();
        TellOfFailure();
    }

    // Before those are woken whose writes have failed. A writer that found no memory has a shard's lock, so it leaves the telling to the log's thread.
    private void OnFailure()
    {
        _state = Poisoned;
        if (_thread is null || Thread.CurrentThread == _thread)
        {
            TellOfFailure();
        }
    }

    private void TellOfFailure()
    {
        if (_writer.Failure is Exception cause && !_hasToldOfFailure)
        {
            _hasToldOfFailure = true;
            _options.Poisoned?.Invoke(new LogPoisonedException(_writer.Path, cause));
        }
    }

    private void Run()
    {
        while (!_closing)
        {
            if (!_writer.HasWork)
            {
                Rest(Parked, _writer.Backlog.IsAny ? LogWriter.LongestWithoutSync : Timeout.InfiniteTimeSpan);
                _writer.Backlog.Wakes();
            }

            if (_isAlways)
            {
                LetCallersIn();
            }
            else
            {
                Rest(Gathering, GatherTime);
            }

            RunCycle();
        }

        Finish();
    }

    // The callers of the last cycle have just been woken and want to write again. Those that can run now join this sync; where
    // there are none, Yield returns false at once. With 256 threads: 117 to 155 writes a sync instead of 93 to 103.
    private static void LetCallersIn()
    {
        for (int i = 0; i < 4 && Thread.Yield(); i++)
        {
        }
    }

    /// <remarks>
    /// Says that it rests, then looks once more whether it may; whoever brings work does so first and then looks whether the writer
    /// rests. With a full fence between the two steps on both sides at least one sees the other.
    /// </remarks>
    private void Rest(int how, TimeSpan time)
    {
        Interlocked.Exchange(ref _rest, how);
        bool mayRest = !_closing && !(how == Parked ? _writer.HasWork : _writer.HasUrgentWork);
        if (mayRest)
        {
            _wake.WaitOne(time);
        }

        Interlocked.Exchange(ref _rest, Awake);
    }

    /// <summary>Wakes the writer if it is parked, and if something is urgent, also if it is gathering.</summary>
    private void Wake(bool isUrgent)
    {
        int rest = Volatile.Read(ref _rest);
        if (rest != Awake && (isUrgent || rest == Parked) && Interlocked.CompareExchange(ref _rest, Awake, rest) == rest)
        {
            _wake.Set();
        }
    }

    private void WakeAfterRequest()
    {
        Interlocked.MemoryBarrier();
        Wake(isUrgent: true);
    }

    private long RequestFlush()
    {
        ObjectDisposedException.ThrowIf(_state == Closed, this);
        long cycle = _writer.RequestFlush();
        WakeAfterRequest();
        return cycle;
    }

    private void Tick()
    {
        CheckAge();
        _rewriter?.BeginIfDue();
        if (_options.Mode == DurabilityMode.EverySecond && _writer.Backlog.IsAny)
        {
            _writer.RequestSync();
            WakeAfterRequest();
        }
    }

    // One at a time: who looks when another has just turned the state finds that it has been told of.
    private void CheckAge()
    {
        TimeSpan limit = _options.MaxUnpersistedAge;
        lock (_checkingAge)
        {
            TimeSpan age = _writer.Backlog.Age;
            bool isBehind = limit != Timeout.InfiniteTimeSpan && age > limit;
            int turns = isBehind ? Open : Behind;
            if (Interlocked.CompareExchange(ref _state, isBehind ? Behind : Open, turns) != turns)
            {
                return;
            }

            if (isBehind)
            {
                TimesBehind++;
                _options.FellBehind?.Invoke(age);
            }
            else
            {
                _options.CaughtUp?.Invoke();
            }
        }
    }

    private void Resume()
    {
        _hasToldOfFailure = false;
        if (Interlocked.CompareExchange(ref _state, Open, Poisoned) == Poisoned)
        {
            _options.Resumed?.Invoke();
        }
    }

    private void BeginClose()
    {
        if (Interlocked.Increment(ref _closeCalls) > 1)
        {
            return;
        }

        _tick.Dispose();
        _state = Closed;
        _closing = true;
        WakeAfterRequest();
        if (_thread is null)
        {
            Finish();
        }
    }

    private void Finish()
    {
        _rewriter?.Dispose();
        _writer.Finish();
        TellOfFailure();
        _writer.Acknowledged.Fail(() => new ObjectDisposedException(nameof(AppendLog)));
        _writer.Durable.Fail(() => new ObjectDisposedException(nameof(AppendLog)));
        try
        {
            _writer.CloseFile();
            _recovered.Dispose();
        }
        catch (IOException)
        {
            // The handles are gone with or without an error, and all that counts was synced, or the failure noted, before.
        }

        _closed.SetResult();
    }

    private void RefuseForLackOfMemory() => _writer.Fail(
        new InsufficientMemoryException("there was no memory to encode the effect of a write, which is in the cache but not in the log"));

    private void ThrowRefusal() => throw (_state switch
    {
        Closed => new ObjectDisposedException(nameof(AppendLog)),
        Poisoned => new LogPoisonedException(_writer.Path, _writer.Failure!),
        _ => new LogBehindException(_writer.Path, _writer.Backlog.Age, _options.MaxUnpersistedAge),
    });
}
