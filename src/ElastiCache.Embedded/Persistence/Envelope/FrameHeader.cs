using System.Buffers.Binary;
using System.IO.Hashing;

namespace ElastiCache.Embedded.Persistence.Envelope;

/// <summary>What stands before the bytes of a frame.</summary>
/// <remarks>
/// <code>
///    0  4  mark, of this file: by it a frame behind damage is found
///    4  4  stored bytes, which follow the header; behind them a tag of 16 bytes
///    8  4  plain bytes; as many as stored where nothing was compressed
///   12  4  low half of XXH3 of the other 28 bytes, seeded by the file's salt
///   16  8  number of the frame, from 0
///   24  8  everything before this byte of the file was on disk when the frame was written
/// </code>
/// </remarks>
/// <param name="StoredBytes">Bytes between the header and the tag.</param>
/// <param name="PlainBytes">Bytes that they stand for.</param>
/// <param name="Number">Number of the frame.</param>
/// <param name="Durable">What was on disk.</param>
internal readonly record struct FrameHeader(int StoredBytes, int PlainBytes, long Number, long Durable)
{
    public const int Bytes = 32;
    public const int TagBytes = 16;

    /// <summary>Frames are no larger, so that a reader needs no more memory, whatever a file says.</summary>
    public const int MostPlainBytes = 1 << 20;

    /// <summary>The whole frame.</summary>
    public int FrameBytes => Bytes + StoredBytes + TagBytes;

    public void Write(Span<byte> bytes, uint mark, long seed)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, mark);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], StoredBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], PlainBytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], Number);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], Durable);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], Hash(bytes, seed));
    }

    /// <summary>Reads a header.</summary>
    /// <returns>False if the bytes are not those of one of this file.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, uint mark, long seed, out FrameHeader header)
    {
        header = default;
        if (bytes.Length < Bytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != mark || BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) != Hash(bytes, seed))
        {
            return false;
        }

        header = new FrameHeader(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]));
        return header.PlainBytes is > 0 and <= MostPlainBytes && header.StoredBytes > 0 && header.StoredBytes <= header.PlainBytes;
    }

    private static uint Hash(ReadOnlySpan<byte> bytes, long seed)
    {
        Span<byte> hashed = stackalloc byte[Bytes - sizeof(uint)];
        bytes[..12].CopyTo(hashed);
        bytes[16..Bytes].CopyTo(hashed[12..]);
        return (uint)XxHash3.HashToUInt64(hashed, seed);
    }
}
