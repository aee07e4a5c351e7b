using System.Text.Json;
using System.Text.Json.Serialization;

namespace ElastiCache.Embedded.Benchmarks.Report;

/// <summary>One line of the result: our cache against one peer at one kind of work.</summary>
/// <param name="Workload">Identifier, as for <c>--only</c>; ends with the number of threads where it matters.</param>
/// <param name="Subject">Our side.</param>
/// <param name="Peer">The other side.</param>
/// <param name="Ratio">Ours / peer, the median over rounds of the ratio within a round; null where the peer's is zero.</param>
/// <param name="SubjectNs">Nanoseconds an operation (what kind of time: see the workload), or null.</param>
/// <param name="PeerNs">The same for the peer.</param>
/// <param name="SubjectBytes">Managed bytes allocated an operation, or resident bytes an entry, or null.</param>
/// <param name="PeerBytes">The same for the peer.</param>
/// <param name="Rounds">How many paired rounds the medians are from.</param>
internal sealed record Comparison(
    [property: JsonPropertyName("workload")] string Workload,
    [property: JsonPropertyName("subject")] string Subject,
    [property: JsonPropertyName("peer")] string Peer,
    [property: JsonPropertyName("ratio")] double? Ratio,
    [property: JsonPropertyName("subject_ns")] double? SubjectNs,
    [property: JsonPropertyName("peer_ns")] double? PeerNs,
    [property: JsonPropertyName("subject_bytes")] double? SubjectBytes,
    [property: JsonPropertyName("peer_bytes")] double? PeerBytes,
    [property: JsonPropertyName("rounds")] int Rounds)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>What the project set out to reach, where it said so.</summary>
    [JsonIgnore]
    public Goal? Goal { get; init; }

    /// <summary>What a reader must know to judge the line.</summary>
    [JsonIgnore]
    public string Note { get; init; } = "";

    public static Comparison Of(
        string workload, string subject, string peer, double? subjectNs, double? peerNs,
        double? subjectBytes = null, double? peerBytes = null, int rounds = 1) =>
        new(workload, subject, peer,
            Quotient(subjectNs ?? subjectBytes, subjectNs is null ? peerBytes : peerNs),
            Rounded(subjectNs), Rounded(peerNs), Rounded(subjectBytes), Rounded(peerBytes), rounds);

    public Comparison Rounded() => this with
    {
        Ratio = Ratio is { } ratio ? Math.Round(ratio, 4) : null,
        SubjectNs = Rounded(SubjectNs),
        PeerNs = Rounded(PeerNs),
        SubjectBytes = Rounded(SubjectBytes),
        PeerBytes = Rounded(PeerBytes),
    };

    public static void WriteJson(string path, IEnumerable<Comparison> comparisons) =>
        File.WriteAllText(path, JsonSerializer.Serialize(comparisons.Select(c => c.Rounded()), Indented) + "\n");

    private static double? Quotient(double? ours, double? theirs) =>
        ours is { } a && theirs is { } b && b > 0 ? a / b : null;

    private static double? Rounded(double? value) => value is { } v && double.IsFinite(v) ? Math.Round(v, 3) : null;
}
