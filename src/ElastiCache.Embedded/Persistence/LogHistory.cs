using ElastiCache.Embedded.Persistence.Rdb;

namespace ElastiCache.Embedded.Persistence;

/// <summary>Files of the log that a rewrite has superseded and that are kept, so that the state of an earlier moment can be restored.</summary>
/// <remarks>
/// <code>
///   base 3 │ increment 3, 4          history: in appendonlydir beside the rest, named by 'history.manifest' and not by Redis's manifest,
///   base 5 │ increment 5             whose history redis-server deletes when it starts
///   base 6 │ increment 6             the log
/// </code>
/// The state of a moment is the newest base that is not later, and all increments from its number on, up to the moment (<see cref="PointInTime"/>). Before the first base stands
/// nothing: a log that begins with increment 1 began empty.
/// </remarks>
internal sealed class LogHistory
{
    public const string FileName = "history.manifest";

    private readonly IStorage _storage;

    private bool _isThere;

    private LogHistory(IStorage storage, IReadOnlyList<ManifestFile> files, bool isThere)
    {
        (_storage, _isThere) = (storage, isThere);
        Files = files;
    }

    /// <summary>In ascending number, a base before the increment of its number.</summary>
    public IReadOnlyList<ManifestFile> Files { get; private set; }

    /// <summary>Reads what the folder says; empty if it says nothing.</summary>
    /// <exception cref="LogException">The file is damaged.</exception>
    public static LogHistory Read(IStorage storage)
    {
        if (!storage.List(LogFolder.Directory).Contains(FileName))
        {
            return new LogHistory(storage, [], isThere: false);
        }

        return new LogHistory(storage, Manifest.Read(storage, LogFolder.InDirectory(FileName), isHistory: true).Files, isThere: true);
    }

    /// <summary>Whether a file belongs to it.</summary>
    public bool Has(string name) => Files.Any(file => file.Name == name);

    /// <summary>Adds files, and drops those that no moment since a time needs. The files themselves are not touched.</summary>
    /// <param name="superseded">Files that the log is about to do without.</param>
    /// <param name="log">The files that the log will have.</param>
    /// <param name="sinceSecond">The earliest moment that can be asked for, Unix seconds.</param>
    public void Keep(IEnumerable<ManifestFile> superseded, IEnumerable<ManifestFile> log, long sinceSecond)
    {
        List<ManifestFile> all = InOrder(Files.Concat(superseded));
        long first = InOrder(all.Concat(log)).Where(file => file.IsBase && MomentOf(_storage, file) <= sinceSecond).Select(file => file.Sequence).DefaultIfEmpty(0).Max();
        Write([.. all.Where(file => file.Sequence >= first)]);
    }

    /// <summary>Drops everything. The files themselves are not touched.</summary>
    /// <remarks>Written also where it is empty already: it may be in another envelope than the log will have.</remarks>
    public void Clear()
    {
        if (_isThere)
        {
            Write([]);
        }
    }

    /// <summary>The files of a history and a log, each once, in the order in which they are replayed.</summary>
    public static List<ManifestFile> InOrder(IEnumerable<ManifestFile> files) =>
        [.. files.DistinctBy(file => file.Name).OrderBy(file => file.Sequence).ThenBy(file => file.IsBase ? 0 : 1)];

    /// <summary>The moment of a base, Unix seconds; <see cref="long.MaxValue"/> if it doesn't say.</summary>
    public static long MomentOf(IStorage storage, ManifestFile state)
    {
        if (!state.IsRdb)
        {
            return long.MaxValue;
        }

        string name = LogFolder.InDirectory(state.Name);
        using IStorageFile file = storage.Open(name, StorageOpen.Existing);
        return RdbFileReader.ReadCreatedSecond(file, storage.PathOf(name)) is > 0 and var second ? second : long.MaxValue;
    }

    private void Write(IReadOnlyList<ManifestFile> files)
    {
        ManifestFile[] named = [.. files.Select(file => file with { Type = ManifestFileType.History })];
        LogFolder.Replace(_storage, FileName, new Manifest(named, isOurs: true));
        (Files, _isThere) = (named, true);
    }
}
