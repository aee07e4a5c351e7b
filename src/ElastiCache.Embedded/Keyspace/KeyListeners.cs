namespace ElastiCache.Embedded.Keyspace;

/// <summary>Wants to know when a key is changed, removed or replaced: a transaction that watches it, a caller who waits for an element.</summary>
internal interface IKeyListener
{
    /// <summary>The key has changed, or is about to. Its shard is locked: note it and return.</summary>
    void KeyChanged(int database, ReadOnlySpan<byte> key);
}

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

    /// <summary>Tells the listeners of those keys of a database that satisfy a condition.</summary>
    public void SignalWhere<TCondition>(int database, ref TCondition condition)
        where TCondition : struct, IKeyCondition, allows ref struct
    {
        if (_byDatabase[database] is not { Count: > 0 } keys)
        {
            return;
        }

        foreach ((byte[] key, List<IKeyListener> listeners) in keys)
        {
            if (condition.Holds(key))
            {
                foreach (IKeyListener listener in listeners)
                {
                    listener.KeyChanged(database, key);
                }
            }
        }
    }
}

/// <summary>Picks keys.</summary>
internal interface IKeyCondition
{
    bool Holds(ReadOnlySpan<byte> key);
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
