using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Wants to know when a key is changed, removed or replaced: a transaction that watches it, a caller who waits for an element.</summary>
internal interface IKeyListener
{
    /// <summary>The key has changed, or is about to. Its shard is locked: note it and return.</summary>
    void KeyChanged(int database, ReadOnlySpan<byte> key);

    /// <summary>Another database takes the place of the key's (SWAPDB); the key is in one of them at least. As <see cref="KeyChanged"/>.</summary>
    void KeyReplaced(int database, ReadOnlySpan<byte> key, KeyReplacement replacement) => KeyChanged(database, key);
}

/// <summary>What SWAPDB does to a key.</summary>
/// <param name="ExistedBefore">Whether the key was in the database that goes.</param>
/// <param name="ExistsNow">Whether it is in the one that comes.</param>
/// <param name="HasExpiredNow">Whether it is past its deadline there, and was not removed yet.</param>
internal readonly record struct KeyReplacement(bool ExistedBefore, bool ExistsNow, bool HasExpiredNow);

/// <summary>The listeners of one shard's keys. Guarded by the shard's lock.</summary>
internal sealed class KeyListeners
{
    private readonly Dictionary<byte[], List<IKeyListener>>?[] _byDatabase;

    public KeyListeners(int databases)
    {
        _byDatabase = new Dictionary<byte[], List<IKeyListener>>?[databases];
    }

    /// <summary>Whether anybody listens; what a write checks first.</summary>
    public bool Any { get; private set; }

    /// <summary>Listens to a key, which need not exist.</summary>
    public void Add(int database, byte[] key, IKeyListener listener)
    {
        Dictionary<byte[], List<IKeyListener>> keys = _byDatabase[database] ??= new(KeyComparer.Instance);
        if (!keys.TryGetValue(key, out List<IKeyListener>? listeners))
        {
            keys.Add(key, listeners = []);
        }

        listeners.Add(listener);
        Any = true;
    }

    /// <summary>Ends it. Harmless if the listener isn't there.</summary>
    public void Remove(int database, byte[] key, IKeyListener listener)
    {
        if (_byDatabase[database] is { } keys && keys.TryGetValue(key, out List<IKeyListener>? listeners) && listeners.Remove(listener) && listeners.Count == 0)
        {
            keys.Remove(key);
            Any = Array.Exists(_byDatabase, other => other is { Count: > 0 });
        }
    }

    /// <summary>Tells the listeners of a key.</summary>
    public void Signal(int database, ReadOnlySpan<byte> key)
    {
        if (_byDatabase[database] is { Count: > 0 } keys &&
            keys.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out List<IKeyListener>? listeners))
        {
            foreach (IKeyListener listener in listeners)
            {
                listener.KeyChanged(database, key);
            }
        }
    }

    /// <summary>Tells the listeners of a database's keys that another table takes the place of theirs.</summary>
    public void SignalReplaced(int database, RecordTable? before, RecordTable? after, Arena arena, CacheClock clock)
    {
        if (_byDatabase[database] is not { Count: > 0 } keys)
        {
            return;
        }

        foreach ((byte[] key, List<IKeyListener> listeners) in keys)
        {
            KeyProbe.Create(key, out KeyProbe probe);
            bool exists = TryFind(after, probe, out SlotPosition position);
            var replacement = new KeyReplacement(TryFind(before, probe, out _), exists, exists && clock.HasPassed(new Entry(arena, position).Deadline));
            if (replacement.ExistedBefore || replacement.ExistsNow)
            {
                listeners.ForEach(listener => listener.KeyReplaced(database, key, replacement));
            }
        }
    }

    /// <summary>Tells the listeners of those keys of a database that are in its table.</summary>
    public void SignalExisting(int database, RecordTable table)
    {
        if (_byDatabase[database] is not { Count: > 0 } keys)
        {
            return;
        }

        foreach ((byte[] key, List<IKeyListener> listeners) in keys)
        {
            KeyProbe.Create(key, out KeyProbe probe);
            if (table.TryFind(probe, out _))
            {
                listeners.ForEach(listener => listener.KeyChanged(database, key));
            }
        }
    }

    private static bool TryFind(RecordTable? table, in KeyProbe key, out SlotPosition position)
    {
        position = default;
        return table is { Count: > 0 } && table.TryFind(key, out position);
    }
}

/// <summary>The seam between the store and those who wait for keys: who wrote one that somebody waits for serves them once its locks are free.</summary>
internal abstract class KeyAwaiters
{
    private int _pending;

    /// <summary>Whether a key that somebody waits for has changed since the last <see cref="Serve"/>.</summary>
    public bool IsPending
    {
        get => Volatile.Read(ref _pending) != 0;
        protected set => Volatile.Write(ref _pending, value ? 1 : 0);
    }

    /// <summary>Gives what has come to those who wait for it, in the order in which they came. No lock is held.</summary>
    public abstract void Serve();
}
