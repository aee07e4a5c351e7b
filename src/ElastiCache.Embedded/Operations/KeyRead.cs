using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The frame of a look at one key of any kind: its shard is locked from here to <see cref="Dispose"/>.</summary>
/// <remarks>
/// For what looks at an entry without using it: EXISTS, TYPE, TTL, OBJECT. <see cref="Store.Read"/> needs no lock, but it reads strings only,
/// and it counts as a use of the entry, which these commands are not in Redis either.
/// A log that refuses writes does not refuse this.
/// </remarks>
internal readonly ref struct KeyRead
{
    private readonly Store _store;
    private readonly int _database;

    /// <summary>Locks the key's shard.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public KeyRead(Store store, int database, in KeyProbe key)
    {
        _store = store;
        _database = database;
        Shard = store.Enter(key);
    }

    public Shard Shard { get; }

    /// <summary>Finds the key, or removes it if its time has come. No use of the entry.</summary>
    public bool TryFind(in KeyProbe key, out Entry entry) => Shard.TryFind(_database, key, out entry, uses: false);

    /// <summary>Finds the key and insists on a kind. For the evictor this is a use of the entry, and it counts as a hit or a miss. Whether it <paramref name="uses"/> the entry for OBJECT IDLETIME and FREQ too.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public bool TryFind(in KeyProbe key, ValueKind kind, out Entry entry, bool uses = true)
    {
        bool found = Shard.TryFind(_database, key, out entry, uses);
        _store.Accesses.Count(found);
        if (!found)
        {
            KeyNotice.Raise(_store, KeyEventClass.KeyMiss, "keymiss"u8, _database, key);
            return false;
        }

        if (entry.Kind != kind)
        {
            throw new WrongTypeException(entry.Key, TypeNames.Of(entry.Kind), TypeNames.Of(kind));
        }

        EntryAccess.MarkUsed(entry);
        return true;
    }

    public void Dispose() => Shard.Exit();
}

/// <summary>The frame of a look at several keys at one moment: all their shards are locked from here to <see cref="Dispose"/>.</summary>
internal readonly ref struct MultiKeyRead
{
    private readonly Store _store;
    private readonly int[] _shards;

    /// <summary>Locks the shards, in ascending order.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed; nothing is locked.</exception>
    public MultiKeyRead(Store store, in ShardSet shards)
    {
        _store = store;
        _shards = shards.ToArray();
        store.Enter(_shards);
    }

    /// <summary>The locked shard of a key.</summary>
    public Shard ShardOf(in KeyProbe key) => _store.ShardOf(key);

    public void Dispose() => _store.Exit(_shards);
}
