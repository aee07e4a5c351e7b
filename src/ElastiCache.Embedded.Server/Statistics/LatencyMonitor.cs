namespace ElastiCache.Embedded.Server.Statistics;

/// <summary>LATENCY: what took longer than latency-monitor-threshold, by kind of event.</summary>
internal sealed class LatencyMonitor
{
    private const int MostSamples = 160;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Series> _events = new(StringComparer.Ordinal);

    /// <summary>Events that take at least so many milliseconds are kept; 0 for none.</summary>
    public long ThresholdMilliseconds { get; set; }

    /// <summary>Notes an event, if it took long enough. Those of one second are one sample, the worst.</summary>
    public void Add(string name, long milliseconds, long unixSeconds)
    {
        if (ThresholdMilliseconds == 0 || milliseconds < ThresholdMilliseconds)
        {
            return;
        }

        lock (_lock)
        {
            if (!_events.TryGetValue(name, out Series? series))
            {
                _events.Add(name, series = new Series());
            }

            series.Worst = Math.Max(series.Worst, milliseconds);
            List<(long UnixSeconds, long Milliseconds)> samples = series.Samples;
            if (samples.Count > 0 && samples[^1].UnixSeconds == unixSeconds)
            {
                samples[^1] = (unixSeconds, Math.Max(samples[^1].Milliseconds, milliseconds));
                return;
            }

            samples.Add((unixSeconds, milliseconds));
            if (samples.Count > MostSamples)
            {
                samples.RemoveAt(0);
            }
        }
    }

    /// <summary>Every kind of event with its last sample and the worst ever.</summary>
    public (string Name, long UnixSeconds, long Milliseconds, long Worst)[] Latest()
    {
        lock (_lock)
        {
            return [.. _events.Select(pair => (pair.Key, pair.Value.Samples[^1].UnixSeconds, pair.Value.Samples[^1].Milliseconds, pair.Value.Worst))];
        }
    }

    /// <summary>The samples of a kind, oldest first.</summary>
    public (long UnixSeconds, long Milliseconds)[] History(string name)
    {
        lock (_lock)
        {
            return _events.TryGetValue(name, out Series? series) ? [.. series.Samples] : [];
        }
    }

    /// <summary>Forgets some kinds, or all.</summary>
    /// <returns>How many there were.</returns>
    public int Reset(IReadOnlyCollection<string> names)
    {
        lock (_lock)
        {
            int removed = names.Count == 0 ? _events.Count : names.Count(_events.Remove);
            if (names.Count == 0)
            {
                _events.Clear();
            }

            return removed;
        }
    }

    private sealed class Series
    {
        public List<(long UnixSeconds, long Milliseconds)> Samples { get; } = [];

        public long Worst { get; set; }
    }
}
