using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Persistence;

/// <summary>Replays the log and its history up to a moment.</summary>
internal static class PointInTime
{
    /// <summary>Replays everything that was written up to the end of a second. Somebody may have the log open.</summary>
    /// <param name="storage">The folder. Nothing in it changes.</param>
    /// <param name="log">The files of the log.</param>
    /// <param name="history">The files of its history.</param>
    /// <param name="second">The second, Unix.</param>
    /// <param name="target">Receives the state; throw it away after an error.</param>
    /// <returns>What was read.</returns>
    /// <exception cref="RecoveryPointException">The history does not reach back so far.</exception>
    /// <exception cref="LogException">A file is damaged or can't be read.</exception>
    public static LogReplay Replay(IStorage storage, Manifest log, LogHistory history, long second, IReplayTarget target)
    {
        List<ManifestFile> files = LogHistory.InOrder(history.Files.Concat(log.Files.Where(file => file.Type != ManifestFileType.History)));
        ManifestFile? start = files.LastOrDefault(file => file.IsBase && LogHistory.MomentOf(storage, file) <= second);
        if (start == null && files.Count > 0 && files[0].IsBase)
        {
            long earliest = LogHistory.MomentOf(storage, files[0]);
            throw new RecoveryPointException(storage.PathOf(LogFolder.Root), second, earliest == long.MaxValue ? null : earliest);
        }

        // What follows a later base is later too. The end of what stands before it may be torn, if that base was made because of it.
        long end = files.Find(file => file.IsBase && file.Sequence > (start?.Sequence ?? 0) && LogHistory.MomentOf(storage, file) > second)?.Sequence ?? long.MaxValue;
        List<ManifestFile> chosen = files.FindAll(file => file == start || (!file.IsBase && file.Sequence >= (start?.Sequence ?? 0) && file.Sequence < end));
        var replay = new LogReplay(target) { LastSecond = second };
        long? bytesBefore = null;
        foreach (ManifestFile named in chosen.TakeWhile(_ => !replay.IsPast))
        {
            string name = LogFolder.InDirectory(named.Name);
            using IStorageFile file = storage.Open(name, StorageOpen.Existing);
            bool isLast = named == chosen[^1];
            replay.Replay(file, storage.PathOf(name), new LogFileRole(isLast, MustHaveHeader: false, named.IsRdb, bytesBefore));
            bytesBefore = named.IsBase ? null : file.Length;
        }

        if (start == null && replay is { IsPast: true, Commands: 0 })
        {
            throw new RecoveryPointException(storage.PathOf(LogFolder.Root), second, replay.FirstPastSecond);
        }

        return replay;
    }
}

/// <summary>A store that forgets everything, for who wants to know only whether a log is well.</summary>
internal sealed class NoStore : IReplayTarget
{
    public string? Apply(int database, scoped in Commands.CommandArguments command) => null;

    public EncodingLimits Encodings { get; } = new();

    public string? Load(in RdbEntry entry)
    {
        entry.Value?.Dispose();
        return null;
    }

    public string? EndLoad() => null;
}
