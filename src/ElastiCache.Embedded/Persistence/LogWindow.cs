namespace ElastiCache.Embedded.Persistence;

/// <summary>A part of a file in memory, which moves and grows to what is asked for.</summary>
internal sealed class LogWindow
{
    // Reads of this size cost little more a byte than larger ones.
    private const int UsualBytes = 1024 * 1024;

    private readonly IStorageFile _file;
    private byte[] _buffer;
    private long _start;
    private int _count;

    /// <param name="file">The file.</param>
    /// <param name="usualBytes">How much is read at once: less for who jumps about.</param>
    public LogWindow(IStorageFile file, int usualBytes = UsualBytes)
    {
        _file = file;
        Length = file.Length;
        _buffer = new byte[Math.Min(usualBytes, Length)];
    }

    /// <summary>Length of the file.</summary>
    public long Length { get; }

    /// <summary>The bytes from <paramref name="offset"/> on: at least <paramref name="wanted"/>, or all to the end of the file.</summary>
    /// <remarks>Valid until the next call that asks for bytes which are not among them.</remarks>
    public ReadOnlySpan<byte> From(long offset, long wanted)
    {
        int available = (int)Math.Min(Math.Min(wanted, Array.MaxLength), Length - offset);
        if (offset < _start || offset + available > _start + _count)
        {
            Load(offset, available);
        }

        return _buffer.AsSpan((int)(offset - _start), _count - (int)(offset - _start));
    }

    /// <summary>As <see cref="From"/>, but short of what is damaged: a reader looks ahead further than to what it needs.</summary>
    public ReadOnlySpan<byte> UpTo(long offset, long wanted)
    {
        try
        {
            return From(offset, wanted);
        }
        catch (LogDamagedException) when (_start == offset && _count > 0)
        {
            return _buffer.AsSpan(0, _count);
        }
    }

    private void Load(long offset, int available)
    {
        byte[] target = available <= _buffer.Length
            ? _buffer
            : new byte[(int)Math.Min(Array.MaxLength, Math.Max(available, 2L * _buffer.Length))];

        // What is here already is moved, not read again.
        int kept = offset >= _start ? (int)Math.Max(0, _start + _count - offset) : 0;
        _buffer.AsSpan(_count - kept, kept).CopyTo(target);
        (_buffer, _start, _count) = (target, offset, kept);

        // No further than asked for: what comes next in an envelope may be damaged, and what was asked for good.
        int read;
        while (_count < available && (read = _file.Read(offset + _count, _buffer.AsSpan(_count))) > 0)
        {
            _count += read;
        }
    }
}
