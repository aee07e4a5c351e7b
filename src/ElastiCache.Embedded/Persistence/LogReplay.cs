using System.Buffers.Text;
using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence.Rdb;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Persistence;

/// <summary>What is known of a file before it is read.</summary>
/// <param name="IsLast">Whether it is the file that was appended to: only its end may be torn.</param>
/// <param name="MustHaveHeader">Whether it was written by us and not by redis-server.</param>
/// <param name="MustBeRdb">Whether its name says that it is an RDB file.</param>
/// <param name="BytesBefore">Length of the increment before it; null when there is none.</param>
internal readonly record struct LogFileRole(bool IsLast, bool MustHaveHeader, bool MustBeRdb, long? BytesBefore);

/// <summary>What was found in a file.</summary>
/// <param name="End">Where what is good ends; the rest is a torn end, to be cut.</param>
/// <param name="Salt">The file's salt when all of it is ours; null when redis-server wrote it, or its end.</param>
/// <param name="Watermark">Everything before this offset was proven to be on disk; 0 where redis-server wrote.</param>
/// <param name="ClosedCleanly">Whether it ends with the mark of an orderly close.</param>
internal readonly record struct ReplayedFile(long End, byte[]? Salt, long Watermark, bool ClosedCleanly);

/// <summary>Reads one file of the log, checks it (<see cref="LogFormat"/>) and hands its commands to the store.</summary>
/// <remarks>
/// A base that begins with "REDIS" or "VALKEY" is an RDB file, with its own checksum; commands may follow it, as in the log of Redis 4 to 6.
/// At each place of a file of ours stands one of four things:
/// <code>
///   the end of the file          done
///   a batch that checks          replay it, go on behind it
///   plain RESP, to the end       redis-server was started on our folder and appended: read it as Redis does
///   anything else                torn, or damaged?
/// </code>
/// Torn or damaged: a crash takes only what was not synced, and each commit line says how far the file was known to be synced
/// when it was made. So collect the newest such watermark of every commit line that is still genuine, those behind the place
/// included. The end is torn if this is the last file and no watermark lies behind the place; otherwise bytes are wrong that
/// had been safe on disk.
/// </remarks>
internal sealed class LogReplay(IReplayTarget target)
{
    private const int UsualCommandBytes = 4096;         // one of usual size is read in one step
    private const int LongestAnnotationBytes = 1024;    // as in redis-server: AOF_ANNOTATION_LINE_MAX_LEN

    private readonly RespReader _reader = new();
    private LogWindow _window = null!;
    private string _path = "";
    private LogFileRole _role;
    private ReplayQueue _queue = null!;
    private int _database;
    private EntryMarks _marks;        // of the command that follows

    /// <summary>Entries of an RDB base.</summary>
    public long Entries { get; private set; }

    public long Commands { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>The newest time stamp so far; 0 when there was none.</summary>
    public long NewestSecond { get; private set; }

    /// <summary>What was written after this second, Unix, is not replayed.</summary>
    public long LastSecond { get; init; } = long.MaxValue;

    /// <summary>Whether something was met that was written after <see cref="LastSecond"/>. What has been read is not all of the file then.</summary>
    public bool IsPast { get; private set; }

    /// <summary>When that was, Unix seconds.</summary>
    public long FirstPastSecond { get; private set; }

    /// <summary>Where the last batch or command ends that was replayed of the increment that is read, or was when it turned out to be damaged.</summary>
    public long GoodEnd { get; private set; }

    public ReplayedFile Replay(IStorageFile file, string path, LogFileRole role)
    {
        if (role.IsLast)
        {
            file.FindTornEnd();
        }

        (_window, _path, _role, _database, GoodEnd) = (new LogWindow(file), path, role, 0, 0);
        using var queue = new ReplayQueue(target, path);
        _queue = queue;
        ReplayedFile found;
        try
        {
            found = ReplayFile(file);
        }
        finally
        {
            queue.Finish();     // also before damage is told: what stands before it and can't be applied comes first
        }

        if (!IsPast)
        {
            CheckEnd(file);
        }

        return found;
    }

    // An envelope may end before its file does.
    private void CheckEnd(IStorageFile file)
    {
        if (file.Damage is { } damage)
        {
            throw damage;
        }

        if (file.TornBytes > 0 && !_role.IsLast)
        {
            throw new LogDamagedException(_path, file.Length, file.TornBytes, $"{file.TornBytes} bytes at its end can't be read, and only the last file may be torn");
        }
    }

    private ReplayedFile ReplayFile(IStorageFile file)
    {
        ReadOnlySpan<byte> start = _window.UpTo(0, LongestAnnotationBytes);
        if (RdbFileReader.IsRdb(start) || _role.MustBeRdb)
        {
            return ReplayRdb(file);
        }

        ReplayedFile found = _role.MustHaveHeader || start.StartsWith(LogFormat.HeaderStart)
            ? ReplayOurs(CheckedSalt(start))
            : new ReplayedFile(ReplayForeign(0), null, Watermark: 0, ClosedCleanly: false);
        Bytes += found.End;
        return found;
    }

    private ReplayedFile ReplayRdb(IStorageFile file)
    {
        var sink = new RdbSink(target, _path);
        string? objection;
        long end;
        try
        {
            end = RdbFileReader.Read(file, _path, sink, out long createdSecond);
            NewestSecond = Math.Max(NewestSecond, createdSecond);
        }
        catch (RdbFileException e) when (e.IsUnknownVersion)
        {
            throw new LogFormatException(_path, e.Offset, e.What, "Open it with the newer library or server that wrote it.");
        }
        catch (RdbFileException e)
        {
            throw new LogDamagedException(_path, e.Offset, _window.Length - e.Offset, e.What);
        }
        finally
        {
            objection = target.EndLoad();
        }

        sink.ThrowIf(objection);
        Entries += sink.Entries;
        end = ReplayForeign(end);
        Bytes += end;
        return new ReplayedFile(end, null, Watermark: 0, ClosedCleanly: false);
    }

    private byte[] CheckedSalt(ReadOnlySpan<byte> file)
    {
        if (!LogFormat.TryReadHeader(file, out int version, out byte[] salt, out long after))
        {
            throw new LogDamagedException(_path, 0, _window.Length, "its header is not what was written");
        }

        if (version != LogFormat.Version)
        {
            throw new LogFormatException(
                _path, 0, $"it has format version {version}, and this library knows version {LogFormat.Version}", "Open it with the newer library that wrote it.");
        }

        if (_role.BytesBefore is long before && before != after)
        {
            throw new LogDamagedException(
                _path, 0, _window.Length, $"it was begun after a file of {after} bytes, but the file before it in the manifest has {before}");
        }

        return salt;
    }

    private ReplayedFile ReplayOurs(byte[] salt)
    {
        long position = LogFormat.HeaderBytes;
        long watermark = position;
        bool closed = false;
        while (position < _window.Length)
        {
            if (TryReadBatch(salt, position, out long bodyStart, out Commit commit, out long end))
            {
                ReplayBatch(bodyStart, bodyStart + commit.BodyBytes);
                if (IsPast)
                {
                    break;
                }

                watermark = Math.Max(watermark, commit.DurableOffset);
                closed = commit.BodyBytes == 0 && commit.DurableOffset == position;
                GoodEnd = position = end;
                continue;
            }

            watermark = Math.Max(watermark, NewestWatermarkBehind(salt, position));
            if (BeginsLikeRedis(position) && position >= watermark)
            {
                return new ReplayedFile(ReplayForeign(position), null, watermark, ClosedCleanly: false);
            }

            return _role.IsLast && position >= watermark
                ? new ReplayedFile(position, salt, watermark, ClosedCleanly: false)
                : throw new LogDamagedException(_path, position, _window.Length - position);
        }

        return new ReplayedFile(position, salt, watermark, closed);
    }

    private bool TryReadBatch(byte[] salt, long position, out long bodyStart, out Commit commit, out long end)
    {
        (bodyStart, commit, end) = (0, default, 0);
        if (!LogFormat.TryReadBatch(_window.UpTo(position, LogFormat.LongestLineBytes), out long bodyBytes, out int lineBytes) ||
            bodyBytes > _window.Length - position || bodyBytes > Array.MaxLength - (2 * LogFormat.LongestLineBytes))
        {
            return false;
        }

        bodyStart = position + lineBytes;
        ReadOnlySpan<byte> batch = _window.UpTo(position, lineBytes + bodyBytes + LogFormat.LongestLineBytes);
        batch = batch[Math.Min(lineBytes, batch.Length)..];
        if (batch.Length < bodyBytes ||
            !LogFormat.TryReadCommit(batch[(int)bodyBytes..], salt, out commit, out int commitBytes))
        {
            return false;
        }

        end = bodyStart + bodyBytes + commitBytes;
        return commit.BodyBytes == bodyBytes && commit.Offset == position && commit.BodyHash == LogFormat.HashBody(salt, batch[..(int)bodyBytes]);
    }

    private void ReplayBatch(long start, long end)
    {
        long position = start;
        while (position < end && !IsPast)
        {
            // What checks was written by a library like this one; if it makes no sense, the library was wrong, not the disk.
            if (ReplayUnit(ref position, end) != RespOutcome.Command)
            {
                throw new LogFormatException(_path, position, "a batch is intact but is not made of commands", "Report this, and restore a snapshot.");
            }
        }
    }

    /// <summary>Reads what redis-server wrote. Nothing in it can be checked but its form, so damage within values goes unseen, as in Redis.</summary>
    /// <returns>Where its last whole command ends.</returns>
    private long ReplayForeign(long start)
    {
        long position = start;
        while (position < _window.Length && !IsPast)
        {
            RespOutcome outcome = ReplayUnit(ref position, _window.Length);
            if (outcome == RespOutcome.Incomplete && _role.IsLast)
            {
                return position; // as redis-server does with aof-load-truncated
            }

            if (outcome != RespOutcome.Command)
            {
                throw new LogDamagedException(_path, position, _window.Length - position);
            }

            GoodEnd = position;
        }

        return position;
    }

    private bool BeginsLikeRedis(long position)
    {
        ReadOnlySpan<byte> bytes = _window.From(position, LogFormat.LongestLineBytes);
        return bytes[0] == '*' || bytes.StartsWith(LogFormat.TimestampStart);
    }

    private long NewestWatermarkBehind(byte[] salt, long position)
    {
        long newest = 0;
        while (position < _window.Length)
        {
            ReadOnlySpan<byte> bytes = _window.From(position, UsualCommandBytes);
            int next = bytes.IndexOf(LogFormat.CommitStart);
            if (next < 0)
            {
                // The start of the marker may be the end of these bytes.
                position += Math.Max(1, bytes.Length - LogFormat.CommitStart.Length + 1);
                continue;
            }

            position += next;
            if (LogFormat.TryReadCommit(_window.From(position, LogFormat.LongestLineBytes), salt, out Commit commit, out _))
            {
                newest = Math.Max(newest, commit.DurableOffset);
            }

            position++;
        }

        return newest;
    }

    /// <summary>Replays what begins at <paramref name="position"/>: an annotation, a command, or a block from MULTI to EXEC.</summary>
    /// <param name="position">Moves behind it when it is whole, and stays otherwise.</param>
    /// <param name="end">Nothing is read from here on.</param>
    private RespOutcome ReplayUnit(ref long position, long end)
    {
        if (_window.From(position, 1)[0] == '#')
        {
            return ReadAnnotation(ref position, end);
        }

        RespOutcome outcome = ReadCommand(position, end, out CommandArguments command, out int length);
        if (outcome != RespOutcome.Command)
        {
            return outcome;
        }

        if (Is(command, "MULTI"u8))
        {
            return ReplayBlock(ref position, position + length, end);
        }

        if (Is(command, "EXEC"u8) || !TryQueue(command, position))
        {
            return RespOutcome.Malformed;
        }

        position += length;
        return RespOutcome.Command;
    }

    private RespOutcome ReplayBlock(ref long position, long first, long end)
    {
        RespOutcome outcome = FindExec(first, end, out long exec, out long afterExec);
        if (outcome != RespOutcome.Command)
        {
            return outcome;
        }

        for (long at = first; at < exec;)
        {
            if (_window.From(at, 1)[0] == '#')
            {
                ReadAnnotation(ref at, end);
                continue;
            }

            ReadCommand(at, end, out CommandArguments command, out int length);
            if (!TryQueue(command, at))
            {
                return RespOutcome.Malformed;
            }

            at += length;
        }

        position = afterExec;
        return RespOutcome.Command;
    }

    // A first pass over the block, so that nothing of it is applied unless all of it is there.
    private RespOutcome FindExec(long at, long end, out long exec, out long afterExec)
    {
        (exec, afterExec) = (0, 0);
        while (at < end)
        {
            if (_window.From(at, 1)[0] == '#')
            {
                RespOutcome annotation = ReadAnnotation(ref at, end);
                if (annotation != RespOutcome.Command)
                {
                    return annotation;
                }

                continue;
            }

            RespOutcome outcome = ReadCommand(at, end, out CommandArguments command, out int length);
            if (outcome != RespOutcome.Command)
            {
                return outcome;
            }

            if (Is(command, "MULTI"u8))
            {
                return RespOutcome.Malformed;
            }

            if (Is(command, "EXEC"u8))
            {
                (exec, afterExec) = (at, at + length);
                _marks = default;     // they are read again with their commands
                return RespOutcome.Command;
            }

            at += length;
        }

        return RespOutcome.Incomplete;
    }

    private RespOutcome ReadCommand(long position, long end, out CommandArguments command, out int length)
    {
        long wanted = UsualCommandBytes;
        while (true)
        {
            ReadOnlySpan<byte> bytes = _window.From(position, Math.Min(wanted, end - position));
            RespOutcome outcome = _reader.Read(bytes[..(int)Math.Min(bytes.Length, end - position)], out command, out length);
            if (outcome != RespOutcome.Incomplete || position + length > end || length > Array.MaxLength)
            {
                return outcome;
            }

            wanted = Math.Max(length, 2 * (long)bytes.Length);
        }
    }

    private RespOutcome ReadAnnotation(ref long position, long end)
    {
        ReadOnlySpan<byte> line = _window.From(position, Math.Min(LongestAnnotationBytes, end - position));
        line = line[..(int)Math.Min(Math.Min(line.Length, LongestAnnotationBytes), end - position)];
        int length = line.IndexOf((byte)'\n') + 1;
        if (length == 0)
        {
            return line.Length < LongestAnnotationBytes ? RespOutcome.Incomplete : RespOutcome.Malformed;
        }

        // Our own lines stand only around batches. Here they mean that the line before them, or the file's header, is damaged.
        if (line.StartsWith(LogFormat.BatchStart) || line.StartsWith(LogFormat.CommitStart))
        {
            return RespOutcome.Malformed;
        }

        if (LogFormat.TryReadTimestamp(line, out long unixSeconds))
        {
            if (unixSeconds > LastSecond)
            {
                (IsPast, FirstPastSecond) = (true, unixSeconds);
            }
            else
            {
                NewestSecond = Math.Max(NewestSecond, unixSeconds);
            }
        }
        else
        {
            EntryAnnotations.Read(line, ref _marks);
        }

        position += length;
        return RespOutcome.Command;
    }

    private bool TryQueue(scoped in CommandArguments command, long position)
    {
        if (Is(command, "SELECT"u8))
        {
            return command.Count == 2 && Utf8Parser.TryParse(command[1], out _database, out int used) && used == command[1].Length && _database >= 0;
        }

        Commands++;
        _queue.Add(_database, command.With(_marks), position);
        _marks = default;
        return true;
    }

    private sealed class RdbSink(IReplayTarget target, string path) : IRdbEntrySink
    {
        public long Entries { get; private set; }

        public EncodingLimits Encodings => target.Encodings;

        public void Expect(long database, long entries) => target.Expect(database, entries);

        public void Take(in RdbEntry entry)
        {
            Entries++;
            ThrowIf(target.Load(entry));
        }

        public void ThrowIf(string? objection)
        {
            if (objection != null)
            {
                throw new LogFormatException(path, 0, objection, "It may come from a cache with other options; open it with those.");
            }
        }
    }

    private static bool Is(scoped in CommandArguments command, ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(command.Name, name);
}
