using System.Buffers;
using System.IO.Hashing;

namespace ElastiCache.Embedded.Persistence;

/// <summary>Effects on their way to the file: bytes as an <c>EffectBuffer</c> left them.</summary>
/// <param name="Bytes">RESP commands.</param>
/// <param name="FirstDatabase">The database of the first command.</param>
/// <param name="LastDatabase">The database of the last.</param>
/// <param name="IsBlock">Whether they belong together, between MULTI and EXEC.</param>
/// <param name="OwnsArray">Whether the array goes back to the pool when this is written; false where a later chunk shares it.</param>
internal readonly record struct LogChunk(ArraySegment<byte> Bytes, int FirstDatabase, int LastDatabase, bool IsBlock, bool OwnsArray);

/// <summary>The increment that is being appended to: lays out batches, and knows what of the file is on disk.</summary>
/// <remarks>
/// A batch goes to the disk in writes of up to 256 KB; larger chunks are written from where they are. The length of a batch must
/// be known before its first byte is written (see <see cref="LogFormat"/>), so it is first laid out as a list of pieces.
/// After any failure the file is of no more use: a part of a batch may be in it, which <see cref="Append"/> tries to cut off and
/// recovery would.
/// </remarks>
internal sealed class LogFile : IDisposable
{
    // Small writes cost a system call each, large copies cost memory bandwidth; 256 KB is past the knee of both.
    private const int WriteBytes = 256 * 1024;

    // From here on a system call costs less than copying the bytes.
    private const int DirectBytes = 32 * 1024;

    private static readonly byte[] Multi = "*1\r\n$5\r\nMULTI\r\n"u8.ToArray();
    private static readonly byte[] Exec = "*1\r\n$4\r\nEXEC\r\n"u8.ToArray();

    private readonly IStorageFile _file;
    private readonly byte[] _salt;
    private readonly List<ArraySegment<byte>> _pieces = [];
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(WriteBytes);
    private readonly Dictionary<int, byte[]> _selects = [];
    private bool _isDisposed;
    private int _buffered;
    private long _writeOffset;
    private int _database = -1;             // none selected: the first batch after opening begins with SELECT, as in Redis
    private long _newestSecond;

    /// <summary>Takes over an open file whose every byte is on disk.</summary>
    public LogFile(IStorageFile file, string path, byte[] salt, long newestSecond)
    {
        _file = file;
        _salt = salt;
        _newestSecond = newestSecond;
        Path = path;
        Length = DurableLength = file.Length;
    }

    public string Path { get; }

    /// <summary>The newest time stamp in it, Unix seconds.</summary>
    public long NewestSecond => _newestSecond;

    /// <summary>Where the next batch will begin.</summary>
    public long Length { get; private set; }

    /// <summary>Everything before this offset is on disk.</summary>
    public long DurableLength { get; private set; }

    /// <summary>Begins a file in the log's directory. Its header is on disk on return; its name is not.</summary>
    public static LogFile Create(IStorage storage, string name, long after, long newestSecond)
    {
        Span<byte> header = stackalloc byte[LogFormat.HeaderBytes];
        byte[] salt = LogFormat.NewSalt();
        LogFormat.WriteHeader(header, salt, after);

        IStorageFile file = LogFolder.CreateAnew(storage, name);
        try
        {
            file.Write(0, header);
            file.Sync();
            return new LogFile(file, storage.PathOf(LogFolder.InDirectory(name)), salt, newestSecond);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes one batch. It is in the file when this returns, on disk after <see cref="Sync"/>.</summary>
    /// <param name="chunks">In their order.</param>
    /// <param name="unixSeconds">The time, for a time stamp if the second has changed. Times before the newest are not written.</param>
    public void Append(ReadOnlySpan<LogChunk> chunks, long unixSeconds)
    {
        try
        {
            LayOut(chunks, unixSeconds);
            Write();
        }
        catch
        {
            CutBack();
            throw;
        }
        finally
        {
            _pieces.Clear();
        }
    }

    /// <summary>Returns when all that was appended is on disk.</summary>
    public void Sync()
    {
        _file.Sync();
        DurableLength = Length;
    }

    /// <summary>As <see cref="Sync"/>, by another thread than the one that appends: what is appended meanwhile may be on disk afterwards or not.</summary>
    /// <remarks>The thread that appends notes what it was: <see cref="NoteSynced"/>.</remarks>
    public void SyncBeside() => _file.Sync();

    /// <summary>Everything before <paramref name="length"/> is on disk.</summary>
    public void NoteSynced(long length) => DurableLength = Math.Max(DurableLength, length);

    /// <summary>Marks the file as in use, on disk, so that a mark of an orderly close stands at the end only after one.</summary>
    public void MarkOpened(long unixSeconds)
    {
        _newestSecond = Math.Max(_newestSecond, unixSeconds);
        _pieces.Add(LogFormat.Timestamp(_newestSecond));
        WriteMark();
    }

    /// <summary>Marks an orderly close, on disk: an empty batch before which everything is durable.</summary>
    public void MarkClosed() => WriteMark();

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _file.Dispose();
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }

    private void WriteMark()
    {
        Append([], 0);
        Sync();
    }

    private void LayOut(ReadOnlySpan<LogChunk> chunks, long unixSeconds)
    {
        if (chunks.Length > 0 && unixSeconds > _newestSecond)
        {
            _pieces.Add(LogFormat.Timestamp(unixSeconds));
            _newestSecond = unixSeconds;
        }

        foreach (LogChunk chunk in chunks)
        {
            if (chunk.FirstDatabase != _database)
            {
                _pieces.Add(Select(chunk.FirstDatabase));
            }

            if (chunk.IsBlock)
            {
                _pieces.Add(Multi);
            }

            _pieces.Add(chunk.Bytes);
            if (chunk.IsBlock)
            {
                _pieces.Add(Exec);
            }

            _database = chunk.LastDatabase;
        }
    }

    private void Write()
    {
        Span<byte> line = stackalloc byte[LogFormat.LongestLineBytes];
        XxHash3 hash = LogFormat.BodyHash(_salt);
        long bodyBytes = 0;
        foreach (ArraySegment<byte> piece in _pieces)
        {
            bodyBytes += piece.Count;
        }

        _writeOffset = Length;
        Put(line[..LogFormat.WriteBatch(line, bodyBytes)]);
        foreach (ArraySegment<byte> piece in _pieces)
        {
            hash.Append(piece);
            Put(piece);
        }

        var commit = new Commit(bodyBytes, Length, DurableLength, hash.GetCurrentHashAsUInt64());
        Put(line[..LogFormat.WriteCommit(line, _salt, commit)]);
        FlushBuffer();
        Length = _writeOffset;
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > WriteBytes - _buffered || bytes.Length >= DirectBytes)
        {
            FlushBuffer();
        }

        if (bytes.Length >= DirectBytes)
        {
            _file.Write(_writeOffset, bytes);
            _writeOffset += bytes.Length;
            return;
        }

        bytes.CopyTo(_buffer.AsSpan(_buffered));
        _buffered += bytes.Length;
    }

    private void FlushBuffer()
    {
        if (_buffered == 0)
        {
            return;
        }

        _file.Write(_writeOffset, _buffer.AsSpan(0, _buffered));
        _writeOffset += _buffered;
        _buffered = 0;
    }

    private void CutBack()
    {
        try
        {
            _file.Truncate(Length);
        }
        catch (IOException)
        {
            // The disk that just failed us may fail this too. Nothing is lost: the caller reports the first failure, and
            // recovery cuts a torn end.
        }
    }

    private byte[] Select(int database)
    {
        if (!_selects.TryGetValue(database, out byte[]? select))
        {
            select = LogFormat.Select(database);
            _selects.Add(database, select);
        }

        return select;
    }
}
