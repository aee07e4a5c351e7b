using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Server.Hosting;

namespace ElastiCache.Embedded.Server.Statistics;

/// <summary>What memory is used for, at about one moment: the figures behind INFO memory and MEMORY.</summary>
/// <remarks>
/// <code>
///   process (RSS)
///   ├── Resident ── Active ── what the budget counts: whole slabs and spans
///   │               │         ├── data                 blocks of records and of collections' elements
///   │               │         ├── Index, Wheels, Startup   how they are found, and when they expire
///   │               │         └── FreeBlocks           in slabs, waiting for the next record of their size
///   │               ├── Idle   free spans that still have pages, for reuse
///   │               └── Maps   one word a page and one description a slab, about 0.6 % of Active
///   ├── Clients, Notes         on the managed heap; the budget counts them
///   ├── Log                    there too, in used_memory, and not counted by the budget
///   └── the runtime, the rest of the managed heap, the program itself
/// </code>
/// </remarks>
internal sealed record MemoryUse
{
    /// <summary>Spans that the arena has handed out: what maxmemory limits.</summary>
    public long Active { get; init; }

    /// <summary>The part of <see cref="Active"/> in slabs that no block uses.</summary>
    public long FreeBlocks { get; init; }

    /// <summary>The part of <see cref="Active"/> that an empty cache has.</summary>
    public long Startup { get; init; }

    /// <summary>Tables of keys by database.</summary>
    public IReadOnlyList<DatabaseUse> Databases { get; init; } = [];

    /// <summary>Expiry wheels.</summary>
    public long Wheels { get; init; }

    /// <summary>Free spans that still have pages.</summary>
    public long Idle { get; init; }

    /// <summary>The arena's own books.</summary>
    public long Maps { get; init; }

    /// <summary>Clients' buffers.</summary>
    public long Clients { get; init; }

    /// <summary>Effects that wait for the log's writer.</summary>
    public long Log { get; init; }

    /// <summary>What the store notes of its keys on the managed heap: when they were used, and which evicted ones came back.</summary>
    public long Notes { get; init; }

    /// <summary>Keys in all databases.</summary>
    public long Keys { get; init; }

    /// <summary>The process's resident set.</summary>
    public long Process { get; init; }

    /// <summary>used_memory: what the cache and its server hold, whether the budget counts it or not.</summary>
    public long Used => Active + Clients + Log + Notes;

    /// <summary>Blocks in use.</summary>
    public long Allocated => Active - FreeBlocks;

    /// <summary>What the arena has of the machine's memory.</summary>
    public long Resident => Active + Idle + Maps;

    public long Index => Databases.Sum(static database => database.TableBytes);

    /// <summary>All that is used but for keys and values.</summary>
    public long Overhead => Startup + Index + Wheels + FreeBlocks + Clients + Log + Notes;

    /// <summary>Blocks of keys and values.</summary>
    public long Dataset => Used - Overhead;

    /// <summary>Takes the figures. O(shards × databases + clients).</summary>
    public static MemoryUse Of(ServerState server)
    {
        Store store = server.Store;
        var databases = new DatabaseUse[store.DatabaseCount];
        long wheels = 0, notes = 0;
        for (int i = 0; i < store.ShardCount; i++)
        {
            Shard shard = store.ShardAt(i);
            shard.Enter();
            wheels += shard.WheelBytes;
            notes += shard.Room.OutsideBytes;
            for (int database = 0; database < databases.Length; database++)
            {
                databases[database] = new DatabaseUse(
                    databases[database].Keys + shard.Count(database),
                    databases[database].TableBytes + (shard.TableOf(database)?.Bytes ?? 0),
                    databases[database].Expiring + shard.Expiring(database));
            }

            shard.Exit();
        }

        return new MemoryUse
        {
            Active = store.Arena.UsedBytes,
            FreeBlocks = CacheStatistics.Of(store).FreeBlockBytes,
            Startup = store.StartupBytes,
            Databases = databases,
            Wheels = wheels,
            Idle = store.Arena.IdleBytes,
            Maps = store.Arena.MapBytesInUse,
            Clients = server.Clients.Unordered.Sum(static client => client.Memory.TotalBytes),
            Log = server.Cache.Log?.BufferedBytes ?? 0,
            Notes = notes,
            Keys = databases.Sum(static database => database.Keys),
            Process = Environment.WorkingSet,
        };
    }
}

/// <summary>A database's share.</summary>
/// <param name="Keys">Its keys.</param>
/// <param name="TableBytes">Bytes of its tables.</param>
/// <param name="Expiring">Its keys with a deadline.</param>
internal readonly record struct DatabaseUse(long Keys, long TableBytes, long Expiring);
