using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Persistence;

/// <summary>Replays a log into a store, through the command table.</summary>
internal sealed class StoreReplay(Store store) : IReplayTarget
{
    private readonly CommandReplay _replay = new(store);

    public string? Apply(int database, scoped in CommandArguments command) => _replay.Apply(database, command);
}
