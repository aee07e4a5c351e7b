namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Tells the waiting reader what is going on, on standard error, apart from the result.</summary>
internal static class Progress
{
    private static readonly long Begin = Environment.TickCount64;

    public static void Report(string what) =>
        Console.Error.WriteLine($"[{(Environment.TickCount64 - Begin) / 1000,4} s] {what}");
}
