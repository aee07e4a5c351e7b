namespace ElastiCache.Embedded.Benchmarks.Data;

/// <summary>Ranks 0 … n−1 where rank r comes with a probability proportional to 1 / (r + 1)^θ.</summary>
/// <remarks>
/// Jim Gray et al., "Quickly Generating Billion-Record Synthetic Databases", SIGMOD 1994, figure 2; YCSB uses the
/// same with θ = 0.99. Setting up costs O(n), a sample O(1).
/// </remarks>
internal sealed class ZipfGenerator
{
    private readonly Random _random;
    private readonly int _count;
    private readonly double _alpha, _zeta, _eta, _secondRank;

    public ZipfGenerator(int count, double theta, Random random)
    {
        _random = random;
        _count = count;
        _secondRank = 1 + Math.Pow(0.5, theta);
        for (int i = 1; i <= count; i++)
        {
            _zeta += 1 / Math.Pow(i, theta);
        }

        _alpha = 1 / (1 - theta);
        _eta = (1 - Math.Pow(2.0 / count, 1 - theta)) / (1 - _secondRank / _zeta);
    }

    public int Next()
    {
        double u = _random.NextDouble();
        double scaled = u * _zeta;
        if (scaled < 1)
        {
            return 0;
        }

        if (scaled < _secondRank)
        {
            return 1;
        }

        return Math.Min(_count - 1, (int)(_count * Math.Pow(_eta * u - _eta + 1, _alpha)));
    }
}
