using System.Diagnostics;
using ElastiCache.Embedded.Server.Configuration;

namespace ElastiCache.Embedded.Server.Hosting;

/// <summary>The server's RDB file, <c>dbfilename</c> in <c>dir</c>: SAVE, BGSAVE, and what INFO tells of them.</summary>
/// <remarks>A save runs while commands go on, whichever of the two was asked for; SAVE answers when it is over. The rules of <c>save</c> start none by themselves yet.</remarks>
internal sealed class SnapshotFile(EmbeddedCache cache, ServerConfiguration configuration)
{
    private const int Never = -1;

    private long _beganAt = Never;

    /// <summary>Where it is.</summary>
    public string Path => System.IO.Path.Combine(configuration["dir"] is { Length: > 0 } dir ? dir : ".", configuration["dbfilename"]);

    /// <summary>Whether a save is running.</summary>
    public bool IsSaving => Volatile.Read(ref _beganAt) != Never;

    /// <summary>When the last save that succeeded was over, Unix ms; null before the first.</summary>
    public long? LastSavedAt { get; private set; }

    /// <summary>Whether the last save succeeded; true before the first.</summary>
    public bool LastSucceeded { get; private set; } = true;

    /// <summary>How long the last save took, in seconds; −1 before the first.</summary>
    public long LastSeconds { get; private set; } = Never;

    /// <summary>How long the save that runs has taken so far, in seconds; −1 if none runs.</summary>
    public long CurrentSeconds => Volatile.Read(ref _beganAt) is not Never and var began ? (long)Stopwatch.GetElapsedTime(began).TotalSeconds : Never;

    /// <summary>Saves that succeeded.</summary>
    public long Saves { get; private set; }

    /// <summary>Begins a save.</summary>
    /// <returns>Its end; null if one is running already. It fails with what the disk says.</returns>
    public Task? TrySave()
    {
        long now = Stopwatch.GetTimestamp();
        return Interlocked.CompareExchange(ref _beganAt, now, Never) == Never ? SaveAsync(now) : null;
    }

    private async Task SaveAsync(long began)
    {
        try
        {
            await cache.SnapshotAsync(Path).ConfigureAwait(false);
            LastSavedAt = cache.Clock.UnixMilliseconds;
            LastSucceeded = true;
            Saves++;
        }
        catch
        {
            LastSucceeded = false;
            throw;
        }
        finally
        {
            LastSeconds = (long)Stopwatch.GetElapsedTime(began).TotalSeconds;
            Volatile.Write(ref _beganAt, Never);
        }
    }
}
