using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Persistence.Rdb;

/// <summary>Takes the entries of an RDB file one by one.</summary>
internal interface IRdbEntrySink
{
    /// <summary>Redis's settings by which a small collection will be reported.</summary>
    EncodingLimits Encodings { get; }

    /// <summary>So many entries of a database follow, by the word of the file and no more than it has room for. A hint.</summary>
    void Expect(long database, long entries)
    {
    }

    /// <summary>Takes an entry, and its <see cref="RdbEntry.Value"/> over.</summary>
    void Take(in RdbEntry entry);
}

/// <summary>Reads RDB files of Redis 2.x to 7.4 and of Valkey 8 and 9, from storage that may hold anything.</summary>
/// <remarks>
/// It reads through a window that grows to what the largest entry needs. Whatever is wrong is a <see cref="RdbFileException"/> with the offset of the entry it was found in;
/// entries before it were handed over by then, so who needs all or nothing collects first. The checksum at the end is checked where the writer made one.
/// </remarks>
internal sealed class RdbFileReader
{
    private const int LatestVersion = 12;

    // Valkey 9 begins its files with its own name, and counts on from here.
    private const int ValkeyVersion = 80;
    private const int HeaderBytes = 9;

    // A type, a key and a value: shorter ones are rare enough.
    private const int LeastEntryBytes = 8;

    // What is larger is read in pieces; what is smaller needs no more than it has.
    private const int MostFirstWindow = 1 << 20;
    private const int LeastWindow = 4096;
    private const int FirstVersionWithChecksum = 5;

    private readonly IStorageFile _file;
    private readonly string _path;
    private readonly IRdbEntrySink _sink;
    private readonly RdbPackedValue _packed;
    private byte[] _window;
    private int _filled;
    private long _windowOffset;
    private int _position;
    private ulong _checksum;
    private RdbEntryNotes _notes;
    private byte[] _key = [];
    private long _createdSecond;
    private bool _isValkey;

    private RdbFileReader(IStorageFile file, string path, IRdbEntrySink sink)
    {
        (_file, _path, _sink, _packed) = (file, path, sink, new RdbPackedValue(sink.Encodings));
        _window = new byte[Math.Clamp(file.Length, LeastWindow, MostFirstWindow)];
    }

    /// <summary>Whether a file that begins like this is an RDB file.</summary>
    public static bool IsRdb(ReadOnlySpan<byte> start) => start.StartsWith("REDIS"u8) || start.StartsWith("VALKEY"u8);

    /// <summary>Reads a file from its first to its last byte.</summary>
    /// <returns>Where it ends. What follows is not its own.</returns>
    /// <exception cref="RdbFileException">It is damaged, or of a version or with a content that can't be read.</exception>
    public static long Read(IStorageFile file, string path, IRdbEntrySink sink) => Read(file, path, sink, out _);

    /// <summary>As the other form.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="sink">Takes the entries.</param>
    /// <param name="createdSecond">When it was made, Unix seconds; 0 if it doesn't say.</param>
    public static long Read(IStorageFile file, string path, IRdbEntrySink sink, out long createdSecond)
    {
        var reader = new RdbFileReader(file, path, sink);
        reader.Fill(0);
        int version = reader.ReadHeader();
        reader.ReadEntries(version);
        createdSecond = reader._createdSecond;
        return reader._windowOffset + reader._position + (version < FirstVersionWithChecksum ? 0 : sizeof(ulong));
    }

    /// <summary>Reads when a file was made, Unix seconds, from its first facts; 0 if they don't say.</summary>
    public static long ReadCreatedSecond(IStorageFile file, string path)
    {
        var reader = new RdbFileReader(file, path, NoSink.Instance);
        reader.Fill(0);
        reader.ReadHeader();
        long database = 0;
        while (reader._createdSecond == 0 && reader._position < reader._filled && reader._window[reader._position] == RdbOpcode.Fact)
        {
            reader.ReadSome(ref database, most: 1);
        }

        return reader._createdSecond;
    }

    private int ReadHeader()
    {
        ReadOnlySpan<byte> header = _window.AsSpan(0, Math.Min(_filled, HeaderBytes));
        _isValkey = header.StartsWith("VALKEY"u8);
        if (header.Length < HeaderBytes || !IsRdb(header) ||
            !int.TryParse(Encoding.ASCII.GetString(header[(_isValkey ? 6 : 5)..]), NumberStyles.None, CultureInfo.InvariantCulture, out int version))
        {
            throw new RdbFileException(_path, 0, "this is no RDB file");
        }

        if (_isValkey ? version != ValkeyVersion : version is < 1 or > LatestVersion)
        {
            string known = $"up to {LatestVersion} of Redis and {ValkeyVersion} of Valkey can be read";
            throw new RdbFileException(_path, 0, $"this is an RDB file of version {version}, and {known}") { IsUnknownVersion = true };
        }

        _position = HeaderBytes;
        return version;
    }

    private void ReadEntries(int version)
    {
        long database = 0;
        while (ReadSome(ref database, most: int.MaxValue))
        {
            // The next window.
        }

        CheckEnd(version);
    }

    // What lies whole in the window, or the first of it. False at the end of the file. An entry is parsed where it lies; one that reaches beyond the window is begun again in a larger one.
    private bool ReadSome(ref long database, int most)
    {
        int start = _position;
        var reader = new RdbReader(_window.AsSpan(start, _filled - start)) { IsValkey = _isValkey };
        try
        {
            bool isEnd = false;
            for (; most > 0 && !isEnd; most--)
            {
                isEnd = !ReadEntry(ref reader, ref database);
                _position = start + reader.Position;
            }

            return !isEnd;
        }
        catch (RdbDataException e)
        {
            return Fill(_position) ? true : throw new RdbFileException(_path, _windowOffset + _position, e.Message, e);
        }
        finally
        {
            reader.Dispose();
        }
    }

    // One opcode, or one entry with all that belongs to it. False at the end of the file.
    private bool ReadEntry(ref RdbReader reader, ref long database)
    {
        long deadline = Record.NoExpiry;
        KnownUse use = default;
        while (true)
        {
            byte opcode = reader.ReadByte();
            switch (opcode)
            {
                case RdbOpcode.End:
                    return false;
                case RdbOpcode.Database:
                    database = (long)reader.ReadNumber();
                    return true;
                case RdbOpcode.Sizes:
                    ulong entries = reader.ReadNumber();
                    reader.ReadNumber();
                    _sink.Expect(database, (long)Math.Min(entries, (ulong)_file.Length / LeastEntryBytes));
                    return true;
                case RdbOpcode.SlotInformation:
                    reader.ReadNumber();
                    reader.ReadNumber();
                    reader.ReadNumber();
                    return true;
                case RdbOpcode.Fact:
                    byte[] fact = reader.ReadString().ToArray();
                    ReadFact(fact, reader.ReadString());
                    return true;
                case RdbOpcode.Function:
                    reader.ReadString();
                    return true;
                case RdbOpcode.ModuleData:
                    SkipModule(ref reader);
                    return true;
                case RdbOpcode.Idle:
                    use = KnownUse.Idle((long)Math.Min(reader.ReadNumber(), long.MaxValue));
                    break;
                case RdbOpcode.Frequency:
                    use = KnownUse.OfFrequency(reader.ReadByte());
                    break;
                case RdbOpcode.DeadlineMs:
                    deadline = reader.ReadTime();
                    break;
                case RdbOpcode.DeadlineSeconds:
                    deadline = 1000L * BinaryPrimitives.ReadInt32LittleEndian(reader.Take(sizeof(int)));
                    break;
                default:
                    TakeEntry((RdbType)opcode, ref reader, database, deadline, use);
                    _notes = default;
                    return true;
            }
        }
    }

    private void TakeEntry(RdbType type, ref RdbReader reader, long database, long deadline, KnownUse use)
    {
        ReadOnlySpan<byte> key = KeepKey(reader.ReadString());
        if (type == RdbType.String && _notes.FieldDeadlines == null)
        {
            _sink.Take(new RdbEntry { Database = database, Key = key, Deadline = deadline, Kind = ValueKind.String, Bytes = reader.ReadString(), Marks = _notes.Marks, Use = use });
        }
        else if (_notes.Marks.Flags == 0 && _notes.FieldDeadlines == null && _packed.TryRead(type, ref reader))
        {
            _sink.Take(new RdbEntry { Database = database, Key = key, Deadline = deadline, Kind = _packed.Kind, Bytes = _packed.Bytes, Marks = _notes.Marks, Use = use });
        }
        else
        {
            RdbValue value = RdbValueReader.Read(type, ref reader);
            if (_notes.Marks.Flags != 0 || (_notes.FieldDeadlines != null && value.Kind != ValueKind.Hash))
            {
                value.Dispose();
                throw new RdbDataException("A note stands before an entry of another kind.");
            }

            value.FieldDeadlines = _notes.FieldDeadlines ?? value.FieldDeadlines;
            _sink.Take(new RdbEntry { Database = database, Key = key, Deadline = deadline, Kind = value.Kind, Value = value, Marks = _notes.Marks, Use = use });
        }
    }

    // A string that was read is valid until the next is.
    private ReadOnlySpan<byte> KeepKey(ReadOnlySpan<byte> key)
    {
        if (_key.Length < key.Length)
        {
            _key = new byte[Math.Max(key.Length, 2 * _key.Length)];
        }

        key.CopyTo(_key);
        return _key.AsSpan(0, key.Length);
    }

    private void ReadFact(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("ctime"u8) && Utf8Parser.TryParse(value, out long second, out int used) && used == value.Length)
        {
            _createdSecond = Math.Clamp(second, 0, DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        }

        RdbNote.Read(name, value, ref _notes);
    }

    // A module's own data beside its keys: numbers and strings, each with its kind before it.
    private static void SkipModule(ref RdbReader reader)
    {
        const ulong End = 0, Signed = 1, Unsigned = 2, Float = 3, Double = 4, Text = 5;
        reader.ReadNumber();        // the module
        reader.ReadNumber();        // says that "when" follows
        reader.ReadNumber();
        for (ulong kind = reader.ReadNumber(); kind != End; kind = reader.ReadNumber())
        {
            switch (kind)
            {
                case Signed or Unsigned:
                    reader.ReadNumber();
                    break;
                case Float:
                    reader.Take(sizeof(float));
                    break;
                case Double:
                    reader.Take(sizeof(double));
                    break;
                case Text:
                    reader.ReadString();
                    break;
                default:
                    throw new RdbDataException($"A module's data have a part of the kind {kind}.");
            }
        }
    }

    private void CheckEnd(int version)
    {
        long end = _windowOffset + _position;
        if (version < FirstVersionWithChecksum)
        {
            return;
        }

        _checksum = Crc64.Append(_checksum, _window.AsSpan(0, _position));
        Span<byte> told = stackalloc byte[sizeof(ulong)];
        int read = 0;
        while (read < told.Length && _file.Read(end + read, told[read..]) is > 0 and var more)
        {
            read += more;
        }

        if (read < told.Length)
        {
            throw new RdbFileException(_path, end, "it ends in its checksum");
        }

        ulong expected = BinaryPrimitives.ReadUInt64LittleEndian(told);
        if (expected != 0 && expected != _checksum)
        {
            throw new RdbFileException(_path, end, "its checksum is wrong, so something before it has changed");
        }
    }

    // Moves the window on to a position in it, and makes it larger if that alone brings nothing. False at the end of the file.
    private bool Fill(int from)
    {
        _checksum = Crc64.Append(_checksum, _window.AsSpan(0, from));
        int kept = _filled - from;
        if (kept == _window.Length)
        {
            if (_window.Length == Array.MaxLength)
            {
                return false;
            }

            Array.Resize(ref _window, (int)Math.Min(Array.MaxLength, 2L * _window.Length));
        }
        else
        {
            _window.AsSpan(from, kept).CopyTo(_window);
        }

        _windowOffset += from;
        _position = 0;
        _filled = kept;
        while (_filled < _window.Length && _file.Read(_windowOffset + _filled, _window.AsSpan(_filled)) is > 0 and var read)
        {
            _filled += read;
        }

        return _filled > kept;
    }

    private sealed class NoSink : IRdbEntrySink
    {
        public static readonly NoSink Instance = new();

        public EncodingLimits Encodings { get; } = new();

        public void Take(in RdbEntry entry)
        {
            // Only facts are read.
        }
    }
}
