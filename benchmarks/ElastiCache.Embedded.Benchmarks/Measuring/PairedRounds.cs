namespace ElastiCache.Embedded.Benchmarks.Measuring;

/// <summary>Two caches measured in turns, A B, B A, A B …, so that whatever the machine does meanwhile hits both.</summary>
/// <remarks>
/// The ratio is the median over rounds of the ratio <em>within</em> a round, not the ratio of two medians:
/// frequency changes and noisy neighbours last longer than a lap, and cancel inside a pair.
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

    /// <summary>Runs both laps <paramref name="rounds"/> times in alternating order; each gets the round's number.</summary>
    public static PairedRounds Run(int rounds, Func<int, Lap> subject, Func<int, Lap> peer)
    {
        var result = new PairedRounds();
        for (int round = 0; round < rounds; round++)
        {
            bool subjectFirst = round % 2 == 0;
            Lap first = (subjectFirst ? subject : peer)(round);
            Lap second = (subjectFirst ? peer : subject)(round);
            result._rounds.Add(subjectFirst ? (first, second) : (second, first));
        }

        return result;
    }
}
