using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>The configurations of a run.</summary>
internal static class CellList
{
    /// <summary>A slot of the index at the usual fullness, in bytes; see RecordTable.</summary>
    public const int IndexBytes = 14;

    /// <summary>The characters of a key.</summary>
    public const int KeyLength = 12;

    private static readonly double[] Fractions = [0.001, 0.01, 0.03, 0.1, 0.3];
    private static readonly double[] QuickFractions = [0.01, 0.1];

    public static List<Cell> Of(IReadOnlyList<Trace> traces, IReadOnlyList<SizeDistribution> distributions, bool quick)
    {
        List<Cell> cells = [];
        foreach (Trace trace in traces)
        {
            // The longest trace is most of a run's time, and its neighbours tell as much.
            if (quick && trace.Requests.Length > 1_000_000)
            {
                continue;
            }

            int[] equal = new int[trace.Keys];
            int[] ones = new int[trace.Keys];
            Array.Fill(equal, Cell.EqualBytes);
            Array.Fill(ones, 1);
            Add(cells, trace, Unit.Entries, "equal", equal, ones, quick);
            if (trace.Sizes is { } native)
            {
                Add(cells, trace, Unit.Bytes, "native", native, Charged(native), quick);
                continue;
            }

            foreach (SizeDistribution distribution in distributions)
            {
                int[] sizes = distribution.Draw(trace.Keys);
                Add(cells, trace, Unit.Bytes, distribution.Name, sizes, Charged(sizes), quick);
            }
        }

        return cells;
    }

    /// <summary>What an entry counts against <c>MaxMemory</c> by itself.</summary>
    public static int Charge(int valueBytes) =>
        (int)SizeClasses.RoundedBytes(Record.BytesFor(KeyLength, valueBytes, default)) + IndexBytes;

    private static int[] Charged(int[] valueBytes) => Array.ConvertAll(valueBytes, Charge);

    private static void Add(List<Cell> cells, Trace trace, Unit unit, string from, int[] values, int[] costs, bool quick)
    {
        foreach (double fraction in quick ? QuickFractions : Fractions)
        {
            if (trace.Keys * fraction >= Cell.LeastEntries)
            {
                cells.Add(new Cell(trace, unit, from, values, costs, fraction));
            }
        }
    }
}
