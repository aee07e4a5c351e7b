namespace ElastiCache.Embedded.Persistence.Envelope;

/// <summary>A file in an envelope that was written before: reads it, and cuts its torn end.</summary>
/// <remarks>
/// Where frames begin is found by a walk over their headers when the file is opened, of which a part is remembered. Each frame is checked when it is read; in a file that may be torn
/// those that may not have been on disk when the machine stopped are checked before (<see cref="FindTornEnd"/>):
/// <code>
///   header │ frame │ frame │ frame │ frame │ fra
///                          └ the newest 'durable' that a frame tells: what is wrong behind it, a crash explains; what is wrong before it is damage
/// </code>
/// </remarks>
internal sealed class SealedReader : IStorageFile
{
    // One in so many bytes is remembered: 24 bytes for each 256 KB, and at most as much is walked for a read out of order.
    private const long BytesAPlace = 256 * 1024;

    private const int HeaderWindowBytes = 16 * 1024;

    private readonly IStorageFile _file;
    private readonly string _path;
    private readonly FrameSeal _seal;
    private readonly List<Place> _places = [new Place(0, EnvelopeHeader.Bytes, 0)];
    private LogWindow _window;
    private LogWindow _headers;     // small, so that walking over headers does not read what lies between them
    private Place _end;             // behind the last good frame
    private long _durable;          // the newest that a frame tells
    private Place _next;            // behind the frame in _plain
    private byte[] _plain = [];
    private long _plainStart;
    private int _plainCount;

    private SealedReader(IStorageFile file, string path, FrameSeal seal)
    {
        (_file, _path, _seal, _window, _headers) = (file, path, seal, new LogWindow(file), new LogWindow(file, HeaderWindowBytes));
        _end = _next = _places[0];
    }

    private readonly record struct Place(long Plain, long Physical, long Number);

    public long Length => _end.Plain;

    public long TornBytes => _window.Length - _end.Physical;

    public LogDamagedException? Damage { get; private set; }

    /// <summary>Opens a file that begins with <see cref="EnvelopeHeader.Magic"/>, and takes it over.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="keys">The keys; null if there are none.</param>
    /// <exception cref="EncryptionKeyException">Its key is missing, or another. The file stays with the caller.</exception>
    public static IStorageFile Open(IStorageFile file, string path, IKeyProvider? keys)
    {
        Span<byte> bytes = stackalloc byte[EnvelopeHeader.Bytes];
        bytes = bytes[..file.Read(0, bytes)];
        if (!EnvelopeHeader.TryRead(bytes, out EnvelopeHeader header))
        {
            return new UnreadableFile(file, path);
        }

        var reader = new SealedReader(file, path, new FrameSeal(header, header.IsEncrypted ? KeyOf(header, path, keys) : null));
        reader.FindEnd();
        return reader;
    }

    public void FindTornEnd()
    {
        Place place = _places.FindLast(known => known.Physical <= Math.Max(_durable, EnvelopeHeader.Bytes));
        while (place.Physical < _end.Physical && TryHeaderAt(place, out FrameHeader header))
        {
            if (place.Physical >= _durable && !TryOpen(place, header))
            {
                _end = place;
                _places.RemoveAll(known => known.Plain > _end.Plain);
                FindDamage();
                return;
            }

            Advance(ref place, header);
        }
    }

    public int Read(long offset, Span<byte> buffer)
    {
        if (offset >= Length || buffer.Length == 0)
        {
            return 0;
        }

        if (offset < _plainStart || offset >= _plainStart + _plainCount)
        {
            OpenFrameAt(offset);
        }

        ReadOnlySpan<byte> found = _plain.AsSpan((int)(offset - _plainStart), (int)(_plainStart + _plainCount - offset));
        found = found[..Math.Min(found.Length, buffer.Length)];
        found.CopyTo(buffer);
        return found.Length;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes) => throw new InvalidOperationException($"'{_path}' was closed once, and can't be appended to.");

    public void WriteAgain(long start, long end)
    {
        Place place = PlaceOf(start);
        _file.WriteAgain(place.Physical, _end.Physical);
    }

    /// <summary>Cuts the file where a frame ends.</summary>
    /// <exception cref="IOException">No frame ends there, or the disk failed.</exception>
    public void Truncate(long length)
    {
        Place end = length == Length ? _end : PlaceOf(length);
        if (end.Plain != length)
        {
            throw new IOException($"'{_path}' can't be cut at {length}, within a frame.");
        }

        _file.Truncate(end.Physical);
        (_window, _headers) = (new LogWindow(_file), new LogWindow(_file, HeaderWindowBytes));
        _places.RemoveAll(place => place.Plain > length);
        (_end, _next, _plainCount, Damage) = (end, _places[0], 0, null);
    }

    public void Sync() => _file.Sync();

    public void Dispose()
    {
        _seal.Dispose();
        _file.Dispose();
    }

    private static EncryptionKey KeyOf(EnvelopeHeader header, string path, IKeyProvider? keys)
    {
        if (keys == null)
        {
            throw new EncryptionKeyException(path, header.KeyId, "this cache was given no keys (EmbeddedCacheOptions.Envelope). Nothing was changed");
        }

        EncryptionKey key = keys.Find(header.KeyId) ?? throw new EncryptionKeyException(path, header.KeyId, "the key provider does not have it. Nothing was changed");
        return header.IsUnder(key) ? key : throw new EncryptionKeyException(path, header.KeyId, "the key of that id is another than the one under which it was written. Nothing was changed");
    }

    // Walks the headers. Where they end before the file does, something behind may prove that this is no torn end.
    private void FindEnd()
    {
        while (TryHeaderAt(_end, out FrameHeader header))
        {
            _durable = Math.Max(_durable, header.Durable);
            Advance(ref _end, header);
            if (_end.Plain - _places[^1].Plain >= BytesAPlace)
            {
                _places.Add(_end);
            }
        }

        FindDamage();
    }

    private void FindDamage()
    {
        if (TornBytes > 0 && IsProvenBehindEnd())
        {
            Damage = Damaged(_end.Physical, "what follows was on disk once, so this is not a torn last write");
        }
    }

    private bool TryHeaderAt(Place place, out FrameHeader header)
    {
        header = default;
        return place.Physical <= _headers.Length - FrameHeader.Bytes && TryHeader(place.Physical, _headers.From(place.Physical, FrameHeader.Bytes), out header) &&
            header.Number == place.Number && header.Durable <= place.Physical;
    }

    private bool TryHeader(long physical, ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        return bytes.Length >= FrameHeader.Bytes && _seal.TryReadHeader(bytes, out header) && header.FrameBytes <= _window.Length - physical;
    }

    private static void Advance(ref Place place, in FrameHeader header) =>
        place = new Place(place.Plain + header.PlainBytes, place.Physical + header.FrameBytes, place.Number + 1);

    private bool IsProvenBehindEnd()
    {
        long position = _end.Physical + 1;
        while (position < _window.Length)
        {
            ReadOnlySpan<byte> bytes = _window.From(position, FrameHeader.Bytes);
            int next = bytes.IndexOf(_seal.Mark);
            if (next < 0)
            {
                // The start of the mark may be the end of these bytes.
                position += Math.Max(1, bytes.Length - _seal.Mark.Length + 1);
                continue;
            }

            position += next;
            if (TryHeader(position, _window.From(position, FrameHeader.Bytes), out FrameHeader header) && header.Durable > _end.Physical && TryOpen(new Place(0, position, header.Number), header))
            {
                return true;
            }

            position++;
        }

        return false;
    }

    // The frame that holds a byte, or begins at it; the end where there is none.
    private Place PlaceOf(long offset)
    {
        Place place = _places.FindLast(known => known.Plain <= offset);
        while (place.Physical < _end.Physical && TryHeaderAt(place, out FrameHeader header) && place.Plain + header.PlainBytes <= offset)
        {
            Advance(ref place, header);
        }

        return place;
    }

    private void OpenFrameAt(long offset)
    {
        Place place = _next.Plain == offset ? _next : PlaceOf(offset);
        if (!TryHeaderAt(place, out FrameHeader header) || !TryOpen(place, header))
        {
            throw Damaged(place.Physical, $"frame {place.Number} is not what was written");
        }
    }

    private bool TryOpen(Place place, in FrameHeader header)
    {
        if (_plain.Length < header.PlainBytes)
        {
            _plain = new byte[header.PlainBytes];
        }

        _plainCount = 0;
        if (!_seal.TryOpen(header, _window.From(place.Physical, header.FrameBytes), _plain))
        {
            return false;
        }

        (_plainStart, _plainCount, _next) = (place.Plain, header.PlainBytes, place);
        Advance(ref _next, header);
        return true;
    }

    private LogDamagedException Damaged(long physical, string what) => new(_path, physical, _window.Length - physical, what);

    /// <summary>A file whose header can't be read.</summary>
    private sealed class UnreadableFile(IStorageFile file, string path) : IStorageFile
    {
        public long Length => 0;

        public long TornBytes => file.Length;

        public LogDamagedException? Damage => new(path, 0, file.Length, "the header of its envelope is not what was written");

        public int Read(long offset, Span<byte> buffer) => 0;

        public void Write(long offset, ReadOnlySpan<byte> bytes) => throw new InvalidOperationException($"'{path}' was closed once, and can't be appended to.");

        public void Truncate(long length) => file.Truncate(length);

        public void Sync() => file.Sync();

        public void Dispose() => file.Dispose();
    }
}
