using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Raises keyspace events from operations.</summary>
internal static class KeyNotice
{
    /// <summary>Raises an event if anybody wants its class. The key's shard is locked.</summary>
    public static void Raise(Store store, KeyEventClass eventClass, ReadOnlySpan<byte> name, int database, in KeyProbe key)
    {
        if (store.Events is { } events && (events.Classes & eventClass) != 0)
        {
            events.Raise(eventClass, name, database, key.ToArray());
        }
    }
}
