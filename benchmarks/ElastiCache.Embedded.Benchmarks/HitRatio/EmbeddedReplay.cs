using System.Globalization;
using System.Numerics;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>Our cache, its shards and records included; what is exact here and not in use is only when it is full.</summary>
/// <remarks>
/// <c>MaxMemory</c> counts slabs of 16 KB and more. A test with a thousand entries would measure how full those are, not what the policy keeps. So <see cref="Counted"/> gives the cache memory
/// enough and asks the shard to evict, by the same call that a write makes at the limit, as soon as entries or their charged bytes exceed the cell's capacity.
/// <see cref="ByMaxMemory"/> sets the capacity as <c>MaxMemory</c> and leaves everything to the cache.
/// </remarks>
internal sealed class EmbeddedReplay : ReplayedCache
{
    // So many shards as a cache with this many entries of 1 KB has by default.
    private const int EntriesAShard = 1024;
    private const int MostShards = 64;

    private static readonly byte[] Values = new byte[64 << 20];

    private readonly EmbeddedCache _cache;
    private readonly Cell _cell;
    private readonly bool _isCounted;
    private readonly byte[][] _keys;
    private readonly long[] _usedBy;
    private long _used;
    private int _next;

    private EmbeddedReplay(Cell cell, EmbeddedCache cache, bool isCounted)
    {
        (_cell, _cache, _isCounted) = (cell, cache, isCounted);
        _keys = new byte[cell.Trace.Keys][];
        _usedBy = new long[cache.Store.ShardCount];
        if (isCounted)
        {
            cache.Store.RecordAccesses();
        }
    }

    /// <summary>Exactly as many entries or charged bytes as the cell says.</summary>
    public static EmbeddedReplay Counted(Cell cell, EvictionPolicy policy)
    {
        long bytes = cell.Unit == Unit.Bytes ? cell.Capacity : cell.Capacity * CellList.Charge(Cell.EqualBytes);
        var options = new EmbeddedCacheOptions
        {
            MaxMemory = (bytes * 2) + (256L << 20),
            EvictionPolicy = policy,
            Databases = 1,
            Shards = (int)Math.Clamp(1L << BitOperations.Log2((ulong)Math.Max(1, cell.Entries / EntriesAShard)), 1, MostShards),
        };
        return new EmbeddedReplay(cell, new EmbeddedCache(options), isCounted: true);
    }

    /// <summary>With the cell's bytes as <c>MaxMemory</c>.</summary>
    public static EmbeddedReplay ByMaxMemory(Cell cell, EvictionPolicy policy)
    {
        var options = new EmbeddedCacheOptions { MaxMemory = cell.Capacity, EvictionPolicy = policy, Databases = 1 };
        return new EmbeddedReplay(cell, new EmbeddedCache(options), isCounted: false);
    }

    public override bool Access(int key)
    {
        byte[] name = _keys[key] ??= NameOf(key);
        KeyProbe.Create(name, out KeyProbe probe);
        var nothing = default(Presence);
        if (_cache.Store.Read(0, probe, ref nothing) == ReadOutcome.Hit)
        {
            return true;
        }

        if (_cell.Costs[key] > _cell.Capacity)
        {
            return false;
        }

        if (_isCounted)
        {
            MakeRoom(probe, _cell.Costs[key]);
        }

        try
        {
            _cache.Strings.Set(name, Values.AsSpan(0, _cell.ValueBytes[key]));
            Count(_cache.Store.ShardOf(probe));
        }
        catch (CacheFullException) when (!_isCounted)
        {
            // A value that does not fit beside what must stay: not stored, and missed again.
        }

        return false;
    }

    public override void Dispose()
    {
        _cache.Dispose();
        base.Dispose();
    }

    private static byte[] NameOf(int key) =>
        System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"key:{key:D8}"));

    private void MakeRoom(in KeyProbe key, long cost)
    {
        Store store = _cache.Store;
        while (_used + cost > _cell.Capacity)
        {
            // As Room does it: from the key's shard, unless that holds clearly less than its share.
            Shard shard = store.ShardOf(key);
            if (_usedBy[shard.Index] < _used / store.ShardCount / 8 * 7 || !Evict(shard))
            {
                Evict(store.ShardAt(_next++ & (store.ShardCount - 1)));
            }
        }
    }

    private bool Evict(Shard shard)
    {
        shard.Enter();
        bool any = shard.Room.EvictOne(default);
        shard.Exit();
        Count(shard);
        return any;
    }

    private void Count(Shard shard)
    {
        long entries = shard.Count(0);
        long used = _cell.Unit == Unit.Entries ? entries : (entries * CellList.IndexBytes) + RecordBytes(shard);
        _used += used - _usedBy[shard.Index];
        _usedBy[shard.Index] = used;
    }

    // Records as whole blocks; tables, wheels and what the policy keeps are not theirs.
    private static unsafe long RecordBytes(Shard shard) =>
        shard.Allocator.AllocatedBytes - shard.WheelBytes - shard.Room.EvictorBytes - (shard.TableOf(0)?.Bytes ?? 0);

    private readonly struct Presence : IValueReader
    {
        public void Read(ReadOnlySpan<byte> value, RecordView record)
        {
        }
    }
}
