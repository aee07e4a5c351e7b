namespace ElastiCache.Embedded;

/// <summary>Why a key lost what it held.</summary>
[Flags]
public enum RemovalReasons
{
    /// <summary>No reason; nothing is told.</summary>
    None = 0,

    /// <summary>Its time had come. Redis: the event <c>expired</c>. Told when the entry is taken out, by a write, a read or the sweeper, which may be up to a second after its deadline.</summary>
    Expired = 1 << 0,

    /// <summary>It gave way to another at <see cref="EmbeddedCacheOptions.MaxMemory"/>. Redis: the event <c>evicted</c>.</summary>
    Evicted = 1 << 1,

    /// <summary>Somebody removed it: deleted it, took the last element of a collection, or renamed or moved it away. Redis: <c>del</c>, <c>rename_from</c>, <c>move_from</c>.</summary>
    Removed = 1 << 2,

    /// <summary>Another whole value was written in its place. Changes of a part (an append, an increment, a field, a deadline) replace nothing.</summary>
    Replaced = 1 << 3,

    /// <summary>The whole database was emptied: one event with an empty key, whatever the database held. Redis: FLUSHDB, FLUSHALL.</summary>
    Flushed = 1 << 4,

    /// <summary>All of them.</summary>
    All = Expired | Evicted | Removed | Replaced | Flushed,
}
