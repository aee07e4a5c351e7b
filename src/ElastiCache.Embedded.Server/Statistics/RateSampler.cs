namespace ElastiCache.Embedded.Server.Statistics;

/// <summary>INFO's instantaneous figures: how fast a counter grew over the last 16 samples of 100 ms.</summary>
internal sealed class RateSampler
{
    private readonly long[] _rates = new long[16];
    private long _lastValue;
    private long _lastMilliseconds = -1;
    private int _next;

    /// <summary>By how much a second, of late.</summary>
    public long ASecond => (long)_rates.Average();

    public void Sample(long value, long nowMilliseconds)
    {
        if (_lastMilliseconds >= 0 && nowMilliseconds > _lastMilliseconds)
        {
            _rates[_next++ % _rates.Length] = Math.Max(0, value - _lastValue) * 1000 / (nowMilliseconds - _lastMilliseconds);
        }

        _lastValue = value;
        _lastMilliseconds = nowMilliseconds;
    }
}
