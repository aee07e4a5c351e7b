using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Messaging;

/// <summary>The keys that one client watches (WATCH), and whether one of them has changed since.</summary>
/// <remarks>
/// A key whose time comes counts as changed, unless it was past its deadline when it was watched already: then its removal changes nothing that anybody
/// could have read.
/// </remarks>
internal sealed class WatchedKeys(Store store)
{
    private readonly List<WatchedKey> _keys = [];
    private volatile bool _isDirty;

    /// <summary>How many keys are watched.</summary>
    public int Count => _keys.Count;

    /// <summary>Watches a key. To watch it twice is to watch it once.</summary>
    public void Add(int database, ReadOnlySpan<byte> key)
    {
        foreach (WatchedKey watched in _keys)
        {
            if (watched.Database == database && key.SequenceEqual(watched.Key))
            {
                return;
            }
        }

        KeyProbe.Create(key, out KeyProbe probe);
        Shard shard = store.Enter(probe);
        var added = new WatchedKey(this, database, key.ToArray()) { IsExpired = IsExpired(shard, database, probe) };
        _keys.Add(added);
        shard.Listeners.Add(database, added.Key, added);
        shard.Exit();
    }

    /// <summary>Watches nothing any more.</summary>
    public void Clear()
    {
        foreach (WatchedKey watched in _keys)
        {
            if (!store.IsDisposed)
            {
                KeyProbe.Create(watched.Key, out KeyProbe probe);
                Shard shard = store.ShardOf(probe);
                shard.Enter();
                shard.Listeners.Remove(watched.Database, watched.Key, watched);
                shard.Exit();
            }
        }

        _keys.Clear();
        _isDirty = false;
    }

    /// <summary>The keys' shards, for a transaction to hold them.</summary>
    public IEnumerable<int> Shards() => _keys.Select(watched =>
    {
        KeyProbe.Create(watched.Key, out KeyProbe probe);
        return store.ShardIndexOf(probe.Hash);
    });

    /// <summary>Whether one of the keys has changed, or has expired unnoticed. The keys' shards are held.</summary>
    public bool HasChanged()
    {
        foreach (WatchedKey watched in _keys)
        {
            KeyProbe.Create(watched.Key, out KeyProbe probe);
            if (_isDirty || (!watched.IsExpired && IsExpired(store.ShardOf(probe), watched.Database, probe)))
            {
                return true;
            }
        }

        return _isDirty;
    }

    private bool IsExpired(Shard shard, int database, in KeyProbe key) =>
        shard.TableOf(database) is { } table && table.TryFind(key, out SlotPosition position) &&
        store.Clock.HasPassed(new Entry(store.Arena, position).Deadline);

    private sealed class WatchedKey(WatchedKeys owner, int database, byte[] key) : IKeyListener
    {
        public int Database => database;

        public byte[] Key => key;

        /// <summary>Whether it was past its deadline, and still there, when it was watched.</summary>
        public bool IsExpired { get; set; }

        public void KeyChanged(int changedDatabase, ReadOnlySpan<byte> changed)
        {
            if (IsExpired)
            {
                // The first that happens to it is its removal; what comes after is a change.
                IsExpired = false;
                return;
            }

            owner._isDirty = true;
        }

        // What was past its deadline, or not there at all, and is past it now or gone, has not changed for anybody who could have read it.
        public void KeyReplaced(int changedDatabase, ReadOnlySpan<byte> changed, KeyReplacement replacement)
        {
            bool wasReadable = !IsExpired && replacement.ExistedBefore;
            bool isReadable = replacement.ExistsNow && !replacement.HasExpiredNow;
            IsExpired = replacement.HasExpiredNow;
            owner._isDirty |= wasReadable || isReadable;
        }
    }
}
