using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Checks the yardstick: a ConcurrentDictionary against itself must come out even.</summary>
/// <remarks>
/// It is the same instance on both sides. Two dictionaries with the same content differ by up to 10 % (GET, 1 M
/// entries) in how their nodes, keys and values came to lie in memory, which is theirs and not the yardstick's.
/// </remarks>
internal static class SelfTest
{
    private const double Tolerance = 0.05;

    /// <summary>Returns the number of failed checks.</summary>
    public static int Run(RunSettings settings)
    {
        using var dictionary = new DictionaryPeer();
        var itself = new Entrant(Roster.ConcurrentDictionary, (_, _) => dictionary);
        var again = new Entrant("itself", (_, _) => dictionary);
        List<OperationKind> kinds = [.. OperationKind.All.Where(kind => !kind.StartsEmpty)];
        List<Comparison> comparisons = [.. new OperationSuite(itself, [again], kinds, settings).Run()];
        List<Comparison> judged = [.. comparisons.Select(c => c with
        {
            Goal = new Goal("1.00 ± 0.05", Math.Abs(c.Ratio!.Value - 1) <= Tolerance),
        })];
        TablePrinter.Print(Console.Out, judged, markdown: false);
        PrintOwnCost(kinds, settings);
        return judged.Count(c => !c.Goal!.IsMet) + CheckZipf();
    }

    /// <summary>The part of every time in the tables that no cache can do anything about.</summary>
    private static void PrintOwnCost(List<OperationKind> kinds, RunSettings settings)
    {
        using var nothing = new NothingPeer();
        using var team = new WorkerTeam(1);
        using Player player = nothing.NewPlayer();
        var streams = Streams.For(settings);
        foreach (OperationKind kind in kinds.Where(k => settings.Wants(k.Name)))
        {
            OperationStream stream = kind.Stream(streams);
            double cost = Median.Of(Enumerable.Range(0, 100).Select(round => team.Run(_ =>
            {
                OperationStream.Slice slice = stream.Part(round, streams.ReadsPerLap, 0, 1);
                return (slice.Length, kind.Play(player, slice));
            }).NanosecondsPerOperation));
            Console.WriteLine($"{kind.Name}: loop, key and copy cost {TablePrinter.Time(cost)}");
        }
    }

    /// <summary>The hottest entry's share must be what the formula says: 1 / Σ i^−θ.</summary>
    private static int CheckZipf()
    {
        const int Entries = 100_000, Samples = 1_000_000;
        var zipf = new ZipfGenerator(Entries, 0.99, new Random(RunSettings.Seed));
        double hottest = Enumerable.Range(0, Samples).Count(_ => zipf.Next() == 0) / (double)Samples;
        double expected = 1 / Enumerable.Range(1, Entries).Sum(i => Math.Pow(i, -0.99));
        bool isMet = Math.Abs(hottest / expected - 1) < 0.02;
        Console.WriteLine($"Zipf: the hottest of {Entries:N0} gets {hottest:P2}, by the formula {expected:P2}: {(isMet ? "met" : "MISSED")}");
        return isMet ? 0 : 1;
    }
}
