namespace ElastiCache.Embedded.Benchmarks.HitRatio.Simulators;

/// <summary>LRU as in the textbook: the yardstick.</summary>
internal sealed class LruSimulator(int[] costs, long capacity) : ReplayedCache
{
    private readonly KeyQueue _queue = new(new KeyQueue.Links(costs.Length), costs);
    private readonly bool[] _isCached = new bool[costs.Length];

    public override bool Access(int key)
    {
        if (_isCached[key])
        {
            _queue.Remove(key);
            _queue.Add(key);
            return true;
        }

        if (costs[key] <= capacity)
        {
            while (_queue.Cost + costs[key] > capacity)
            {
                _isCached[_queue.RemoveOldest()] = false;
            }

            _queue.Add(key);
            _isCached[key] = true;
        }

        return false;
    }
}
