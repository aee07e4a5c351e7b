using System.Runtime.CompilerServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The seam between the store and those who are told of removed entries; a store that nobody listens to has none.</summary>
/// <remarks>
/// Beside <see cref="KeyEvents"/>, because Redis's events don't say it: a <c>set</c> may replace something or not, an emptied list and a deleted one are both
/// <c>del</c>, and a SUNIONSTORE over a key names its new contents only.
/// </remarks>
internal abstract class KeyRemovals
{
    /// <summary>What happens before every removal and overwriting: a look at one field, and no more unless somebody listens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Tell(Store store, RemovalReasons reason, int database, in Entry entry)
    {
        if (store.Removals is { } removals && entry.Exists)
        {
            removals.Tell(reason, database, entry.Key);
        }
    }

    /// <summary>Tells of one removal. The key's shard is locked, and the entry is still there: no user code, no waiting.</summary>
    /// <param name="reason">One of the reasons.</param>
    /// <param name="database">The key's database.</param>
    /// <param name="key">The key; empty if the database was flushed.</param>
    public abstract void Tell(RemovalReasons reason, int database, ReadOnlySpan<byte> key);
}
