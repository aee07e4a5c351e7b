using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Benchmarks.Data;

/// <summary>The test's values: 100 bytes that begin with the number of their key, so that every read can be checked.</summary>
/// <remarks>
/// A serial number follows, so that an overwrite changes something. SQLite compares before it writes, and "commits" an
/// equal value in 7 µs without touching the disk.
/// </remarks>
internal static class TestValues
{
    public const int Length = 100;

    /// <summary>A buffer of a value's length, alone in a page of memory.</summary>
    /// <remarks>
    /// Every read writes into it. Beside an object of another thread it would share a cache line with it, and one side
    /// would pay (a dictionary against itself, Zipf on two threads: 1.3); where the heap happened to put it across a page
    /// border, every copy would be torn in two.
    /// </remarks>
    public static Memory<byte> NewBuffer()
    {
        const int Page = 4096;
        byte[] buffer = GC.AllocateUninitializedArray<byte>(2 * Page, pinned: true);
        new Random(42).NextBytes(buffer);
        int toPageBorder = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(buffer, 0) & (Page - 1));
        return buffer.AsMemory(toPageBorder, Length);
    }

    public static void Stamp(Span<byte> value, int index, uint serial = 0) =>
        BinaryPrimitives.WriteUInt64LittleEndian(value, ((ulong)serial << 32) | (uint)index);

    public static int ReadStamp(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadInt32LittleEndian(value);
}
