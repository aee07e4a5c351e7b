using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence.Rdb;

namespace ElastiCache.Embedded.Persistence;

/// <summary>A rewrite did not begin, because another snapshot of the store is running.</summary>
internal sealed class SnapshotTakenException() : InvalidOperationException("Another snapshot of this cache is running: wait for it.");

/// <summary>One rewrite of the log: the state of a moment becomes the base of what is written after it.</summary>
/// <remarks>
/// <code>
///   the log's writer:   all shards locked: the moment ─► its cycle's effects end the old increment ─► a new increment begins, and takes what comes
///   in the background:                                                                                 └─► the base is written ─► the switch ─► old files go
/// </code>
/// Until the switch the old files and the new increment count, after it the base and the new increment; both are the same state. See <see cref="LogChain"/>.
/// </remarks>
internal sealed class LogRewrite(LogChain chain, IRewriteSource source, CacheClock clock, CancellationToken closing)
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IStoreMoment? _moment;
    private Exception? _failure;
    private long _sequence;
    private ManifestFile? _increment;
    private long _momentUnixMs;

    /// <summary>Ends when the rewrite has ended; fails with <see cref="LogRewriteException"/>, and with <see cref="ObjectDisposedException"/> when the log was closed.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Whether the background part is due.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Length of the base; 0 before it is complete.</summary>
    public long BaseBytes { get; private set; }

    /// <summary>Whether nobody asked for it.</summary>
    public bool IsAutomatic { get; init; }

    /// <summary>Called by the writer as soon as the background part is due, if there is a thread for it.</summary>
    public Action<LogRewrite>? OnReady { get; init; }

    /// <summary>Called once when it has ended, with the failure if any, before <see cref="Completion"/> ends.</summary>
    public Action<LogRewrite, Exception?>? OnEnd { get; init; }

    /// <summary>The writer, first: fixes the moment.</summary>
    /// <returns>False if it can't be now; the rewrite has ended then.</returns>
    public bool TryTakeMoment(Action atMoment)
    {
        try
        {
            _momentUnixMs = clock.UnixMilliseconds;
            _moment = source.TryBegin(atMoment);
        }
        catch (ObjectDisposedException e)
        {
            End(e);
            return false;
        }

        if (_moment == null)
        {
            End(new SnapshotTakenException());
        }

        return _moment != null;
    }

    /// <summary>The writer, then: the increment of this number takes everything after the moment.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="unnamed">The increment where the log is poisoned: no manifest names it yet, and it counts with the base. Null elsewhere.</param>
    public void GoOn(long sequence, ManifestFile? unnamed = null)
    {
        (_sequence, _increment) = (sequence, unnamed);
        BecomeReady();
    }

    /// <summary>Whether it brings a poisoned log back.</summary>
    public bool Resumes => _increment != null;

    /// <summary>Gives up, at any time before the background part. Never throws.</summary>
    public void Abandon(Exception cause)
    {
        if (_moment == null)
        {
            End(cause);
        }
        else
        {
            _failure ??= cause;
            BecomeReady();
        }
    }

    /// <summary>The background part. Never throws.</summary>
    public void Run()
    {
        Exception? failure = _failure;
        try
        {
            if (failure != null)
            {
                _moment!.Discard();
            }
            else
            {
                WriteBase();
            }
        }
        catch (Exception e)
        {
            failure ??= e;
        }

        End(failure);
    }

    private void BecomeReady()
    {
        IsReady = true;
        OnReady?.Invoke(this);
    }

    private void WriteBase()
    {
        IStorage storage = chain.Storage;
        string name = LogFolder.BaseName(_sequence);
        try
        {
            using IStorageFile file = OpenBase(storage, name);
            var writer = new RdbFileWriter(file, _momentUnixMs, isLogBase: true);
            _moment!.Write(writer, closing);
            BaseBytes = writer.Length;
        }
        catch
        {
            TryDelete(storage, LogFolder.InDirectory(name));
            throw;
        }

        chain.SwitchTo(new ManifestFile(name, _sequence, ManifestFileType.Base), _increment, clock.UnixMilliseconds / 1000);
        chain.DeleteUnnamed();
    }

    private IStorageFile OpenBase(IStorage storage, string name)
    {
        try
        {
            return LogFolder.CreateAnew(storage, name);
        }
        catch
        {
            _moment!.Discard();
            throw;
        }
    }

    // It was never named, so the next rewrite deletes it where this can't.
    private static void TryDelete(IStorage storage, string name)
    {
        try
        {
            storage.Delete(name);
        }
        catch (IOException)
        {
            // The disk that has just failed. The first failure is the one to tell.
        }
    }

    private void End(Exception? failure)
    {
        failure = failure switch
        {
            OperationCanceledException or ObjectDisposedException =>
                new ObjectDisposedException(nameof(AppendLog), "The cache was closed before its log was rewritten. Nothing is lost."),
            IOException and not LogPoisonedException or OutOfMemoryException => new LogRewriteException(chain.Storage.PathOf(LogFolder.Directory), failure),
            _ => failure,
        };
        OnEnd?.Invoke(this, failure);
        if (failure != null || !Resumes)
        {
            Complete(failure);
        }
    }

    /// <summary>Tells those who wait how it has ended. The writer calls it where a poisoned log works again, or doesn't.</summary>
    public void Complete(Exception? failure)
    {
        if (failure == null)
        {
            _completion.TrySetResult();
        }
        else
        {
            _completion.TrySetException(failure);

            // Nobody may be waiting for it.
            _ = _completion.Task.Exception;
        }
    }
}
