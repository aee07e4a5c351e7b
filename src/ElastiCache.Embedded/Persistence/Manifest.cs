using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace ElastiCache.Embedded.Persistence;

internal enum ManifestFileType
{
    /// <summary>The state from which the increments go on: <c>b</c>. At most one.</summary>
    Base,

    /// <summary>Commands since: <c>i</c>.</summary>
    Increment,

    /// <summary>Superseded, to be deleted: <c>h</c>.</summary>
    History,
}

internal sealed record ManifestFile(string Name, long Sequence, ManifestFileType Type)
{
    /// <summary>Whether it is an RDB file by its name.</summary>
    public bool IsRdb => Name.EndsWith(".rdb", StringComparison.Ordinal);

    /// <summary>Whether it is a base, by its type or, in a history, by its name.</summary>
    public bool IsBase => Type == ManifestFileType.Base || (Type == ManifestFileType.History && LogFolder.SequenceOf(Name) is null);
}

/// <summary>The file that says which files make up the log, and in which order: Redis 7's <c>appendonly.aof.manifest</c>.</summary>
/// <remarks>
/// <code>
///   #EC:manifest check=0ddc0ffee1234567                    our line: XxHash3 of all that follows
///   file appendonly.aof.3.base.rdb seq 3 type b            at most one base
///   file appendonly.aof.2.incr.aof seq 2 type h            history, which is not read
///   file appendonly.aof.3.incr.aof seq 3 type i            increments in ascending sequence; the last is appended to
/// </code>
/// Lines end with LF; redis-server 7.0.15 skips the first as a comment and drops it when it writes the file anew. A flipped bit
/// makes an 'i' an 'h', and an increment of acknowledged writes would be passed over as history: hence the check.
/// Reading is stricter than Redis's: what is unknown is an error, because skipping it could mean losing data. The file is
/// only ever replaced as a whole, by rename, so that it is never torn.
/// </remarks>
internal sealed class Manifest
{
    private const string CheckStart = "#EC:manifest check=";

    // Redis refuses longer lines, and no name of ours comes near.
    private const int LongestLine = 1024;

    public Manifest(IReadOnlyList<ManifestFile> files, bool isOurs)
    {
        Files = files;
        IsOurs = isOurs;
    }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<ManifestFile> Files { get; }

    /// <summary>Whether it has our check line; false where redis-server wrote it last.</summary>
    public bool IsOurs { get; }

    public ManifestFile? Base => Files.FirstOrDefault(file => file.Type == ManifestFileType.Base);

    public IEnumerable<ManifestFile> Increments => Files.Where(file => file.Type == ManifestFileType.Increment);

    /// <summary>This with one more increment at the end.</summary>
    public Manifest With(ManifestFile increment) => new([.. Files, increment], isOurs: true);

    /// <summary>Reads the manifest of a name; see <see cref="Parse"/>.</summary>
    public static Manifest Read(IStorage storage, string name, bool isHistory = false)
    {
        using IStorageFile file = storage.Open(name, StorageOpen.Existing);
        if (file.Damage is { } damage)
        {
            throw damage;
        }

        var window = new LogWindow(file);
        return Parse(storage.PathOf(name), window.From(0, window.Length), isHistory);
    }

    /// <summary>Reads <paramref name="bytes"/>, the content of the manifest at <paramref name="path"/>.</summary>
    /// <exception cref="LogDamagedException">The check line does not match, or there is nothing in it.</exception>
    /// <exception cref="LogFormatException">A line says what we don't know.</exception>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="bytes">What is in it.</param>
    /// <param name="isHistory">Whether it is <see cref="LogHistory"/>'s, which may name none to read, and is always ours.</param>
    public static Manifest Parse(string path, ReadOnlySpan<byte> bytes, bool isHistory = false)
    {
        string text = Encoding.Latin1.GetString(bytes);
        bool isOurs = text.StartsWith(CheckStart, StringComparison.Ordinal);
        if (isOurs)
        {
            int end = text.IndexOf('\n', StringComparison.Ordinal) + 1;
            if (end == 0 || text[..end] != CheckLine(bytes[end..]))
            {
                throw new LogDamagedException(path, 0, bytes.Length, "its check line does not match what follows");
            }
        }

        var files = new List<ManifestFile>();
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length - 1; i++)
        {
            if (!lines[i].StartsWith('#'))
            {
                files.Add(ParseLine(path, i + 1, lines[i], files));
            }
        }

        if (lines[^1].Length > 0)
        {
            throw LogFormatException.InManifest(path, lines.Length, "it does not end with a line feed");
        }

        if (isHistory ? !isOurs : files.TrueForAll(file => file.Type == ManifestFileType.History))
        {
            throw new LogDamagedException(path, 0, bytes.Length, "it names no file to read");
        }

        return new Manifest(files, isOurs);
    }

    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        foreach (ManifestFile file in Files)
        {
            text.Append(CultureInfo.InvariantCulture, $"file {file.Name} seq {file.Sequence} type {Letter(file.Type)}\n");
        }

        byte[] body = Encoding.ASCII.GetBytes(text.ToString());
        return [.. Encoding.ASCII.GetBytes(CheckLine(body)), .. body];
    }

    private static string CheckLine(ReadOnlySpan<byte> body) =>
        string.Create(CultureInfo.InvariantCulture, $"{CheckStart}{XxHash3.HashToUInt64(body):x16}\n");

    private static ManifestFile ParseLine(string path, int line, string text, List<ManifestFile> before)
    {
        string[] words = text.TrimEnd('\r').Split(' ');
        if (text.Length > LongestLine || words is not ["file", var name, "seq", var number, "type", [var letter]])
        {
            throw LogFormatException.InManifest(path, line, "it is not of the form 'file NAME seq NUMBER type LETTER'");
        }

        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long sequence) || sequence < 1)
        {
            throw LogFormatException.InManifest(path, line, "the sequence number is not a positive integer");
        }

        ManifestFileType? type = letter switch
        {
            'b' => ManifestFileType.Base,
            'i' => ManifestFileType.Increment,
            'h' => ManifestFileType.History,
            _ => null,
        };
        if (type is null)
        {
            throw LogFormatException.InManifest(path, line, "the type is none of b, i and h");
        }

        var file = new ManifestFile(name, sequence, type.Value);
        string? objection = Objection(file, before);
        return objection is null ? file : throw LogFormatException.InManifest(path, line, objection);
    }

    private static string? Objection(ManifestFile file, List<ManifestFile> before)
    {
        if (file.Name is "" or "." or ".." || file.Name.Any(c => c is < '!' or > '~' or '/' or '\\' or '"' or '\''))
        {
            return "the name is not a plain file name";
        }

        if (before.Any(other => other.Name == file.Name))
        {
            return "the file was named before";
        }

        if (file.Type == ManifestFileType.Base && before.Any(other => other.Type == ManifestFileType.Base))
        {
            return "there is a second base";
        }

        if (file.Type == ManifestFileType.Increment && before.Any(other => other.Type == ManifestFileType.Increment && other.Sequence >= file.Sequence))
        {
            return "the sequence numbers of the increments do not ascend";
        }

        return file.Type == ManifestFileType.Increment && LogFolder.SequenceOf(file.Name) is long named && named != file.Sequence
            ? $"the name says sequence {named}"
            : null;
    }

    private static char Letter(ManifestFileType type) => type switch
    {
        ManifestFileType.Base => 'b',
        ManifestFileType.Increment => 'i',
        _ => 'h',
    };
}
