using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;

namespace ElastiCache.Embedded.Benchmarks.Report;

/// <summary>Times of ours and a peer's, taken in turns by the wall clock where a turn is too long for <see cref="PairedRounds"/>. The first round warms both up and doesn't count.</summary>
internal sealed class PairedTimes
{
    private readonly List<(double Ours, double Peers)> _rounds = [];
    private bool _isWarm;

    /// <summary>Median over rounds of the ratio within a round.</summary>
    public double Ratio => Median.Of(_rounds.Select(r => r.Ours / r.Peers));

    public double Ours => Median.Of(_rounds.Select(r => r.Ours));

    public double Peers => Median.Of(_rounds.Select(r => r.Peers));

    public void Add(double ours, double peers)
    {
        if (_isWarm)
        {
            _rounds.Add((ours, peers));
        }

        _isWarm = true;
    }

    /// <summary>The line of the report, in nanoseconds an operation.</summary>
    public Comparison Compare(string workload, string peer, int operations = 1) =>
        Comparison.Of(workload, Roster.Subject.Name, peer, Ours / operations, Peers / operations, rounds: _rounds.Count) with { Ratio = Ratio };
}
