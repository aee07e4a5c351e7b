namespace ElastiCache.Embedded.Benchmarks.Measuring;

/// <summary>Two caches measured in turns, A B B A or B A A B, so that whatever the machine does meanwhile hits both.</summary>
/// <remarks>
/// The ratio is the median over rounds of the ratio <em>within</em> a round, not the ratio of two medians:
/// frequency changes and noisy neighbours last longer than a lap, and cancel inside a round.
/// A round is two laps of each, in both orders: who goes first reads the test's keys from memory and who goes second
/// from the processor's cache. With single laps in alternating order the ratios fell into two heaps, and the median
/// jumped between them (1.21 for a dictionary against itself, GET miss). Which side begins a round is drawn by lot, or collections that come at
/// regular distances could fall on one side again and again.
/// </remarks>
internal sealed class PairedRounds
{
    private readonly List<(Lap Subject, Lap Peer)> _rounds = [];

    private PairedRounds()
    {
    }

    public int Count => _rounds.Count;

    public double Ratio => Median.Of(_rounds.Select(r => r.Subject.NanosecondsPerOperation / r.Peer.NanosecondsPerOperation));

    public double SubjectNanoseconds => Median.Of(_rounds.Select(r => r.Subject.NanosecondsPerOperation));

    public double PeerNanoseconds => Median.Of(_rounds.Select(r => r.Peer.NanosecondsPerOperation));

    public double SubjectBytes => Median.Of(_rounds.Select(r => r.Subject.BytesPerOperation));

    public double PeerBytes => Median.Of(_rounds.Select(r => r.Peer.BytesPerOperation));

    /// <summary>Median over rounds of subject minus peer, in ns an operation.</summary>
    public double Difference => Median.Of(_rounds.Select(r => r.Subject.NanosecondsPerOperation - r.Peer.NanosecondsPerOperation));

    public long SubjectHits => _rounds.Sum(r => r.Subject.Hits);

    public long PeerHits => _rounds.Sum(r => r.Peer.Hits);

    public long Operations => _rounds.Sum(r => r.Subject.Operations);

    /// <summary>Runs <paramref name="rounds"/> rounds. A lap gets its own number; both sides of a pair get the same one.</summary>
    public static PairedRounds Run(int rounds, Func<int, Lap> subject, Func<int, Lap> peer)
    {
        var result = new PairedRounds();
        var coin = new Random(rounds);
        for (int round = 0; round < rounds; round++)
        {
            bool subjectBegins = coin.Next(2) == 0;
            (Func<int, Lap> one, Func<int, Lap> other) = subjectBegins ? (subject, peer) : (peer, subject);
            Lap oneFirst = one(2 * round);
            Lap otherSecond = other(2 * round);
            Lap otherFirst = other(2 * round + 1);
            Lap oneSecond = one(2 * round + 1);
            (Lap ofOne, Lap ofOther) = (oneFirst + oneSecond, otherFirst + otherSecond);
            result._rounds.Add(subjectBegins ? (ofOne, ofOther) : (ofOther, ofOne));
        }

        return result;
    }
}
