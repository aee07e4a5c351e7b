using System.Buffers.Binary;
using System.IO.Hashing;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>A value that tells whether it was read whole: key, length and a checksum over all of it.</summary>
/// <remarks><code>0 u32 key   4 u32 length   8 u64 checksum of the rest and of key and length   16 filling</code></remarks>
internal static class CheckedValue
{
    public const int SmallestBytes = 16;

    /// <summary>Fills a buffer with a value for a key.</summary>
    public static Span<byte> Write(Span<byte> destination, int key, uint filling)
    {
        BinaryPrimitives.WriteInt32LittleEndian(destination, key);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], destination.Length);
        Span<byte> rest = destination[SmallestBytes..];
        for (int i = 0; i + 4 <= rest.Length; i += 4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(rest[i..], filling += 0x9E37_79B9);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Checksum(destination));
        return destination;
    }

    /// <summary>Null if the value is whole and belongs to the key; else what is wrong.</summary>
    public static string? Fault(ReadOnlySpan<byte> value, int key)
    {
        if (value.Length < SmallestBytes)
        {
            return $"{value.Length} bytes";
        }

        int storedKey = BinaryPrimitives.ReadInt32LittleEndian(value);
        int length = BinaryPrimitives.ReadInt32LittleEndian(value[4..]);
        return storedKey != key ? $"it is the value of key {storedKey}"
            : length != value.Length ? $"{value.Length} bytes read, {length} written"
            : BinaryPrimitives.ReadUInt64LittleEndian(value[8..]) != Checksum(value) ? $"torn, {length} bytes"
            : null;
    }

    private static ulong Checksum(ReadOnlySpan<byte> value) =>
        XxHash3.HashToUInt64(value[SmallestBytes..], BinaryPrimitives.ReadInt64LittleEndian(value));
}
