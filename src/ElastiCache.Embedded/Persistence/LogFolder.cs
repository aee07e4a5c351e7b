using System.Globalization;

namespace ElastiCache.Embedded.Persistence;

/// <summary>The names of the log's files, Redis 7's own, and how the manifest is replaced.</summary>
/// <remarks>
/// <code>
///   cache-data/
///     elasticache.lock                       who has the folder open
///     appendonlydir/
///       appendonly.aof.manifest              which files count, in which order
///       appendonly.aof.1.incr.aof            commands; N counts up
///       appendonly.aof.2.base.rdb            a state, from which increment 2 goes on
///       appendonly.aof.2.base.aof            the same as commands (redis-server without RDB preamble)
///       history.manifest                     which superseded files are kept for restoring an earlier moment (LogHistory)
///       temp-appendonly.aof.manifest         a manifest that was being written; of no meaning
/// </code>
/// As redis-server 7.0.15 names them, with its default <c>appendfilename</c> and <c>appenddirname</c>.
/// </remarks>
internal static class LogFolder
{
    public const string Root = "";
    public const string Directory = "appendonlydir";
    public const string ManifestName = "appendonly.aof.manifest";

    /// <summary>The log of Redis 6 and before, which lay in the folder itself.</summary>
    public const string SingleFileLog = "appendonly.aof";

    private const string Prefix = "appendonly.aof.";
    private const string IncrementSuffix = ".incr.aof";
    private const string BaseSuffix = ".base.rdb";

    public static string IncrementName(long sequence) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{sequence}{IncrementSuffix}");

    public static string BaseName(long sequence) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{sequence}{BaseSuffix}");

    /// <summary>Whether a name is that of a base or an increment, ours or redis-server's, and of nothing else.</summary>
    public static bool IsLogFile(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) &&
        name[Prefix.Length..].Split('.') is [var number, "base" or "incr", "rdb" or "aof"] &&
        long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    /// <summary>The number in an increment's name; null for another name.</summary>
    public static long? SequenceOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(IncrementSuffix, StringComparison.Ordinal) &&
        name.Length > Prefix.Length + IncrementSuffix.Length &&
        long.TryParse(name.AsSpan(Prefix.Length..^IncrementSuffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long sequence)
            ? sequence
            : null;

    public static string InDirectory(string name) => $"{Directory}/{name}";

    /// <summary>Makes a file in the log's directory. One of that name is deleted first, not emptied: if a sync of it has ever failed, what it was to write
    /// may still come over what is written now.</summary>
    public static IStorageFile CreateAnew(IStorage storage, string name)
    {
        if (storage.List(Directory).Contains(name))
        {
            storage.Delete(InDirectory(name));
        }

        return storage.Open(InDirectory(name), StorageOpen.Create);
    }

    /// <summary>Replaces the manifest: at any moment, a crash included, the old one counts or the new one, each whole.</summary>
    /// <remarks>The files that it names must be on disk. The first sync of the directory puts their names there too, before the
    /// rename can get there.</remarks>
    public static void Replace(IStorage storage, string name, Manifest manifest)
    {
        Prepare(storage, name, manifest);
        Commit(storage, name);
    }

    /// <summary>The first half of <see cref="Replace"/>: the old manifest counts on.</summary>
    public static void Prepare(IStorage storage, string name, Manifest manifest)
    {
        using (IStorageFile file = CreateAnew(storage, $"temp-{name}"))
        {
            file.Write(0, manifest.ToBytes());
            file.Sync();
        }

        storage.SyncDirectory(Directory);
    }

    /// <summary>The second half: makes the prepared manifest count. After a failure either may.</summary>
    public static void Commit(IStorage storage, string name)
    {
        storage.Rename(InDirectory($"temp-{name}"), InDirectory(name));
        storage.SyncDirectory(Directory);
    }
}
