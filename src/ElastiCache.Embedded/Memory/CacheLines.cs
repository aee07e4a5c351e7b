using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ElastiCache.Embedded.Memory;

/// <summary>Asks the processor for memory that will be needed soon.</summary>
internal static unsafe class CacheLines
{
    private const int Bytes = 64;
    private const int Most = 4;

    /// <summary>Asks for the line of an address, which may be any: a prefetch never faults.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }

    /// <summary>Asks for the first lines of some bytes. A hint: it changes nothing and can't fail.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(ReadOnlySpan<byte> bytes)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        // An address that the collector has moved meanwhile is a wasted hint and no more.
        byte* start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));
        for (int offset = 0; offset < bytes.Length && offset < Most * Bytes; offset += Bytes)
        {
            Sse.Prefetch0(start + offset);
        }
    }
}
