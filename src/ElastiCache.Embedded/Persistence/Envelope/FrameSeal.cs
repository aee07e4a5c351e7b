using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using K4os.Compression.LZ4;

namespace ElastiCache.Embedded.Persistence.Envelope;

/// <summary>Turns the bytes of one file into frames and back: compresses, encrypts, and signs with a tag.</summary>
/// <remarks>
/// The number of a frame is its nonce and its header is authenticated with it, so a frame opens only in its place in its file: one that was changed, swapped, doubled, or
/// taken from elsewhere doesn't (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015, without its mark of the last frame: every kind of file in here says
/// itself where it ends). Without encryption the tag is a checksum, against accidents only.
/// </remarks>
internal sealed class FrameSeal : IDisposable
{
    // Below this nothing is won.
    private const int LeastCompressedBytes = 64;

    private readonly AesGcm? _cipher;
    private readonly byte[] _salt;
    private readonly long _seed;
    private readonly uint _mark;
    private byte[] _scratch = [];

    public FrameSeal(EnvelopeHeader header, EncryptionKey? key)
    {
        _salt = header.Salt.ToArray();
        _seed = BinaryPrimitives.ReadInt64LittleEndian(_salt);
        _mark = BinaryPrimitives.ReadUInt32LittleEndian(_salt.AsSpan(8));
        if (key != null)
        {
            Span<byte> fileKey = stackalloc byte[EncryptionKey.KeyBytes];
            header.DeriveKey(key, fileKey);
            _cipher = new AesGcm(fileKey, FrameHeader.TagBytes);
            CryptographicOperations.ZeroMemory(fileKey);
        }
    }

    /// <summary>The first bytes of every frame.</summary>
    public ReadOnlySpan<byte> Mark => _salt.AsSpan(8, sizeof(uint));

    /// <summary>The most bytes that a frame of so many plain bytes may need.</summary>
    public static int MostFrameBytes(int plainBytes) => FrameHeader.Bytes + plainBytes + FrameHeader.TagBytes;

    /// <summary>Makes a frame.</summary>
    /// <returns>Its length.</returns>
    public int Seal(ReadOnlySpan<byte> plain, long number, long durable, bool compresses, Span<byte> frame)
    {
        ReadOnlySpan<byte> stored = compresses && plain.Length >= LeastCompressedBytes ? Compress(plain) : plain;
        var header = new FrameHeader(stored.Length, plain.Length, number, durable);
        Span<byte> headerBytes = frame[..FrameHeader.Bytes];
        Span<byte> body = frame.Slice(FrameHeader.Bytes, stored.Length);
        Span<byte> tag = frame.Slice(FrameHeader.Bytes + stored.Length, FrameHeader.TagBytes);
        header.Write(headerBytes, _mark, _seed);
        if (_cipher != null)
        {
            _cipher.Encrypt(Nonce(number, stackalloc byte[12]), stored, body, tag, headerBytes);
        }
        else
        {
            stored.CopyTo(body);
            Checksum(headerBytes, body, tag);
        }

        return header.FrameBytes;
    }

    /// <summary>Reads a frame's header.</summary>
    public bool TryReadHeader(ReadOnlySpan<byte> bytes, out FrameHeader header) => FrameHeader.TryRead(bytes, _mark, _seed, out header);

    /// <summary>Opens a frame.</summary>
    /// <param name="header">Its header, as read from its first bytes.</param>
    /// <param name="frame">The whole frame.</param>
    /// <param name="plain">Receives <see cref="FrameHeader.PlainBytes"/> bytes.</param>
    /// <returns>False if it is not what was written, or not in this place.</returns>
    public bool TryOpen(in FrameHeader header, ReadOnlySpan<byte> frame, Span<byte> plain)
    {
        ReadOnlySpan<byte> headerBytes = frame[..FrameHeader.Bytes];
        ReadOnlySpan<byte> body = frame.Slice(FrameHeader.Bytes, header.StoredBytes);
        ReadOnlySpan<byte> tag = frame.Slice(FrameHeader.Bytes + header.StoredBytes, FrameHeader.TagBytes);
        bool isCompressed = header.StoredBytes < header.PlainBytes;
        Span<byte> stored = isCompressed ? Scratch(header.StoredBytes) : plain[..header.PlainBytes];
        if (_cipher != null)
        {
            try
            {
                _cipher.Decrypt(Nonce(header.Number, stackalloc byte[12]), body, tag, stored, headerBytes);
            }
            catch (AuthenticationTagMismatchException)
            {
                return false;
            }
        }
        else
        {
            Span<byte> expected = stackalloc byte[FrameHeader.TagBytes];
            Checksum(headerBytes, body, expected);
            if (!expected.SequenceEqual(tag))
            {
                return false;
            }

            body.CopyTo(stored);
        }

        return !isCompressed || LZ4Codec.Decode(stored, plain[..header.PlainBytes]) == header.PlainBytes;
    }

    public void Dispose() => _cipher?.Dispose();

    private static Span<byte> Nonce(long number, Span<byte> nonce)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(nonce, number);
        return nonce;
    }

    private void Checksum(ReadOnlySpan<byte> header, ReadOnlySpan<byte> body, Span<byte> tag)
    {
        var hash = new XxHash128(_seed);
        hash.Append(header);
        hash.Append(body);
        hash.GetCurrentHash(tag);
    }

    private ReadOnlySpan<byte> Compress(ReadOnlySpan<byte> plain)
    {
        int count = LZ4Codec.Encode(plain, Scratch(plain.Length - 1));
        return count > 0 ? _scratch.AsSpan(0, count) : plain;
    }

    private Span<byte> Scratch(int count)
    {
        if (_scratch.Length < count)
        {
            _scratch = new byte[Math.Min(FrameHeader.MostPlainBytes, Math.Max(count, 2 * _scratch.Length))];
        }

        return _scratch.AsSpan(0, count);
    }
}
