namespace ElastiCache.Embedded.Persistence;

/// <summary>The files of the log as the manifest on disk names them, and the two ways in which they change.</summary>
/// <remarks>
/// <code>
///   base 3 │ increment 3, 4                 the state is what these say, in this order; the last is appended to
///   base 3 │ increment 3, 4, 5              an increment begins: 4 is whole and on disk by then
///            base 5 │ increment 5           a base of the moment at which 5 began takes the place of all before it
/// </code>
/// Of each change a crash leaves the old files or the new ones, each whole, for it is one rename of the manifest, and what the manifest names is on
/// disk before. What it does not name any more is deleted afterwards. One thread at a time.
/// </remarks>
internal sealed class LogChain(IStorage storage, Manifest manifest, LogHistory history)
{
    private long _newest;

    /// <summary>What the manifest on disk says. After a change that failed in its rename the disk may say what the change would have made of it.</summary>
    public Manifest Manifest { get; private set; } = manifest;

    public IStorage Storage => storage;

    /// <summary>What is kept of the files before.</summary>
    public LogHistory History => history;

    /// <summary>How long superseded files are kept.</summary>
    public TimeSpan Retention { get; init; }

    /// <summary>Keeps whatever the next switch supersedes, however short the retention: the log is about to go back in time.</summary>
    public bool KeepsAllOnce { get; set; }

    /// <summary>Makes the file of an increment that follows a base which is still to be made; see <see cref="SwitchTo"/>.</summary>
    /// <exception cref="IOException">The disk failed. What counts is as it was.</exception>
    public (LogFile File, ManifestFile Named) CreateUnnamed()
    {
        var named = new ManifestFile(LogFolder.IncrementName(NextSequence()), _newest, ManifestFileType.Increment);
        return (LogFile.Create(storage, named.Name, after: 0, newestSecond: 0), named);
    }

    /// <summary>Makes the file of the next increment, and a manifest that names it and doesn't count yet.</summary>
    /// <param name="bytesBefore">Length of the increment before it; 0 without one.</param>
    /// <param name="newestSecond">The newest time stamp that the log has already.</param>
    /// <param name="atLeast">The least number that it may have.</param>
    /// <exception cref="IOException">The disk failed. What counts is as it was.</exception>
    public PreparedIncrement Prepare(long bytesBefore, long newestSecond, long atLeast = 1)
    {
        long sequence = Math.Max(atLeast, NextSequence());
        string name = LogFolder.IncrementName(sequence);
        LogFile file = LogFile.Create(storage, name, bytesBefore, newestSecond);
        try
        {
            Manifest next = Manifest.With(new ManifestFile(name, sequence, ManifestFileType.Increment));
            LogFolder.Prepare(storage, LogFolder.ManifestName, next);
            return new PreparedIncrement(file, sequence, next);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Makes a prepared increment count.</summary>
    /// <returns>Its file.</returns>
    /// <exception cref="IOException">The disk failed, and the increment counts or doesn't: neither it nor the one before may be appended to.</exception>
    public LogFile Commit(PreparedIncrement increment)
    {
        try
        {
            LogFolder.Commit(storage, LogFolder.ManifestName);
        }
        catch
        {
            increment.File.Dispose();
            throw;
        }

        Manifest = increment.Manifest;
        return increment.File;
    }

    /// <summary>Puts a base in the place of everything before the increment of the same number.</summary>
    /// <param name="newBase">The base. Its file is complete and on disk.</param>
    /// <param name="unnamed">An increment of that number that no manifest names yet, and beside which no other counts; null if the manifest names it.</param>
    /// <param name="nowSecond">The time, Unix seconds, to which the retention counts.</param>
    /// <exception cref="IOException">The disk failed, and the base counts or doesn't; either way the state is the same, if all files stay.</exception>
    public void SwitchTo(ManifestFile newBase, ManifestFile? unnamed, long nowSecond)
    {
        List<ManifestFile> files = [newBase, .. unnamed != null ? [unnamed] : Manifest.Increments.Where(increment => increment.Sequence >= newBase.Sequence)];
        if (KeepsAllOnce || Retention > TimeSpan.Zero)
        {
            // First, so that no crash finds a file that neither names.
            long since = KeepsAllOnce ? 0 : nowSecond - (long)Retention.TotalSeconds;
            history.Keep(Manifest.Files.Where(file => file.Type != ManifestFileType.History).Except(files), files, since);
        }
        else
        {
            history.Clear();
        }

        var next = new Manifest(files, isOurs: true);
        LogFolder.Replace(storage, LogFolder.ManifestName, next);
        Manifest = next;
        KeepsAllOnce = false;
    }

    // Never twice in a process: after a failed rename the manifest on disk may name a file that this one doesn't.
    private long NextSequence() => _newest = Math.Max(_newest, Manifest.Files.Concat(history.Files).Select(file => file.Sequence).DefaultIfEmpty(0).Max()) + 1;

    /// <summary>Deletes the log's files that neither the manifest nor the history names: superseded ones, and those of a change that a crash cut short.</summary>
    /// <exception cref="IOException">One can't be deleted. The next call tries again.</exception>
    public void DeleteUnnamed()
    {
        foreach (string name in storage.List(LogFolder.Directory))
        {
            if (LogFolder.IsLogFile(name) && Manifest.Files.All(file => file.Name != name) && !history.Has(name))
            {
                storage.Delete(LogFolder.InDirectory(name));
            }
        }
    }
}

/// <summary>An increment whose file is on disk and which no manifest counts yet.</summary>
/// <param name="File">Its file.</param>
/// <param name="Sequence">Its number.</param>
/// <param name="Manifest">The manifest that counts it.</param>
internal sealed record PreparedIncrement(LogFile File, long Sequence, Manifest Manifest);
