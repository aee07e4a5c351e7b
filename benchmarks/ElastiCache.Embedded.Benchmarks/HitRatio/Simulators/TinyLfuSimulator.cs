namespace ElastiCache.Embedded.Benchmarks.HitRatio.Simulators;

/// <summary>W-TinyLFU with a fixed window (Einziger, Friedman and Manes, "TinyLFU: a highly efficient cache admission policy", 2017).</summary>
/// <remarks>
/// A window of 1 % under LRU; what leaves it must have been seen more often than the victim of the main part, a segmented LRU of 80 % protected.
/// Counters are halved after ten times as many accesses as there are entries. Caffeine moves the window's size by hill climbing; this does not.
/// With a byte budget the candidate is compared with the first victim only, and takes further ones once it has won.
/// </remarks>
internal sealed class TinyLfuSimulator : ReplayedCache
{
    private readonly int[] _costs;
    private readonly long _capacity;
    private readonly long _windowCapacity;
    private readonly long _protectedCapacity;
    private readonly KeyQueue _window;
    private readonly KeyQueue _probation;
    private readonly KeyQueue _protected;
    private readonly Place[] _places;
    private readonly CountMinSketch _sketch;

    public TinyLfuSimulator(int[] costs, long capacity, long entries)
    {
        _costs = costs;
        _capacity = capacity;
        _windowCapacity = Math.Max(1, capacity / 100);
        _protectedCapacity = (capacity - _windowCapacity) * 8 / 10;
        var links = new KeyQueue.Links(costs.Length);
        (_window, _probation, _protected) = (new KeyQueue(links, costs), new KeyQueue(links, costs), new KeyQueue(links, costs));
        _places = new Place[costs.Length];
        _sketch = new CountMinSketch(entries, ageFactor: 10);
    }

    private enum Place : byte
    {
        Nowhere,
        Window,
        Probation,
        Protected,
    }

    public override bool Access(int key)
    {
        _sketch.Add(key);
        switch (_places[key])
        {
            case Place.Window:
                _window.Remove(key);
                _window.Add(key);
                return true;
            case Place.Probation:
                _probation.Remove(key);
                Put(key, Place.Protected);
                while (_protected.Cost > _protectedCapacity)
                {
                    Put(_protected.RemoveOldest(), Place.Probation);
                }

                return true;
            case Place.Protected:
                _protected.Remove(key);
                _protected.Add(key);
                return true;
        }

        if (_costs[key] <= _capacity)
        {
            Put(key, Place.Window);
            while (_window.Cost > _windowCapacity)
            {
                Admit(_window.RemoveOldest());
            }
        }

        return false;
    }

    private void Admit(int candidate)
    {
        long mainCapacity = _capacity - _windowCapacity;
        if (_costs[candidate] > mainCapacity)
        {
            _places[candidate] = Place.Nowhere;
            return;
        }

        bool hasWon = false;
        while (_probation.Cost + _protected.Cost + _costs[candidate] > mainCapacity)
        {
            KeyQueue queue = _probation.IsEmpty ? _protected : _probation;
            hasWon = hasWon || _sketch.Estimate(candidate) > _sketch.Estimate(queue.Oldest);
            if (!hasWon)
            {
                _places[candidate] = Place.Nowhere;
                return;
            }

            _places[queue.RemoveOldest()] = Place.Nowhere;
        }

        Put(candidate, Place.Probation);
    }

    private void Put(int key, Place place)
    {
        _places[key] = place;
        (place switch { Place.Window => _window, Place.Probation => _probation, _ => _protected }).Add(key);
    }
}
