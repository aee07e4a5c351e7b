using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Peers;

namespace ElastiCache.Embedded.Benchmarks.Report;

/// <summary>A limit that the project set itself, and whether the measurement kept it.</summary>
internal sealed record Goal(string Text, bool IsMet)
{
    public override string ToString() => $"{Text} {(IsMet ? "met" : "MISSED")}";

    /// <summary>The goals for ratios of CPU time an operation; null where there is none against this peer.</summary>
    public static Goal? ForOperation(string workload, string peer, double ratio, double subjectBytes)
    {
        foreach ((string prefix, string name, double limit, bool allocatesNothing) in OperationGoals)
        {
            if (workload.StartsWith(prefix, StringComparison.Ordinal) && peer == name)
            {
                bool bytesMet = !allocatesNothing || subjectBytes < 0.01; // under 0.01 is the run-time's own noise
                string text = string.Create(CultureInfo.InvariantCulture, $"≤ {limit:0.00}{(allocatesNothing ? ", 0 B" : "")}");
                return new Goal(text, ratio <= limit && bytesMet);
            }
        }

        return null;
    }

    public static bool ExistsFor(string workload, string peer) => ForOperation(workload, peer, 0, 0) is not null;

    public static Goal AtMost(double value, double limit, string unit) =>
        new(string.Create(CultureInfo.InvariantCulture, $"≤ {limit:0.##} {unit}"), value <= limit);

    public static Goal AtLeast(double value, double limit, string unit) =>
        new(string.Create(CultureInfo.InvariantCulture, $"≥ {limit:0.##} {unit}"), value >= limit);

    private static readonly (string Workload, string Peer, double Limit, bool AllocatesNothing)[] OperationGoals =
    [
        ("get-miss", Roster.ConcurrentDictionary, 0.65, true),
        ("get-zipf", Roster.ConcurrentDictionary, 0.50, true),
        ("get-zipf", Roster.BitFasterLru, 0.40, true),
        ("get-zipf", Roster.Faster, 0.45, true),
        ("get-zipf", Roster.MemoryCache, 0.25, true),
        ("get-uniform", Roster.ConcurrentDictionary, 0.50, true),
        ("get-uniform", Roster.BitFasterLru, 0.40, true),
        ("get-uniform", Roster.Faster, 0.45, true),
        ("get-uniform", Roster.MemoryCache, 0.25, true),
        ("set-", Roster.ConcurrentDictionary, 0.25, true),
        ("set-", Roster.Faster, 0.60, true),
        ("mget-", Workloads.BatchReads.Singles, 0.60, true),
        ("distributed-get", Roster.MemoryDistributedCache, 0.50, false),
        ("distributed-set", Roster.MemoryDistributedCache, 0.50, false),
    ];
}
