using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Counts hits and misses exactly, without a cache line that threads would fight for.</summary>
/// <remarks>
/// <code>
///   a cell, 64 bytes:   page | reads | misses | reads of others | misses of others
/// </code>
/// No two threads run on one page of stack, so the page that a caller's local variables are in says as much as the number of its thread, and is
/// known at once: to ask the runtime for something of the thread's own made a hit 90 ns slower, because later look-ups then wait for it. A page finds its
/// cell by a hash, and the first page there has it for good. Those that come later count beside it with interlocked additions, slower but as exactly.
/// <para>
/// A read is counted before it is done, and a miss again afterwards: to count hits when the value has arrived costs 25 ns, for the same reason.
/// (Benchmark: compare, "get-uniform".)
/// </para>
/// </remarks>
internal sealed unsafe class AccessCounters
{
    private const int CellBits = 9;
    private const int LineBytes = 64;
    private const int PageShift = 12;       // no system has smaller pages

    private readonly byte[] _memory = GC.AllocateArray<byte>((sizeof(Cell) << CellBits) + LineBytes, pinned: true);
    private readonly Cell* _cells;

    public AccessCounters()
    {
        _cells = (Cell*)((Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0) + LineBytes - 1) & -LineBytes);
    }

    /// <summary>Counts a read that has been done.</summary>
    public void Count(bool hit)
    {
        CountRead();
        if (!hit)
        {
            CountMiss();
        }
    }

    /// <summary>Counts a read that is about to be done; about a nanosecond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CountRead()
    {
        byte local;
        Cell* cell = CellOf(&local, out ulong page);
        if (cell->Page == page)
        {
            cell->Reads++;
            return;
        }

        CountReadElsewhere(cell, page);
    }

    /// <summary>Says of a read that was counted that it found nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CountMiss()
    {
        byte local;
        Cell* cell = CellOf(&local, out ulong page);
        if (cell->Page == page)
        {
            cell->Misses++;
            return;
        }

        Interlocked.Increment(ref cell->MissesOfOthers);
    }

    /// <summary>The sums. Counts that run at the same moment may or may not be in them.</summary>
    public (long Hits, long Misses) Sum()
    {
        long reads = 0;
        long misses = 0;
        for (Cell* cell = _cells; cell < _cells + (1 << CellBits); cell++)
        {
            misses += Volatile.Read(ref cell->Misses) + Volatile.Read(ref cell->MissesOfOthers);
            reads += Volatile.Read(ref cell->Reads) + Volatile.Read(ref cell->ReadsOfOthers);
        }

        GC.KeepAlive(_memory);
        return (Math.Max(0, reads - misses), misses);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Cell* CellOf(byte* local, out ulong page)
    {
        page = (ulong)local >> PageShift;
        return _cells + ((page * 0x9E37_79B9_7F4A_7C15) >> (64 - CellBits));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CountReadElsewhere(Cell* cell, ulong page)
    {
        if (Interlocked.CompareExchange(ref cell->Page, page, 0) == 0)
        {
            cell->Reads++;
            return;
        }

        Interlocked.Increment(ref cell->ReadsOfOthers);
    }

    [StructLayout(LayoutKind.Sequential, Size = LineBytes)]
    private struct Cell
    {
        public ulong Page;
        public long Reads;
        public long Misses;
        public long ReadsOfOthers;
        public long MissesOfOthers;
    }
}
