namespace ElastiCache.Embedded.Server.Statistics;

/// <summary>The largest of the samples of the last eight seconds, as Redis shows of its clients' buffers.</summary>
internal sealed class RecentPeak
{
    private readonly Lock _lock = new();
    private readonly (long Second, long Most)[] _slots = new (long Second, long Most)[8];

    /// <summary>Takes a sample.</summary>
    public void Add(long value, long nowMilliseconds)
    {
        long second = nowMilliseconds / 1000;
        lock (_lock)
        {
            ref (long Second, long Most) slot = ref _slots[second % _slots.Length];
            slot = slot.Second == second ? (second, Math.Max(slot.Most, value)) : (second, value);
        }
    }

    /// <summary>The largest lately; 0 if there was none.</summary>
    public long MostOf(long nowMilliseconds)
    {
        long second = nowMilliseconds / 1000;
        lock (_lock)
        {
            return _slots.Where(slot => second - slot.Second < _slots.Length).Select(static slot => slot.Most).DefaultIfEmpty().Max();
        }
    }
}
