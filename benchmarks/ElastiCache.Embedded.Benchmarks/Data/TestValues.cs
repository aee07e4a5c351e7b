using System.Buffers.Binary;

namespace ElastiCache.Embedded.Benchmarks.Data;

/// <summary>The test's values: 100 bytes that begin with the number of their key, so that every read can be checked.</summary>
internal static class TestValues
{
    public const int Length = 100;

    public static byte[] NewBuffer()
    {
        byte[] buffer = new byte[Length];
        new Random(42).NextBytes(buffer);
        return buffer;
    }

    public static void Stamp(Span<byte> value, int index) => BinaryPrimitives.WriteInt32LittleEndian(value, index);

    public static int ReadStamp(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadInt32LittleEndian(value);
}
