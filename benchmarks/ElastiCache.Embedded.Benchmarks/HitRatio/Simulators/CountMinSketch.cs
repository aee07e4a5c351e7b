namespace ElastiCache.Embedded.Benchmarks.HitRatio.Simulators;

/// <summary>How often keys were seen lately: four rows of counters up to 15, halved after so many additions (Cormode and Muthukrishnan 2005).</summary>
internal sealed class CountMinSketch
{
    private const int Rows = 4;
    private const byte Most = 15;

    private readonly byte[] _counters;
    private readonly ulong _mask;
    private readonly long _additionsAnAge;
    private long _additions;

    /// <param name="entries">How many entries the cache holds.</param>
    /// <param name="ageFactor">After how many additions, in multiples of that, all counters are halved.</param>
    public CountMinSketch(long entries, int ageFactor)
    {
        ulong width = System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Max(16, entries * 4));
        _counters = new byte[(int)width * Rows];
        _mask = width - 1;
        _additionsAnAge = Math.Max(16, entries) * ageFactor;
    }

    public void Add(int key)
    {
        bool isAdded = false;
        for (int row = 0; row < Rows; row++)
        {
            ref byte counter = ref _counters[At(key, row)];
            if (counter < Most)
            {
                counter++;
                isAdded = true;
            }
        }

        if (isAdded && ++_additions >= _additionsAnAge)
        {
            for (int i = 0; i < _counters.Length; i++)
            {
                _counters[i] /= 2;
            }

            _additions /= 2;
        }
    }

    public int Estimate(int key)
    {
        int least = Most;
        for (int row = 0; row < Rows; row++)
        {
            least = Math.Min(least, _counters[At(key, row)]);
        }

        return least;
    }

    private int At(int key, int row) =>
        (int)(((ulong)row * (_mask + 1)) + (Mixed.Bits((ulong)key + ((ulong)row << 40)) & _mask));
}
