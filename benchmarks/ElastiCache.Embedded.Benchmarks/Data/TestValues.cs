using System.Buffers.Binary;

namespace ElastiCache.Embedded.Benchmarks.Data;

/// <summary>The test's values: 100 bytes that begin with the number of their key, so that every read can be checked.</summary>
/// <remarks>
/// A serial number follows, so that an overwrite changes something. SQLite compares before it writes, and "commits" an
/// equal value in 7 µs without touching the disk.
/// </remarks>
internal static class TestValues
{
    public const int Length = 100;

    /// <summary>A buffer of a value's length with room on both sides that nobody uses.</summary>
    /// <remarks>
    /// Every read writes into it. Next to an object of another thread it would share a cache line with it, and one
    /// side would pay (a dictionary against itself, Zipf on two threads: 1.3).
    /// </remarks>
    public static Memory<byte> NewBuffer()
    {
        const int Apart = 256;
        byte[] buffer = new byte[Apart + Length + Apart];
        new Random(42).NextBytes(buffer);
        return buffer.AsMemory(Apart, Length);
    }

    public static void Stamp(Span<byte> value, int index, uint serial = 0) =>
        BinaryPrimitives.WriteUInt64LittleEndian(value, ((ulong)serial << 32) | (uint)index);

    public static int ReadStamp(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadInt32LittleEndian(value);
}
