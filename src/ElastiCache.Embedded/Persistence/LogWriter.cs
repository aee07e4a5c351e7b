using System.Buffers;
using System.Runtime.InteropServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Persistence;

/// <summary>The disk half of the log: runs the cycles that <see cref="EffectLanes"/> describes, and says what each has reached.</summary>
/// <remarks>
/// One thread at a time runs cycles. A cycle passes up to two gates:
/// <code>
///                    take ──► write() ──► fdatasync
///   Always                                   └► Acknowledged, Durable
///   EverySecond, No               └► Acknowledged     (when due, or for a flush, beside later cycles) └► Durable
/// </code>
/// The first failure of either poisons the log for good: no gate opens again, everybody who waits is told, and what is still
/// taken is thrown away.
/// <para>A rewrite (<see cref="LogRewrite"/>) makes one cycle the last of its file: it begins with all shards locked, is synced whatever the mode, and the next
/// goes into a new increment.</para>
/// </remarks>
internal sealed class LogWriter
{
    /// <summary>In the mode <see cref="DurabilityMode.EverySecond"/>, after how long a cycle syncs without having been asked.</summary>
    public static readonly TimeSpan LongestWithoutSync = TimeSpan.FromSeconds(2);

    // A batch is read into memory as a whole at recovery. Only at this size is a cycle cut into several, which gives up that a
    // cycle is found after a crash as a whole or not at all.
    private const long LargestBatchBytes = 1 << 30;

    private readonly EffectLanes _lanes;
    private readonly LogChain _chain;
    private readonly DurabilityMode _mode;
    private readonly CacheClock _clock;
    private readonly List<LogChunk> _chunks = [];
    private readonly LogSync _sync;
    private LogFile _file;
    private LogFile? _resumed;          // takes what comes after the moment of a rewrite that brings a poisoned log back
    private LogRewrite? _resuming;      // that rewrite, once it has succeeded
    private LogRewrite? _rewriteDue;
    private long _bytesBefore;
    private long _flushRequested;
    private volatile bool _syncDue;
    private volatile Exception? _failure;

    /// <param name="lanes">What is to be written.</param>
    /// <param name="recovered">To what.</param>
    /// <param name="mode">What is promised.</param>
    /// <param name="clock">The store's clock.</param>
    /// <param name="synced">Called by the thread that syncs when a cycle has to note it; null where there is to be no such thread.</param>
    public LogWriter(EffectLanes lanes, RecoveredLog recovered, DurabilityMode mode, CacheClock clock, Action? synced)
    {
        _sync = new LogSync(startsThread: synced != null, synced);
        _lanes = lanes;
        _chain = recovered.Chain;
        _file = recovered.File;
        _bytesBefore = recovered.BytesBefore;
        FileBytes = _file.Length;
        RewrittenBytes = LogBytes;
        _mode = mode;
        _clock = clock;
        Backlog = new WriteBacklog(clock.TimeProvider);
    }

    /// <summary>Passed when a cycle has what the durability mode promises.</summary>
    public CommitGate Acknowledged { get; } = new();

    /// <summary>Passed when a cycle is on disk, whatever the mode.</summary>
    public CommitGate Durable { get; } = new();

    /// <summary>How far the disk is behind.</summary>
    public WriteBacklog Backlog { get; }

    public string Path => _file.Path;

    /// <summary>What poisoned the log; null while it works.</summary>
    public Exception? Failure => _failure;

    /// <summary>Called once, on the thread that runs cycles, when the log is poisoned and before those who wait are told.</summary>
    public Action? OnFailure { get; init; }

    /// <summary>Called on the thread that runs cycles when a poisoned log works again.</summary>
    public Action? OnResumed { get; init; }

    /// <summary>Length of the file that is appended to.</summary>
    public long FileBytes { get; private set; }

    /// <summary>Length of all files.</summary>
    public long LogBytes => Volatile.Read(ref _bytesBefore) + FileBytes;

    /// <summary>What <see cref="LogBytes"/> was after the last rewrite, or when the log was opened.</summary>
    public long RewrittenBytes { get; private set; }

    /// <summary>Batches written so far.</summary>
    public long Batches { get; private set; }

    /// <summary>Successful syncs so far.</summary>
    public long Syncs { get; private set; }

    /// <summary>Whether a cycle would find something to do.</summary>
    public bool HasWork => !_lanes.IsEmpty || HasUrgentWork;

    /// <summary>Whether somebody waits for the next cycle, so that it must not be put off.</summary>
    public bool HasUrgentWork =>
        Volatile.Read(ref _resuming) != null || Volatile.Read(ref _rewriteDue) != null || (_failure is null && (_sync.IsDone || (!_sync.IsRunning && IsSyncDue)));

    /// <summary>For tests, where cycles have no thread: whether a sync that is done is left to be noted by a later cycle, as it may be where there is one.</summary>
    public Func<bool>? NotesSyncLater { get; set; }

    // The timer asks in time, but its calls need a thread of the pool, and a program may keep all of them busy for many seconds.
    private bool IsSyncOverdue => _mode == DurabilityMode.EverySecond && Backlog.Age >= LongestWithoutSync;

    private bool IsSyncDue => _syncDue || Volatile.Read(ref _flushRequested) > Durable.Completed;

    /// <summary>Asks that the next cycle sync.</summary>
    public void RequestSync() => _syncDue = true;

    /// <summary>Asks that everything complete by now become durable.</summary>
    /// <returns>The cycle to wait for at <see cref="Durable"/>.</returns>
    public long RequestFlush()
    {
        Interlocked.MemoryBarrier();
        long cycle = _lanes.Cycle + 1;
        long seen = Volatile.Read(ref _flushRequested);
        while (seen < cycle)
        {
            seen = Interlocked.CompareExchange(ref _flushRequested, cycle, seen);
        }

        return cycle;
    }

    /// <summary>Hands a rewrite to the next cycle.</summary>
    public void RequestRewrite(LogRewrite rewrite) => Interlocked.Exchange(ref _rewriteDue, rewrite);

    /// <summary>Gives up a rewrite that no cycle has begun.</summary>
    /// <param name="cause">Why.</param>
    public void DropRewrite(Exception cause) => Interlocked.Exchange(ref _rewriteDue, null)?.Abandon(cause);

    /// <summary>Notes that a rewrite has succeeded.</summary>
    /// <param name="rewrite">The rewrite. If it brings a poisoned log back, the next cycle does so and completes it.</param>
    public void NoteRewritten(LogRewrite rewrite)
    {
        Volatile.Write(ref _resuming, rewrite.Resumes ? rewrite : null);
        Volatile.Write(ref _bytesBefore, rewrite.BaseBytes);
        RewrittenBytes = LogBytes;
    }

    /// <summary>Takes, writes, and syncs where that is due.</summary>
    public void RunCycle()
    {
        LogRewrite? rewrite = Interlocked.Exchange(ref _rewriteDue, null);
        try
        {
            if (_failure is not null)
            {
                RunPoisoned(rewrite);
                ReturnArrays();
                return;
            }

            long cycle = BeginCycle(ref rewrite);
            _lanes.Take(cycle, _chunks);
            Persist(cycle);
            if (rewrite is not null)
            {
                BeginFile(cycle, rewrite);
            }
        }
        catch (Exception e)
        {
            // Not only what a disk throws: after any failure here the file may hold less than we believe.
            Poison(e);
            rewrite?.Abandon(new LogPoisonedException(Path, e));
        }

        ReturnArrays();
    }

    /// <summary>Writes all that is left and marks an orderly close, unless the log is poisoned. Nobody writes any more.</summary>
    public void Finish()
    {
        do
        {
            RunCycle();
        }
        while (!_lanes.IsEmpty);

        if (_failure is not null)
        {
            DropResumed();
            return;
        }

        try
        {
            Sync(_lanes.Cycle);
            _file.MarkClosed();
        }
        catch (Exception e)
        {
            Poison(e);
        }
    }

    /// <summary>Closes the file that is appended to. No cycle runs any more.</summary>
    public void CloseFile()
    {
        _sync.Drop();
        _sync.EndThread();
        DropResumed();
        _file.Dispose();
    }

    private long BeginCycle(ref LogRewrite? rewrite)
    {
        long cycle = 0;
        if (rewrite is null || !rewrite.TryTakeMoment(() => cycle = _lanes.BeginCycle()))
        {
            rewrite = null;
            cycle = _lanes.BeginCycle();
        }

        return cycle;
    }

    // What came after the moment must not get into the old file, nor anything into the new one before the old is on disk.
    private void BeginFile(long cycle, LogRewrite rewrite)
    {
        Sync(cycle);
        PreparedIncrement next;
        try
        {
            // One second less, so that it begins with a time stamp of its own.
            next = _chain.Prepare(_file.Length, _file.NewestSecond - 1);
        }
        catch (IOException e)
        {
            // The old file is as good as before.
            rewrite.Abandon(e);
            return;
        }

        LogFile file = _chain.Commit(next);
        Volatile.Write(ref _bytesBefore, _bytesBefore + _file.Length);
        _file.Dispose();
        _file = file;
        FileBytes = file.Length;
        rewrite.GoOn(next.Sequence);
    }

    // What was pending when the log was poisoned is in the store, and so in the base of a rewrite. From the moment of that rewrite on effects go into its increment;
    // nobody is told so until base and increment count.
    private void RunPoisoned(LogRewrite? rewrite)
    {
        if (Interlocked.Exchange(ref _resuming, null) is { } resuming)
        {
            rewrite?.Abandon(new SnapshotTakenException());
            Resume(resuming);
            return;
        }

        LogFile? next = null;
        ManifestFile? named = null;
        if (rewrite is not null)
        {
            DropResumed();
            try
            {
                (next, named) = _chain.CreateUnnamed();
            }
            catch (IOException e)
            {
                rewrite.Abandon(e);
                rewrite = null;
            }
        }

        long cycle = BeginCycle(ref rewrite);
        _lanes.Take(cycle, _chunks);
        if (rewrite is not null)
        {
            _resumed = next;
            rewrite.GoOn(named!.Sequence, named);
            return;
        }

        next?.Dispose();
        if (_resumed is { } file)
        {
            AppendChunks(file);
        }
    }

    private void AppendChunks(LogFile file)
    {
        if (_chunks.Count > 0)
        {
            file.Append(CollectionsMarshal.AsSpan(_chunks), _clock.UnixMilliseconds / 1000);
        }
    }

    private void Resume(LogRewrite rewrite)
    {
        long cycle = _lanes.BeginCycle();
        _lanes.Take(cycle, _chunks);
        if (_resumed is not { } file)
        {
            // An append to it has failed meanwhile. The manifest names it, so what was appended before counts, and the log stays poisoned.
            rewrite.Complete(new LogPoisonedException(Path, _failure!));
            return;
        }

        try
        {
            AppendChunks(file);
            file.Sync();
        }
        catch (IOException e)
        {
            rewrite.Complete(new LogPoisonedException(Path, e));
            throw;
        }

        _sync.Drop();
        _file.Dispose();
        (_file, _resumed) = (file, null);
        FileBytes = file.Length;
        Backlog.Ends();
        _failure = null;
        Acknowledged.Reopen(cycle);
        Durable.Reopen(cycle);
        OnResumed?.Invoke();
        rewrite.Complete(null);
    }

    private void DropResumed()
    {
        _resumed?.Dispose();
        _resumed = null;
    }

    private void Persist(long cycle)
    {
        EndSyncIfDone();
        if (_chunks.Count > 0)
        {
            Backlog.Begins();
            WriteBatches();
        }

        if (_mode == DurabilityMode.Always)
        {
            Sync(cycle);
            Acknowledged.Complete(cycle);
            return;
        }

        Acknowledged.Complete(cycle);
        if (_mode == DurabilityMode.No)
        {
            Backlog.Ends();
        }

        if ((IsSyncDue || IsSyncOverdue) && !_sync.IsRunning)
        {
            _syncDue = false;
            BeginSync(cycle);
        }
    }

    private void BeginSync(long cycle)
    {
        if (_file.DurableLength == _file.Length)
        {
            Sync(cycle);
            return;
        }

        Backlog.SyncBegins();
        _sync.Begin(_file, cycle);
        EndSyncIfDone();
    }

    private void EndSyncIfDone()
    {
        if (_sync.IsDone && NotesSyncLater?.Invoke() != true)
        {
            EndSync();
        }
    }

    private void EndSync()
    {
        _sync.End();
        Syncs++;
        Backlog.SyncEnds();
        Durable.Complete(_sync.Cycle);
    }

    private void WriteBatches()
    {
        ReadOnlySpan<LogChunk> chunks = CollectionsMarshal.AsSpan(_chunks);
        while (chunks.Length > 0)
        {
            int count = 1;
            for (long bytes = chunks[0].Bytes.Count; count < chunks.Length && (bytes += chunks[count].Bytes.Count) <= LargestBatchBytes;)
            {
                count++;
            }

            _file.Append(chunks[..count], _clock.UnixMilliseconds / 1000);
            chunks = chunks[count..];
            FileBytes = _file.Length;
            Batches++;
        }
    }

    private void Sync(long cycle)
    {
        // A failure is told to one of those who sync a file, so none may be left to another.
        if (_sync.IsRunning)
        {
            EndSync();
        }

        if (_file.DurableLength < _file.Length)
        {
            _file.Sync();
            Syncs++;
        }

        Backlog.Ends();
        Durable.Complete(cycle);
    }

    /// <summary>Poisons the log from outside: the store has changed in a way that the log can't tell.</summary>
    public void Fail(Exception cause) => Poison(cause);

    private void Poison(Exception cause)
    {
        _failure ??= cause;
        DropResumed();
        DropRewrite(new LogPoisonedException(Path, cause));
        OnFailure?.Invoke();
        Acknowledged.Fail(() => new LogPoisonedException(Path, cause));
        Durable.Fail(() => new LogPoisonedException(Path, cause));
    }

    private void ReturnArrays()
    {
        foreach (LogChunk chunk in _chunks)
        {
            if (chunk.OwnsArray)
            {
                ArrayPool<byte>.Shared.Return(chunk.Bytes.Array!);
            }
        }

        _chunks.Clear();
    }
}
