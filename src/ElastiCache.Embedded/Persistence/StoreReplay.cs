using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Persistence;

/// <summary>Replays a log into a store, through the operations that wrote it.</summary>
internal sealed class StoreReplay(Store store) : IReplayTarget
{
    private readonly StringOperations _strings = new(store);

    public string? Apply(int database, in RespCommand command)
    {
        // TEMPORARY until the command table lands on this branch.
        if (command.Count == 3 && command.Name.SequenceEqual("SET"u8))
        {
            KeyProbe.Create(command[1], out KeyProbe key);
            JournalTicket ticket = default;
            _strings.Set(database, key, command[2], ref ticket);
            return null;
        }

        return "it is unknown";
    }
}
