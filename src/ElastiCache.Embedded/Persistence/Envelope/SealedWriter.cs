namespace ElastiCache.Embedded.Persistence.Envelope;

/// <summary>A new file in an envelope: written from its start to its end, by one opening only.</summary>
/// <remarks>
/// <code>
///   header │ frame 0 │ frame 1 │ …          each write becomes a frame, or several when it is larger than 1 MB
/// </code>
/// Numbers of frames only ever grow, also over a write that failed: a nonce is used once. This is why a file that was closed is never written to again.
/// </remarks>
internal sealed class SealedWriter(IStorageFile file, string path, EnvelopeHeader header, EncryptionKey? key, bool compresses) : IStorageFile
{
    private readonly FrameSeal _seal = new(header, key);
    private byte[] _buffer = [];
    private long _physicalLength;
    private long _durableLength;
    private long _number;

    public long Length { get; private set; }

    public int Read(long offset, Span<byte> buffer) => throw new InvalidOperationException($"'{path}' is being written.");

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (offset != Length)
        {
            throw new InvalidOperationException($"'{path}' is written at its end only, which is at {Length}, not at {offset}.");
        }

        while (bytes.Length > 0)
        {
            ReadOnlySpan<byte> plain = bytes[..Math.Min(bytes.Length, FrameHeader.MostPlainBytes)];
            int headerBytes = _number == 0 ? EnvelopeHeader.Bytes : 0;
            Reserve(headerBytes + FrameSeal.MostFrameBytes(plain.Length));
            header.Span[..headerBytes].CopyTo(_buffer);
            int count = headerBytes + _seal.Seal(plain, _number++, _durableLength, compresses, _buffer.AsSpan(headerBytes));
            file.Write(_physicalLength, _buffer.AsSpan(0, count));
            _physicalLength += count;
            Length += plain.Length;
            bytes = bytes[plain.Length..];
        }
    }

    /// <summary>Cuts off what a failed write has left of a frame.</summary>
    /// <exception cref="IOException">Whole frames lie behind <paramref name="length"/>: those stay, and a reader finds an unfinished batch.</exception>
    public void Truncate(long length)
    {
        file.Truncate(_physicalLength);
        if (length != Length)
        {
            throw new IOException($"'{path}' can't be cut at {length}, within what was written.");
        }
    }

    public void Sync()
    {
        // Frames may be written meanwhile, by another thread.
        long length = Volatile.Read(ref _physicalLength);
        file.Sync();
        Volatile.Write(ref _durableLength, length);
    }

    public void Dispose()
    {
        _seal.Dispose();
        file.Dispose();
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length < bytes)
        {
            _buffer = new byte[Math.Max(bytes, Math.Min(2 * _buffer.Length, EnvelopeHeader.Bytes + FrameSeal.MostFrameBytes(FrameHeader.MostPlainBytes)))];
        }
    }
}
