namespace ElastiCache.Embedded.Persistence;

/// <summary>What was found in one file of a log.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="GoodBytes">Where what is good ends.</param>
/// <param name="Entries">Keys of a base.</param>
/// <param name="Commands">Commands.</param>
/// <param name="Damage">What is wrong with it; null where it is well, or its end is torn as a crash leaves it.</param>
internal sealed record CheckedFile(string Name, long Bytes, long GoodBytes, long Entries, long Commands, LogException? Damage)
{
    /// <summary>Whether its end is torn: the next owner cuts it.</summary>
    public bool IsTorn => Damage == null && GoodBytes < Bytes;
}

/// <summary>Reads a log from its first to its last byte, and changes nothing. Somebody may have it open.</summary>
internal static class LogCheck
{
    /// <summary>Checks the files that the manifest names, up to the first that is damaged.</summary>
    /// <exception cref="LogException">The manifest is damaged, or a file is missing.</exception>
    public static List<CheckedFile> Run(IStorage storage)
    {
        Manifest manifest = Recovery.ReadManifest(storage) ??
            throw new LogFolderException(storage.PathOf(LogFolder.Root), "it has no log", "Name the folder of a durable cache, or an RDB file.");
        using var files = new OpenLogFiles(storage, manifest);
        var found = new List<CheckedFile>();
        long? bytesBefore = null;
        for (int i = 0; i < files.Count && found.TrueForAll(file => file.Damage == null); i++)
        {
            (ManifestFile named, IStorageFile file) = files[i];
            bool isLast = i == files.Count - 1 && named.Type == ManifestFileType.Increment;
            var replay = new LogReplay(new NoStore());
            LogException? damage = null;
            long goodEnd;
            try
            {
                goodEnd = replay.Replay(file, files.PathOf(i), new LogFileRole(isLast, manifest.IsOurs && isLast, named.IsRdb, bytesBefore)).End;
            }
            catch (LogException e) when (e is LogDamagedException or LogFormatException)
            {
                (damage, goodEnd) = (e, replay.GoodEnd);
            }

            found.Add(new CheckedFile(named.Name, file.Length + file.TornBytes, goodEnd, replay.Entries, replay.Commands, damage));
            bytesBefore = named.Type == ManifestFileType.Increment ? file.Length : null;
        }

        return found;
    }
}
