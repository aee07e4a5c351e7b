namespace ElastiCache.Embedded.Benchmarks.HitRatio.Simulators;

/// <summary>A queue of keys with removal from the middle, and the sum of their costs. A key is in one of several queues that share links.</summary>
internal sealed class KeyQueue(KeyQueue.Links links, int[] costs)
{
    private const int None = -1;

    private int _newest = None;
    private int _oldest = None;

    /// <summary>The costs of the keys in it.</summary>
    public long Cost { get; private set; }

    public bool IsEmpty => _oldest == None;

    /// <summary>The key that has been in it longest.</summary>
    public int Oldest => _oldest;

    public void Add(int key)
    {
        links.Older[key] = _newest;
        links.Newer[key] = None;
        if (_newest != None)
        {
            links.Newer[_newest] = key;
        }
        else
        {
            _oldest = key;
        }

        _newest = key;
        Cost += costs[key];
    }

    public void Remove(int key)
    {
        (int older, int newer) = (links.Older[key], links.Newer[key]);
        if (older != None)
        {
            links.Newer[older] = newer;
        }
        else
        {
            _oldest = newer;
        }

        if (newer != None)
        {
            links.Older[newer] = older;
        }
        else
        {
            _newest = older;
        }

        Cost -= costs[key];
    }

    public int RemoveOldest()
    {
        int key = _oldest;
        Remove(key);
        return key;
    }

    /// <summary>The neighbours of each key in its queue.</summary>
    internal sealed class Links(int keys)
    {
        public int[] Older { get; } = new int[keys];

        public int[] Newer { get; } = new int[keys];
    }
}
