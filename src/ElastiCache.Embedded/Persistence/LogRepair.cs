namespace ElastiCache.Embedded.Persistence;

/// <summary>Gives a damaged log up from its first damaged byte on, so that it opens again with everything before.</summary>
/// <remarks>What is given up stays in the folder under names that begin with <c>dropped-</c>: the damaged increment as it was, and all after it.</remarks>
internal static class LogRepair
{
    private const string DroppedPrefix = "dropped-";

    /// <summary>Cuts the log.</summary>
    /// <param name="storage">The folder. It is claimed for as long as this takes.</param>
    /// <param name="damaged">The increment that is damaged.</param>
    /// <returns>The names of the files that are given up, or a part of which is.</returns>
    /// <exception cref="InvalidOperationException">It is a base: without it nothing after it means anything. Nothing has changed.</exception>
    /// <exception cref="IOException">The disk failed, or somebody has the folder open. The log is damaged as before, or cut.</exception>
    public static List<string> CutAt(IStorage storage, CheckedFile damaged)
    {
        using IDisposable claim = storage.Lock();
        Manifest manifest = Recovery.ReadManifest(storage)!;
        ManifestFile cut = manifest.Files.First(file => file.Name == damaged.Name);
        if (cut.Type != ManifestFileType.Increment)
        {
            throw new InvalidOperationException($"'{damaged.Name}' is the base of the log, and without it nothing after it means anything. Restore an earlier moment or a backup.");
        }

        // Without a command before the damage there is nothing in it to keep: the header may be what is damaged.
        bool keeps = damaged.Commands > 0;
        Copy(storage.Raw, cut.Name, DroppedPrefix + cut.Name);
        List<ManifestFile> later = [.. manifest.Increments.Where(file => file.Sequence > cut.Sequence)];
        List<ManifestFile> kept = [.. manifest.Files.Except(later).Where(file => keeps || file != cut)];
        var chain = new LogChain(storage, new Manifest(kept, isOurs: true), LogHistory.Read(storage));
        long bytesBefore = keeps ? damaged.GoodBytes : kept.LastOrDefault(file => file.Type == ManifestFileType.Increment) is { } before ? LengthOf(storage, before) : 0;
        chain.Commit(chain.Prepare(bytesBefore, newestSecond: 0, manifest.Files.Max(file => file.Sequence) + 1)).Dispose();

        // The log is cut from here on; a crash before the end of this leaves it damaged in the same place, or well.
        foreach (ManifestFile file in later)
        {
            storage.Rename(LogFolder.InDirectory(file.Name), LogFolder.InDirectory(DroppedPrefix + file.Name));
        }

        if (keeps)
        {
            using IStorageFile opened = storage.Open(LogFolder.InDirectory(cut.Name), StorageOpen.Existing);
            opened.Truncate(damaged.GoodBytes);
            opened.Sync();
        }
        else
        {
            storage.Delete(LogFolder.InDirectory(cut.Name));
        }

        storage.SyncDirectory(LogFolder.Directory);
        return [DroppedPrefix + cut.Name, .. later.Select(file => DroppedPrefix + file.Name)];
    }

    private static long LengthOf(IStorage storage, ManifestFile file)
    {
        using IStorageFile opened = storage.Open(LogFolder.InDirectory(file.Name), StorageOpen.Existing);
        return opened.Length;
    }

    private static void Copy(IStorage storage, string from, string to)
    {
        using IStorageFile source = storage.Open(LogFolder.InDirectory(from), StorageOpen.Existing);
        using IStorageFile copy = LogFolder.CreateAnew(storage, to);
        byte[] buffer = new byte[1024 * 1024];
        long offset = 0;
        while (source.Read(offset, buffer) is > 0 and var read)
        {
            copy.Write(offset, buffer.AsSpan(0, read));
            offset += read;
        }

        copy.Sync();
        storage.SyncDirectory(LogFolder.Directory);
    }
}
