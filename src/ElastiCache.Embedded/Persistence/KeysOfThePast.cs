using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence.Rdb;

namespace ElastiCache.Embedded.Persistence;

/// <summary>Reads some keys as they were at an earlier moment, while the cache goes on.</summary>
internal static class KeysOfThePast
{
    /// <summary>Reads the keys that a filter takes.</summary>
    /// <param name="chain">The log. It must not be rewritten meanwhile.</param>
    /// <param name="second">The moment: the end of this second, Unix.</param>
    /// <param name="scratch">An empty store of the same number of databases, which receives the whole state of that moment.</param>
    /// <param name="wants">Which keys.</param>
    /// <param name="sink">Receives them.</param>
    /// <exception cref="LogException">The history does not reach back so far, or a file of it is damaged. The sink has received nothing.</exception>
    public static void Read(LogChain chain, long second, Store scratch, KeyFilter wants, IRdbEntrySink sink)
    {
        scratch.IsLoading = true;
        PointInTime.Replay(chain.Storage, chain.Manifest, chain.History, second, new StoreReplay(scratch));
        scratch.IsLoading = false;
        using var file = new MemoryFile();
        RdbSnapshot.Begin(scratch, wants: wants).Write(new RdbFileWriter(file, scratch.Clock.UnixMilliseconds));
        RdbFileReader.Read(file, "memory", sink);
    }
}
