namespace ElastiCache.Embedded.Benchmarks.HitRatio.Simulators;

/// <summary>Greedy-Dual-Size with frequency (Cherkasova 1998, after Cao and Irani 1997), with an exact heap.</summary>
/// <remarks>An entry's priority is L + uses / size; the least goes, and L becomes its priority. Uses are forgotten with the entry.</remarks>
internal sealed class GdsfSimulator(int[] costs, long capacity) : ReplayedCache
{
    private readonly PriorityQueue<int, double> _heap = new();
    private readonly double[] _priorities = new double[costs.Length];
    private readonly int[] _uses = new int[costs.Length];
    private double _inflation;
    private long _used;

    public override bool Access(int key)
    {
        if (_uses[key] > 0)
        {
            Rank(key);
            return true;
        }

        if (costs[key] <= capacity)
        {
            while (_used + costs[key] > capacity)
            {
                Evict();
            }

            _used += costs[key];
            Rank(key);
        }

        return false;
    }

    // What is in the heap with an older priority is skipped when it comes up.
    private void Rank(int key)
    {
        _uses[key]++;
        _priorities[key] = _inflation + ((double)_uses[key] / costs[key]);
        _heap.Enqueue(key, _priorities[key]);
    }

    private void Evict()
    {
        while (_heap.TryDequeue(out int key, out double priority))
        {
            if (_uses[key] > 0 && _priorities[key] == priority)
            {
                _inflation = priority;
                _uses[key] = 0;
                _used -= costs[key];
                return;
            }
        }
    }
}
