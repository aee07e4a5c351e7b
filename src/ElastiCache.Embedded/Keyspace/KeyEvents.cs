namespace ElastiCache.Embedded.Keyspace;

/// <summary>The classes of keyspace events, by the letters of Redis's notify-keyspace-events.</summary>
[Flags]
internal enum KeyEventClass
{
    None = 0,
    Keyspace = 1 << 0,      // K
    Keyevent = 1 << 1,      // E
    Generic = 1 << 2,       // g
    String = 1 << 3,        // $
    List = 1 << 4,          // l
    Set = 1 << 5,           // s
    Hash = 1 << 6,          // h
    SortedSet = 1 << 7,     // z
    Expired = 1 << 8,       // x
    Evicted = 1 << 9,       // e
    Stream = 1 << 10,       // t
    KeyMiss = 1 << 11,      // m
    Module = 1 << 13,       // d
    New = 1 << 14,          // n

    /// <summary>A: all but m and n.</summary>
    All = Generic | String | List | Set | Hash | SortedSet | Expired | Evicted | Stream | Module,
}

/// <summary>The seam between the store and keyspace notifications: whoever wants to know what happens to keys derives from this.</summary>
internal abstract class KeyEvents
{
    private int _classes;

    /// <summary>The classes that are wanted; <see cref="KeyEventClass.None"/> switches everything off.</summary>
    public KeyEventClass Classes
    {
        get => (KeyEventClass)Volatile.Read(ref _classes);
        set => Volatile.Write(ref _classes, (int)value);
    }

    /// <summary>Tells of one event. The key's shard is locked: no user code, no waiting.</summary>
    /// <param name="eventClass">Its class, which is among <see cref="Classes"/>.</param>
    /// <param name="name">Redis's name for it, such as <c>lpush</c>.</param>
    /// <param name="database">The key's database.</param>
    /// <param name="key">The key.</param>
    public abstract void Raise(KeyEventClass eventClass, ReadOnlySpan<byte> name, int database, ReadOnlySpan<byte> key);
}
