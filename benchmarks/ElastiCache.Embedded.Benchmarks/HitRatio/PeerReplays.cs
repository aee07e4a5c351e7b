using BitFaster.Caching;
using BitFaster.Caching.Lfu;
using BitFaster.Caching.Lru;
using BitFaster.Caching.Scheduler;
using Microsoft.Extensions.Caching.Memory;

namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>BitFaster's caches, which count entries. The LFU does its bookkeeping at once, on the caller's thread, so that a run can be repeated.</summary>
internal sealed class BitFasterReplay(ICache<int, int> cache) : ReplayedCache
{
    public static BitFasterReplay Lru(Cell cell) =>
        new(new ConcurrentLru<int, int>(1, (int)cell.Capacity, EqualityComparer<int>.Default));

    public static BitFasterReplay Lfu(Cell cell) =>
        new(new ConcurrentLfu<int, int>(1, (int)cell.Capacity, new ForegroundScheduler(), EqualityComparer<int>.Default));

    public override bool Access(int key)
    {
        if (cache.TryGet(key, out _))
        {
            return true;
        }

        cache.AddOrUpdate(key, key);
        return false;
    }
}

/// <summary>MemoryCache with a SizeLimit. Over the limit it refuses the entry and compacts by 5 % on a pool thread.</summary>
internal sealed class MemoryCacheReplay : ReplayedCache
{
    private readonly MemoryCache _cache;
    private readonly MemoryCacheEntryOptions[] _options;
    private readonly object[] _keys;
    private readonly int[] _costs;

    public MemoryCacheReplay(Cell cell)
    {
        _cache = new MemoryCache(new MemoryCacheOptions { SizeLimit = cell.Capacity });
        _costs = cell.Costs;
        _options = new MemoryCacheEntryOptions[cell.Trace.Keys];
        _keys = new object[cell.Trace.Keys];
    }

    public override bool Access(int key)
    {
        object boxed = _keys[key] ??= key;
        if (_cache.TryGetValue(boxed, out _))
        {
            return true;
        }

        _cache.Set(boxed, boxed, _options[key] ??= new MemoryCacheEntryOptions { Size = _costs[key] });
        return false;
    }

    public override void Dispose()
    {
        _cache.Dispose();
        base.Dispose();
    }
}
