using System.Globalization;
using System.Runtime.InteropServices;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>The <c>compare</c> command: every workload, side by side with the peers, in one run.</summary>
internal static class CompareCommand
{
    public const string Usage = """
        compare [--quick] [--json FILE] [--markdown] [--only WORKLOAD[,…]] [--peers NAME[,…]] [--rounds N] [--folder DIR]

          --quick       2 to 3 minutes instead of about 15: fewer rounds, fewer entries
          --json FILE   writes the lines of the table as a JSON array
          --markdown    prints a Markdown table
          --only        workloads whose name begins so: get-zipf, get-uniform, get-miss, set-zipf, set-uniform, set-new,
                        mixed-95-5 (with -1t or -2t for one number of threads), mget-16, limit, distributed-get,
                        distributed-set, buffer-distributed, memory, gen2-gc, gc-pauses, growth, log, group-commit,
                        pubsub, collection (collection-zadd-1m …), member-bytes, resp (resp-get-p16 …),
                        rdb (rdb-load-strings …), aof (aof-load-theirs …), envelope, stall, every-second,
                        always-64
          --peers       peers whose name contains one of these
          --rounds N    paired rounds of the short operations
          --folder DIR  where log files and databases go; a folder on the disk that group commit is to measure
        """;

    public static async Task<int> RunAsync(ReadOnlyMemory<string> arguments)
    {
        (RunSettings settings, string? json, bool markdown) = Parse(arguments.Span);
        Console.WriteLine(Describe(settings));
        Console.WriteLine();
        Directory.CreateDirectory(settings.Folder);
        List<Comparison> result = [];
        List<string> failures = [];
        try
        {
            Take(() => new OperationSuite(Roster.Subject, Roster.Peers, OperationKind.All, settings).Run());
            Take(() => new BatchReads(settings).Run());
            Take(() => new AtTheLimit(settings).Run());
            Take(() => new OperationSuite(
                Roster.DistributedSubject, Roster.DistributedPeers, OperationKind.Distributed, settings).Run());
            Take(() => new OperationSuite(
                Roster.BufferedSubject, [Roster.DistributedPeers[0]], OperationKind.Buffered, settings).Run());
            Take(() => new CollectionOperations(settings).Run());
            Take(() => new CollectionMemory(settings).Run());
            Take(() => new RespThroughput(settings).Run());
            await TakeAsync(new ChannelDeliveries(settings).RunAsync);
            await TakeAsync(new RdbFiles(settings).RunAsync);
            await TakeAsync(new AofFiles(settings).RunAsync);
            await TakeAsync(new Envelopes(settings).RunAsync);
            await TakeAsync(new SnapshotStalls(settings).RunAsync);
            await TakeAsync(new LogCost(settings).RunAsync);
            await TakeAsync(new EverySecondThroughput(settings).RunAsync);
            await TakeAsync(new AlwaysClients(settings).RunAsync);
            await TakeAsync(new GroupCommit(settings).RunAsync);
            await TakeAsync(new ProcessWorkloads(settings).RunAsync);
        }
        finally
        {
            Directory.Delete(settings.Folder, recursive: true);
        }

        Progress.Report("done");
        // OrderBy is stable: workloads by first appearance, and within one the peers in the roster's order.
        List<string> order = [.. result.Select(c => c.Workload).Distinct()];
        List<Comparison> sorted = [.. result.OrderBy(c => order.IndexOf(c.Workload))];
        TablePrinter.Print(Console.Out, sorted, markdown);
        if (json is not null)
        {
            Comparison.WriteJson(json, sorted);
        }

        failures.ForEach(failure => Console.WriteLine($"FAILED: {failure}"));
        return failures.Count == 0 ? 0 : 1;

        void Take(Func<IEnumerable<Comparison>> suite)
        {
            try
            {
                foreach (Comparison comparison in suite())
                {
                    result.Add(comparison);
                }
            }
            catch (Exception exception) // a quarter of an hour of other results must not be lost with it
            {
                failures.Add(exception.Message);
                Progress.Report(exception.ToString());
            }

            GC.Collect();
        }

        async Task TakeAsync(Func<Task<List<Comparison>>> suite)
        {
            try
            {
                result.AddRange(await suite());
            }
            catch (Exception exception) // as above
            {
                failures.Add(exception.Message);
                Progress.Report(exception.ToString());
            }
        }
    }

    /// <summary>Folder for this run's files: beside the program, because a temporary folder is often not on a disk.</summary>
    public static string NewFolder(string? parent = null) =>
        Path.Combine(parent ?? AppContext.BaseDirectory, "bench-" + Guid.NewGuid().ToString("N")[..8]);

    private static (RunSettings Settings, string? Json, bool Markdown) Parse(ReadOnlySpan<string> arguments)
    {
        var settings = new RunSettings { Folder = NewFolder() };
        string? json = null;
        bool markdown = false;
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--quick":
                    settings = settings with { Quick = true };
                    break;
                case "--markdown":
                    markdown = true;
                    break;
                case "--json":
                    json = Path.GetFullPath(ValueOf(arguments, ref i));
                    break;
                case "--only":
                    settings = settings with { Only = ValueOf(arguments, ref i).Split(',') };
                    break;
                case "--peers":
                    settings = settings with { PeerNames = ValueOf(arguments, ref i).Split(',') };
                    break;
                case "--folder":
                    settings = settings with { Folder = NewFolder(Path.GetFullPath(ValueOf(arguments, ref i))) };
                    break;
                case "--rounds" when int.TryParse(ValueOf(arguments, ref i), CultureInfo.InvariantCulture, out int rounds) && rounds > 0:
                    settings = settings with { ExactRounds = rounds };
                    break;
                default:
                    throw new ArgumentException($"'compare' does not understand '{arguments[i]}'. Usage:\n{Usage}");
            }
        }

        return (settings, json, markdown);

        static string ValueOf(ReadOnlySpan<string> arguments, ref int i) => ++i < arguments.Length
            ? arguments[i]
            : throw new ArgumentException($"'{arguments[i - 1]}' needs a value. Usage:\n{Usage}");
    }

    private static string Describe(RunSettings settings) => string.Join(Environment.NewLine,
        $"{(settings.Quick ? "Quick" : "Full")} run, {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC. Ratio = ours / peer's, the median over rounds of paired {(Clocks.MeasuresCpuTime ? "CPU" : "wall")} time an operation.",
        $"{Environment.ProcessorCount} cores ({ProcessorName()}), {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}.",
        $"{settings.Entries:N0} entries, keys of 23 characters, values of 100 bytes, Zipf θ = 0.99, seed {RunSettings.Seed}; -1t and -2t: threads.");

    private static string ProcessorName() => OperatingSystem.IsLinux()
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "unknown"
        : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unknown";
}
