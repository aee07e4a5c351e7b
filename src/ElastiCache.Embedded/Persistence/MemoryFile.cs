namespace ElastiCache.Embedded.Persistence;

/// <summary>A file in memory, for what is written only to be read again at once.</summary>
internal sealed class MemoryFile : IStorageFile
{
    private byte[] _bytes = [];
    private int _length;

    public long Length => _length;

    public int Read(long offset, Span<byte> buffer)
    {
        int count = (int)Math.Clamp(_length - offset, 0, buffer.Length);
        _bytes.AsSpan((int)Math.Min(offset, _length), count).CopyTo(buffer);
        return count;
    }

    /// <exception cref="IOException">It would be larger than an array can be.</exception>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        long end = offset + bytes.Length;
        if (end > _bytes.Length)
        {
            if (end > Array.MaxLength)
            {
                throw new IOException($"A file in memory can't be longer than {Array.MaxLength} bytes.");
            }

            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(end, 2L * _bytes.Length)));
        }

        bytes.CopyTo(_bytes.AsSpan((int)offset));
        _length = (int)Math.Max(_length, end);
    }

    public void Truncate(long length) => _length = (int)Math.Min(length, _length);

    public void Sync()
    {
        // It lasts as long as the process anyway.
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
