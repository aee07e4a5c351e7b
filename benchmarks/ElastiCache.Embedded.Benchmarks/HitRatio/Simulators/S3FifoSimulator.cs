namespace ElastiCache.Embedded.Benchmarks.HitRatio.Simulators;

/// <summary>S3-FIFO (Yang, Zhang, Qiu, Yue and Vinayak, "FIFO queues are all you need for cache eviction", SOSP 2023).</summary>
/// <remarks>
/// A small queue of a tenth, a main queue of the rest, and a ghost queue that remembers as much as the main one holds. What leaves the small queue
/// unread goes; what was read more than once on the way goes on to the main queue, where a read buys another round, at most three.
/// </remarks>
internal sealed class S3FifoSimulator : ReplayedCache
{
    private const byte MostReads = 3;
    private const byte ReadsToMove = 2;

    private readonly int[] _costs;
    private readonly long _capacity;
    private readonly long _smallCapacity;
    private readonly KeyQueue _small;
    private readonly KeyQueue _main;
    private readonly KeyQueue _ghost;
    private readonly Place[] _places;
    private readonly byte[] _reads;

    public S3FifoSimulator(int[] costs, long capacity)
    {
        _costs = costs;
        _capacity = capacity;
        _smallCapacity = capacity / 10;
        var links = new KeyQueue.Links(costs.Length);
        (_small, _main, _ghost) = (new KeyQueue(links, costs), new KeyQueue(links, costs), new KeyQueue(links, costs));
        _places = new Place[costs.Length];
        _reads = new byte[costs.Length];
    }

    private enum Place : byte
    {
        Nowhere,
        Small,
        Main,
        Ghost,
    }

    public override bool Access(int key)
    {
        if (_places[key] is Place.Small or Place.Main)
        {
            _reads[key] = Math.Min(MostReads, (byte)(_reads[key] + 1));
            return true;
        }

        if (_costs[key] > _capacity)
        {
            return false;
        }

        bool isKnown = _places[key] == Place.Ghost;
        if (isKnown)
        {
            _ghost.Remove(key);
            _places[key] = Place.Nowhere;
        }

        while (_small.Cost + _main.Cost + _costs[key] > _capacity)
        {
            Evict();
        }

        (isKnown ? _main : _small).Add(key);
        _places[key] = isKnown ? Place.Main : Place.Small;
        _reads[key] = 0;
        return false;
    }

    private void Evict()
    {
        if (_main.IsEmpty || (_small.Cost > _smallCapacity && !_small.IsEmpty))
        {
            EvictFromSmall();
        }
        else
        {
            EvictFromMain();
        }
    }

    private void EvictFromSmall()
    {
        while (!_small.IsEmpty)
        {
            int key = _small.RemoveOldest();
            if (_reads[key] >= ReadsToMove)
            {
                _reads[key] = 0;
                _main.Add(key);
                _places[key] = Place.Main;
                continue;
            }

            _ghost.Add(key);
            _places[key] = Place.Ghost;
            while (_ghost.Cost > _capacity - _smallCapacity)
            {
                _places[_ghost.RemoveOldest()] = Place.Nowhere;
            }

            return;
        }
    }

    private void EvictFromMain()
    {
        for (int key = _main.RemoveOldest(); ; key = _main.RemoveOldest())
        {
            if (_reads[key] == 0)
            {
                _places[key] = Place.Nowhere;
                return;
            }

            _reads[key]--;
            _main.Add(key);
        }
    }
}
