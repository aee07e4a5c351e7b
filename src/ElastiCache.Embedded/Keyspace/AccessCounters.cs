using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Counts hits and misses exactly, without a shared cache line: one cell a thread, the surplus threads share one.</summary>
internal sealed class AccessCounters
{
    private const int OwnCells = 255;

    private readonly Cell[] _cells = new Cell[OwnCells + 1];

    /// <summary>Counts a read; about a nanosecond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Count(bool hit)
    {
        int number = ThreadCell.Number;
        if (number >= OwnCells)
        {
            CountShared(hit);
            return;
        }

        // Hits and misses lie side by side; picking by index spares a branch that random keys would mispredict.
        ref Cell cell = ref _cells[number];
        Unsafe.Add(ref cell.Misses, hit ? 1 : 0)++;
    }

    /// <summary>The sums. Counts that run at the same moment may or may not be in them.</summary>
    public (long Hits, long Misses) Sum()
    {
        long hits = 0;
        long misses = 0;
        foreach (ref Cell cell in _cells.AsSpan())
        {
            hits += Volatile.Read(ref cell.Hits);
            misses += Volatile.Read(ref cell.Misses);
        }

        return (hits, misses);
    }

    private void CountShared(bool hit)
    {
        ref Cell cell = ref _cells[OwnCells];
        Interlocked.Increment(ref hit ? ref cell.Hits : ref cell.Misses);
    }

    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Cell
    {
        [FieldOffset(64)]
        public long Misses;

        [FieldOffset(72)]
        public long Hits;
    }
}
