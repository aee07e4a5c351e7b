using System.Diagnostics;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Persistence;

/// <summary>A folder that has been claimed and read, and the file to go on with. <see cref="AppendLog"/> takes it over.</summary>
/// <param name="Storage">The folder.</param>
/// <param name="Claim">The claim to it; ends when disposed.</param>
/// <param name="Chain">The files that count.</param>
/// <param name="File">The last increment, all of it on disk.</param>
/// <param name="BytesBefore">Length of the files before it.</param>
/// <param name="Report">What was found.</param>
internal sealed record RecoveredLog(IStorage Storage, IDisposable Claim, LogChain Chain, LogFile File, long BytesBefore, RecoveryReport Report) : IDisposable
{
    /// <summary>Gives the folder back, where no log is going to be opened after all.</summary>
    public void Dispose()
    {
        File.Dispose();
        Claim.Dispose();
    }
}

/// <summary>What is recovered, and what is kept of the past.</summary>
/// <param name="Retention">How long superseded files are kept.</param>
/// <param name="ToSecond">The state of the end of this second, Unix; null for the newest.</param>
internal readonly record struct RecoveryOptions(TimeSpan Retention, long? ToSecond);

/// <summary>From whatever a crash has left to a store and a log to append to: the whole order on one screen.</summary>
/// <remarks>
/// <code>
///   1  make the folders if there are none, claim the folder
///   2  read the manifest; without one there must be nothing to lose, and a first increment is begun
///   3  look at every file that it names before any is read: all there, all of a kind that we read
///   4  replay base, then increments, each checked (<see cref="LogReplay"/>)
///   5  cut the torn end of the last one
///   6  make all of it durable: a reader may see from now on what a power cut could still have taken
///   7  go on in the last increment, or in a new one when redis-server wrote at its end: we append only to what is ours alone
/// </code>
/// Where a state of the past is asked for, step 4 only checks, and that state is replayed between 6 and 7 (<see cref="PointInTime"/>).
/// Up to step 5 nothing is changed but folders and the lock file, so whoever gets an error still has all the evidence. A crash at
/// any moment of this leaves a folder that this reads: new things are made and synced before the manifest names them, and a cut
/// that was lost is made again.
/// </remarks>
internal static class Recovery
{
    // An increment in an envelope, of which only the header was to be written.
    private const int MostUnbornTornBytes = 512;

    /// <summary>Recovers the folder into <paramref name="target"/>.</summary>
    /// <param name="storage">The folder.</param>
    /// <param name="target">The store.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="options">What of it, and what is kept.</param>
    /// <exception cref="LogException">Its subtypes say what is wrong. The target may hold a part of the log: throw it away.</exception>
    public static RecoveredLog Run(IStorage storage, IReplayTarget target, CacheClock clock, RecoveryOptions options = default)
    {
        try
        {
            return Open(storage, target, clock, options);
        }
        catch (IOException e) when (e is not LogException)
        {
            throw new LogFolderException(storage.PathOf(LogFolder.Root), $"the disk failed: {e.Message}", "Look into the system's log, make room or replace the disk.", e);
        }
    }

    private static RecoveredLog Open(IStorage storage, IReplayTarget target, CacheClock clock, RecoveryOptions options)
    {
        long started = Stopwatch.GetTimestamp();
        if (options.ToSecond is { } second && !storage.List(LogFolder.Directory).Contains(LogFolder.ManifestName))
        {
            throw new RecoveryPointException(storage.PathOf(LogFolder.Root), second, earliestSecond: null);
        }

        storage.CreateDirectory(LogFolder.Root);
        IDisposable claim = storage.Lock();
        try
        {
            RefuseSingleFileLog(storage);
            storage.CreateDirectory(LogFolder.Directory);
            Manifest? manifest = ReadManifest(storage);
            var chain = new LogChain(storage, manifest ?? new Manifest([], isOurs: true), LogHistory.Read(storage)) { Retention = options.Retention, KeepsAllOnce = options.ToSecond != null };
            if (manifest is null)
            {
                var report = new RecoveryReport { ClosedCleanly = true, Duration = Stopwatch.GetElapsedTime(started) };
                return new RecoveredLog(storage, claim, chain, Begin(chain), BytesBefore: 0, report);
            }

            return Replay(chain, claim, target, clock, options.ToSecond, started);
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    private static RecoveredLog Replay(LogChain chain, IDisposable claim, IReplayTarget target, CacheClock clock, long? toSecond, long started)
    {
        (IStorage storage, Manifest manifest) = (chain.Storage, chain.Manifest);
        using var files = new OpenLogFiles(storage, manifest);
        var replay = new LogReplay(toSecond == null ? target : new NoStore());
        ReplayedFile last = default;
        long? bytesBefore = null;
        for (int i = 0; i < files.Count; i++)
        {
            (ManifestFile named, IStorageFile read) = files[i];
            bool isLast = i == files.Count - 1 && named.Type == ManifestFileType.Increment;
            var role = new LogFileRole(isLast, manifest.IsOurs && isLast, named.IsRdb, bytesBefore);
            last = replay.Replay(read, files.PathOf(i), role);
            bytesBefore = named.Type == ManifestFileType.Increment ? read.Length : null;
        }

        IStorageFile end = files[^1].File;
        long tornBytes = end.Length - last.End + end.TornBytes;
        if (tornBytes > 0)
        {
            end.Truncate(last.End);
        }

        if (last.Salt is not null)
        {
            // The process before us may have died of a failed fsync. Linux then keeps the bytes in memory, where we have just read them, but counts
            // them as written: our own sync would succeed and do nothing. Writing them makes it do something. After an orderly close it is one small
            // batch, and otherwise what came since the last sync but one.
            end.WriteAgain(last.Watermark, last.End);
        }

        files.Sync();
        storage.SyncDirectory(LogFolder.Directory);

        // The log itself must be well and goes on; only the state is another. What makes that state the log's is a rewrite, which AppendLog's owner begins.
        LogReplay state = toSecond is { } second ? PointInTime.Replay(storage, manifest, chain.History, second, target) : replay;
        var report = new RecoveryReport
        {
            Files = files.Count,
            Entries = state.Entries,
            Commands = state.Commands,
            Bytes = replay.Bytes,
            TornBytes = tornBytes,
            TornFile = tornBytes > 0 ? files.PathOf(files.Count - 1) : null,
            TornOffset = tornBytes > 0 ? last.End : 0,
            ClosedCleanly = last.ClosedCleanly,
            RecoveredTo = toSecond is { } moment ? DateTimeOffset.FromUnixTimeSeconds(moment) : null,
            NewestTimestamp = replay.NewestSecond > 0 ? DateTimeOffset.FromUnixTimeSeconds(replay.NewestSecond) : null,
            Duration = Stopwatch.GetElapsedTime(started),
        };
        long bytes = Enumerable.Range(0, files.Count).Sum(i => files[i].File.Length);
        if (last.Salt is null || !storage.MayContinue(end))
        {
            LogFile begun = chain.Commit(chain.Prepare(bytesBefore is null ? 0 : last.End, replay.NewestSecond));
            return new RecoveredLog(storage, claim, chain, Opened(begun, last.ClosedCleanly, clock), bytes, report);
        }

        long bytesOfLast = files[^1].File.Length;
        var file = new LogFile(files.KeepLast(), files.PathOf(files.Count - 1), last.Salt, replay.NewestSecond);
        return new RecoveredLog(storage, claim, chain, Opened(file, last.ClosedCleanly, clock), bytes - bytesOfLast, report);
    }

    private static LogFile Opened(LogFile file, bool wasClosed, CacheClock clock)
    {
        try
        {
            if (wasClosed)
            {
                file.MarkOpened(clock.UnixMilliseconds / 1000);
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static LogFile Begin(LogChain chain)
    {
        foreach (string name in chain.Storage.List(LogFolder.Directory))
        {
            RefuseIfWorthKeeping(chain.Storage, name);
        }

        return chain.Commit(chain.Prepare(bytesBefore: 0, newestSecond: 0));
    }

    /// <summary>Reads the manifest; null if there is none.</summary>
    /// <exception cref="LogException">It is damaged, or says what we don't know.</exception>
    public static Manifest? ReadManifest(IStorage storage)
    {
        if (!storage.List(LogFolder.Directory).Contains(LogFolder.ManifestName))
        {
            return null;
        }

        string name = LogFolder.InDirectory(LogFolder.ManifestName);
        return Manifest.Read(storage, name);
    }

    private static void RefuseSingleFileLog(IStorage storage)
    {
        if (storage.List(LogFolder.Root).Contains(LogFolder.SingleFileLog))
        {
            throw new LogFormatException(
                storage.PathOf(LogFolder.SingleFileLog), 0, "it is the single log file of Redis 6 or before",
                "Start redis-server 7 on the folder once: it moves the file into 'appendonlydir'.");
        }
    }

    // A crash while the first increment is begun leaves no manifest and a header, or a part of it, or as many zeros. Anything
    // else had a manifest once, and going on without it would be to forget that data.
    private static void RefuseIfWorthKeeping(IStorage storage, string name)
    {
        bool isLogFile = name.StartsWith(LogFolder.SingleFileLog, StringComparison.Ordinal);
        if (!isLogFile)
        {
            return;
        }

        using IStorageFile file = storage.Open(LogFolder.InDirectory(name), StorageOpen.Existing);
        file.FindTornEnd();
        var window = new LogWindow(file);
        ReadOnlySpan<byte> start = window.From(0, LogFormat.HeaderBytes);
        ReadOnlySpan<byte> header = LogFormat.HeaderStart;
        int compared = Math.Min(start.Length, header.Length);
        bool isUnbornIncrement = LogFolder.SequenceOf(name) is not null && window.Length <= LogFormat.HeaderBytes && file.TornBytes <= MostUnbornTornBytes &&
            (start[..compared].SequenceEqual(header[..compared]) || !start.ContainsAnyExcept((byte)0));
        if (!isUnbornIncrement)
        {
            throw new LogDamagedException(
                storage.PathOf(LogFolder.InDirectory(LogFolder.ManifestName)), 0, 0, $"it is missing, and the folder holds '{name}'");
        }
    }
}
