using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Persistence;

/// <summary>Replays a log into a store: its base entry by entry, the rest through the command table.</summary>
internal sealed class StoreReplay(Store store) : IReplayTarget
{
    private readonly CommandReplay _replay = new(store);
    private readonly ImportOperations _imports = new(store);

    public string? Apply(int database, scoped in CommandArguments command) => _replay.Apply(database, command);

    public string? Load(long database, ReadOnlySpan<byte> key, long deadline, RdbValue value)
    {
        if (!Has(database))
        {
            return NoDatabase(database);
        }

        KeyProbe.Create(key, out KeyProbe probe);
        JournalTicket ticket = default;
        try
        {
            _imports.Store((int)database, probe, value, deadline, replaces: true, ref ticket);
            return null;
        }
        catch (CacheException refusal)
        {
            return CanNot(key, refusal);
        }
    }

    public string? LoadString(long database, ReadOnlySpan<byte> key, long deadline, uint flags, ReadOnlySpan<byte> text)
    {
        if (!Has(database))
        {
            return NoDatabase(database);
        }

        KeyProbe.Create(key, out KeyProbe probe);
        JournalTicket ticket = default;
        try
        {
            _imports.StoreString((int)database, probe, text, deadline, flags, replaces: true, ref ticket);
            return null;
        }
        catch (CacheException refusal)
        {
            return CanNot(key, refusal);
        }
    }

    private bool Has(long database) => database >= 0 && database < store.DatabaseCount;

    private string NoDatabase(long database) => $"it has keys in database {database}, and this cache has {store.DatabaseCount}, numbered from 0";

    private static string CanNot(ReadOnlySpan<byte> key, CacheException refusal) => $"its key {KeyText.Of(key)} can't be stored: {refusal.Message}";
}
