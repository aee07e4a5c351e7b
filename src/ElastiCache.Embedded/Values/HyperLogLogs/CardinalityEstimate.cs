namespace ElastiCache.Embedded.Values;

/// <summary>From ranks to a number of elements.</summary>
/// <remarks>
/// Otmar Ertl's improved estimator, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, arXiv:1702.01284, algorithm 6, as
/// in Redis since version 5. It needs no table of corrections and has no seam between small and great numbers: <see cref="Sigma"/> corrects for
/// registers that have seen nothing, <see cref="Tau"/> for those that can't count further. The order of the floating-point operations is the paper's, so
/// the results are Redis's to the last element.
/// </remarks>
internal static class CardinalityEstimate
{
    // 1 / (2 ln 2)
    private const double AlphaInfinity = 0.721347520444481703680;

    /// <summary>The estimate.</summary>
    /// <param name="ranks">How many of the registers hold each rank, <see cref="HyperLogLogFormat.MaxRank"/> + 1 of them or more.</param>
    public static long Of(ReadOnlySpan<int> ranks)
    {
        const double registers = HyperLogLogFormat.Registers;
        const int highest = HyperLogLogFormat.MaxRank;
        double sum = registers * Tau((registers - ranks[highest]) / registers);
        for (int rank = highest - 1; rank >= 1; rank--)
        {
            sum += ranks[rank];
            sum *= 0.5;
        }

        sum += registers * Sigma(ranks[0] / registers);
        return (long)Math.Round(AlphaInfinity * registers * registers / sum, MidpointRounding.AwayFromZero);
    }

    // Infinite when all registers are 0, and the estimate is 0 then.
    private static double Sigma(double x)
    {
        if (x == 1)
        {
            return double.PositiveInfinity;
        }

        double power = 1, sum = x, before;
        do
        {
            x *= x;
            before = sum;
            sum += x * power;
            power += power;
        }
        while (before != sum);

        return sum;
    }

    private static double Tau(double x)
    {
        if (x is 0 or 1)
        {
            return 0;
        }

        double power = 1, sum = 1 - x, before;
        do
        {
            x = Math.Sqrt(x);
            before = sum;
            power *= 0.5;
            sum -= Math.Pow(1 - x, 2) * power;
        }
        while (before != sum);

        return sum / 3;
    }
}
