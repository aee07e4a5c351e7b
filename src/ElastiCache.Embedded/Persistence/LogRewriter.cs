using System.Runtime.ExceptionServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Persistence;

/// <summary>Begins the log's rewrites, one at a time, when asked and by itself as the log grows.</summary>
internal sealed class LogRewriter(
    LogChain chain, IRewriteSource source, LogWriter writer, AppendLogOptions options, CacheClock clock, Action wakeWriter) : IDisposable
{
    // After a failure the disk is given time: one minute, then twice as long each time, up to an hour. While the log is poisoned, and writes wait for it, less.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);
    private static readonly TimeSpan FirstPausePoisoned = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPausePoisoned = TimeSpan.FromMinutes(1);

    /// <summary>With more increments it is rewritten by itself, unless that is switched off.</summary>
    /// <remarks>In an envelope each opening begins one, for nothing is appended to a file of an earlier opening; and each makes the next opening longer (docs/durability.md).</remarks>
    public const int ManyIncrements = 64;

    /// <summary>With more it is rewritten in any case, before the cache is given out: all are open while the log is read, and a process may have no more than some thousand files.</summary>
    /// <remarks>It comes to that where no process lives long enough for a rewrite in the background, or none is wanted.</remarks>
    public const int TooManyIncrements = 256;

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly ManualResetEventSlim _idle = new(initialState: true);
    private LogRewrite? _running;
    private long _notBefore;
    private long _began;
    private bool _isClosed;

    /// <summary>It is rewritten by itself when it has grown by so many percent; 0 for never.</summary>
    public int GrowthPercent { get; set; } = options.RewriteGrowthPercent;

    /// <summary>But not below this length.</summary>
    public long MinBytes { get; set; } = options.RewriteMinBytes;

    /// <summary>Whether one is running.</summary>
    public bool IsRunning => Volatile.Read(ref _running) != null;

    /// <summary>The end of the one that is running; null if none is.</summary>
    public Task? Current => Volatile.Read(ref _running)?.Completion;

    /// <summary>How long the one that runs has taken so far; null if none runs.</summary>
    public TimeSpan? Running => IsRunning ? clock.TimeProvider.GetElapsedTime(Volatile.Read(ref _began)) : null;

    /// <summary>How long the last one took; null before the first.</summary>
    public TimeSpan? LastDuration { get; private set; }

    /// <summary>Those that succeeded.</summary>
    public long Rewrites { get; private set; }

    /// <summary>Those that failed.</summary>
    public long Failures { get; private set; }

    /// <summary>Those that failed since one succeeded.</summary>
    public int FailuresInARow { get; private set; }

    /// <summary>Begins a rewrite.</summary>
    /// <returns>Its end; null if one is running already.</returns>
    public Task? TryBegin() => TryBegin(isAutomatic: false);

    /// <summary>Rewrites the log, holding the thread. None may be running.</summary>
    public void Rewrite() => Rewrite(isAutomatic: false);

    /// <summary>As <see cref="Rewrite()"/> if there are <see cref="TooManyIncrements"/>. To be called once the store has its log and nobody writes yet. A failure is told as that of a rewrite in the background.</summary>
    public void RewriteIfOverdue()
    {
        if (Increments <= TooManyIncrements)
        {
            return;
        }

        try
        {
            Rewrite(isAutomatic: true);
        }
        catch (LogException)
        {
            // The log goes on, or is poisoned and says so to whoever writes.
        }
    }

    private int Increments => chain.Manifest.Increments.Count();

    private void Rewrite(bool isAutomatic)
    {
        Task end = TryBegin(isAutomatic) ?? throw new InvalidOperationException("A rewrite is running.");
        _idle.Wait();
        SpinWait.SpinUntil(() => end.IsCompleted);
        if (end.Exception is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure.InnerException!);
        }
    }

    /// <summary>Begins one if the log has grown by as much as <see cref="GrowthPercent"/> says, has many increments, or is poisoned. Called each second.</summary>
    public void BeginIfDue()
    {
        long bytes = writer.LogBytes;
        bool hasGrown = GrowthPercent > 0 && bytes >= MinBytes && bytes - writer.RewrittenBytes >= writer.RewrittenBytes * (double)GrowthPercent / 100;
        bool hasManyFiles = GrowthPercent > 0 && Increments > ManyIncrements;
        if (!(hasGrown || hasManyFiles || writer.Failure != null) || _isClosed || IsRunning || clock.TimeProvider.GetTimestamp() < Volatile.Read(ref _notBefore))
        {
            return;
        }

        try
        {
            TryBegin(isAutomatic: true);
        }
        catch (ObjectDisposedException)
        {
            // Closed since the check above.
        }
    }

    /// <summary>Runs the background part of a rewrite that waits for it. Only for tests, without a thread.</summary>
    /// <returns>Whether one was waiting.</returns>
    public bool RunBackground()
    {
        if (_running is not { IsReady: true } rewrite)
        {
            return false;
        }

        rewrite.Run();
        return true;
    }

    /// <summary>Ends the rewrite that runs, without success, and returns when it has ended. None begins any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
        }

        writer.DropRewrite(new ObjectDisposedException(nameof(AppendLog)));
        _closing.Cancel();
        if (!options.StartThread)
        {
            RunBackground();
        }

        _idle.Wait();
        _idle.Dispose();
        _closing.Dispose();
    }

    private Task? TryBegin(bool isAutomatic)
    {
        LogRewrite rewrite;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(AppendLog));
            if (_running != null)
            {
                return null;
            }

            rewrite = new LogRewrite(chain, source, clock, _closing.Token)
            {
                IsAutomatic = isAutomatic,
                OnReady = options.StartThread ? StartBackground : null,
                OnEnd = NoteEnd,
            };
            _began = clock.TimeProvider.GetTimestamp();
            Volatile.Write(ref _running, rewrite);
            _idle.Reset();

            // Under the lock, so that whoever closes finds it with the writer or begun.
            writer.RequestRewrite(rewrite);
        }

        wakeWriter();
        return rewrite.Completion;
    }

    private void StartBackground(LogRewrite rewrite) =>
        new Thread(rewrite.Run) { Name = "ElastiCache.Embedded rewrite", IsBackground = true }.Start();

    private void NoteEnd(LogRewrite rewrite, Exception? failure)
    {
        LastDuration = clock.TimeProvider.GetElapsedTime(_began);
        if (failure == null)
        {
            writer.NoteRewritten(rewrite);
            Rewrites++;
            FailuresInARow = 0;
            _notBefore = 0;
        }
        else if (failure is IOException)
        {
            (TimeSpan first, TimeSpan longest) = writer.Failure == null ? (FirstPause, LongestPause) : (FirstPausePoisoned, LongestPausePoisoned);
            TimeSpan pause = first * Math.Pow(2, Math.Min(FailuresInARow, 10));
            FailuresInARow++;
            Failures++;
            pause = pause < longest ? pause : longest;
            _notBefore = clock.TimeProvider.GetTimestamp() + (long)(pause.TotalSeconds * clock.TimeProvider.TimestampFrequency);
        }

        Volatile.Write(ref _running, null);
        _idle.Set();
        if (rewrite.Resumes)
        {
            wakeWriter();
        }

        if (rewrite.IsAutomatic && failure is IOException)
        {
            options.RewriteFailed?.Invoke(failure);
        }
    }
}
