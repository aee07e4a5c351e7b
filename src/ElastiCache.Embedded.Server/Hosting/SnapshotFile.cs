using ElastiCache.Embedded.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace ElastiCache.Embedded.Server.Hosting;

/// <summary>The server's RDB file, <c>dbfilename</c> in <c>dir</c>: SAVE, BGSAVE, the rules of <c>save</c>, and what INFO tells of them.</summary>
/// <remarks>
/// A save runs while commands go on, whichever way it was begun; SAVE answers when it is over.
/// <code>
///   changes since the last save = changes so far − changes at the moment that the last successful save wrote
/// </code>
/// While there are rules, a save in the background that fails makes writes refused until one succeeds (<c>stop-writes-on-bgsave-error</c>): the disk has not what the rules promise.
/// </remarks>
internal sealed partial class SnapshotFile
{
    private const int Never = -1;

    // As Redis: a disk that has just refused is given this long before the rules try it again.
    private const long RetryMilliseconds = 5000;

    private readonly EmbeddedCache _cache;
    private readonly ServerConfiguration _configuration;
    private readonly long _startedAt;
    private long _beganAt = Never;
    private long _triedAt = long.MinValue / 2;
    private long _savedChanges;
    private long? _lastSavedAt;
    private SaveRule[] _rules = [];
    private Task _running = Task.CompletedTask;
    private volatile bool _refusesWrites;

    public SnapshotFile(EmbeddedCache cache, ServerConfiguration configuration)
    {
        _cache = cache;
        _configuration = configuration;
        _startedAt = cache.Clock.UnixMilliseconds;
        _savedChanges = cache.Store.Changes;
        configuration.Act("save", value =>
        {
            _rules = SaveRule.Parse(value);
            Judge();
        });
        configuration.Act("stop-writes-on-bgsave-error", _ => Judge());
    }

    /// <summary>Where it is.</summary>
    public string Path => System.IO.Path.Combine(_configuration["dir"] is { Length: > 0 } dir ? dir : ".", _configuration["dbfilename"]);

    /// <summary>Whether a save is running.</summary>
    public bool IsSaving => Volatile.Read(ref _beganAt) != Never;

    /// <summary>Whether writes are refused because the last save in the background failed.</summary>
    public bool RefusesWrites => _refusesWrites;

    /// <summary>Changes that no save has written; see <see cref="Keyspace.Shard.Changes"/>. O(shards).</summary>
    public long ChangesSinceSave => Math.Max(0, _cache.Store.Changes - Volatile.Read(ref _savedChanges));

    /// <summary>When the last save that succeeded was over, or else the server was started; Unix ms.</summary>
    public long LastSavedAt => _lastSavedAt ?? _startedAt;

    /// <summary>Whether the last save in the background succeeded, or any since; true before the first.</summary>
    public bool LastSucceeded { get; private set; } = true;

    /// <summary>How long the last save took, in seconds; −1 before the first.</summary>
    public long LastSeconds { get; private set; } = Never;

    /// <summary>How long the save that runs has taken so far, in seconds; −1 if none runs.</summary>
    public long CurrentSeconds => Volatile.Read(ref _beganAt) is not Never and var began ? (long)_cache.Clock.TimeProvider.GetElapsedTime(began).TotalSeconds : Never;

    /// <summary>Saves that succeeded.</summary>
    public long Saves { get; private set; }

    /// <summary>The end of the save that runs or was last, however it ends.</summary>
    public Task Ended => _running.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>Begins a save.</summary>
    /// <param name="isBackground">Whether nobody waits for it, so that only its outcome tells of a failure; that of a SAVE is told to who asked for it and changes nothing.</param>
    /// <returns>Its end; null if one is running already. It fails with what the disk says.</returns>
    public Task? TrySave(bool isBackground)
    {
        long now = _cache.Clock.TimeProvider.GetTimestamp();
        if (Interlocked.CompareExchange(ref _beganAt, now, Never) != Never)
        {
            return null;
        }

        _triedAt = _cache.Clock.UnixMilliseconds;
        return _running = SaveAsync(now, isBackground);
    }

    /// <summary>Whether a save belongs to the server's end: it is asked for, or there are rules and nobody says no.</summary>
    public bool SavesAtEnd(bool saves, bool savesNot) => !savesNot && (saves || HasRules);

    /// <summary>Saves what is there at the server's end: after a save that is running, which began too early.</summary>
    /// <returns>Why the data could not be saved: then the server stays, as Redis does, unless somebody says that this doesn't matter. Null if it was.</returns>
    public async Task<Exception?> SaveAtEndAsync()
    {
        Task? save;
        while ((save = TrySave(isBackground: false)) is null)
        {
            await Ended.ConfigureAwait(false);
        }

        try
        {
            await save.ConfigureAwait(false);
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    /// <summary>Begins a save if a rule says so and the log is not being rewritten. Called ten times a second.</summary>
    public void BeginIfDue()
    {
        long now = _cache.Clock.UnixMilliseconds;
        if (!HasRules || IsSaving || _cache.Log?.Rewriter is { IsRunning: true } || (!LastSucceeded && now - _triedAt <= RetryMilliseconds))
        {
            return;
        }

        long changes = ChangesSinceSave;
        if (Array.Find(_rules, rule => changes >= rule.Changes && now - LastSavedAt > rule.Seconds * 1000) is { Seconds: > 0 } due && TrySave(isBackground: true) is { } save)
        {
            LogDue(_cache.Logger, changes, due.Seconds);
            _ = save.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);     // logged already
        }
    }

    /// <summary>Notes that what is in memory has just been read from the file.</summary>
    public void NoteLoaded() => Volatile.Write(ref _savedChanges, _cache.Store.Changes);

    private async Task SaveAsync(long began, bool isBackground)
    {
        try
        {
            long covered = 0;
            await _cache.SnapshotMomentAsync(Path, () => covered = _cache.Store.Changes, CancellationToken.None).ConfigureAwait(false);
            Volatile.Write(ref _savedChanges, covered);
            _lastSavedAt = _cache.Clock.UnixMilliseconds;
            LastSucceeded = true;
            Saves++;
        }
        catch (Exception e)
        {
            LastSucceeded &= !isBackground;
            LogFailed(_cache.Logger, e, Path);
            throw;
        }
        finally
        {
            LastSeconds = (long)_cache.Clock.TimeProvider.GetElapsedTime(began).TotalSeconds;
            Judge();
            Volatile.Write(ref _beganAt, Never);
        }
    }

    private bool HasRules => _rules.Length > 0;

    private void Judge() => _refusesWrites = HasRules && !LastSucceeded && _configuration.IsYes("stop-writes-on-bgsave-error");

    [LoggerMessage(Level = LogLevel.Information, Message = "{Changes} changes in more than {Seconds} seconds: saving.")]
    private static partial void LogDue(ILogger logger, long changes, long seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "The data could not be saved into '{Path}'; the file before is as it was.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string path);
}
