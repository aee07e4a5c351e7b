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
    private BulkImport? _import;

    public EncodingLimits Encodings => store.Encodings;

    public string? Apply(int database, scoped in CommandArguments command) => _replay.Apply(database, command);

    public void Prepare(int database, scoped in CommandArguments command, bool isNear)
    {
        if (command.Count < 2 || (uint)database >= (uint)store.DatabaseCount)
        {
            return;
        }

        // Nearly every command's first argument is its key; where it is not, the hint is wasted.
        command.Probe(1, out KeyProbe key);
        if (isNear)
        {
            store.Prefetch.OfRecords(database, [key.Hash]);
        }
        else
        {
            store.Prefetch.OfBucket(database, key.Hash);
        }
    }

    public void Expect(long database, long entries)
    {
        _import ??= new BulkImport(store, replaces: true);
        _import.Expect(database, entries);
    }

    public string? Load(in RdbEntry entry)
    {
        if (entry.Database < 0 || entry.Database >= store.DatabaseCount)
        {
            entry.Value?.Dispose();
            return $"it has keys in database {entry.Database}, and this cache has {store.DatabaseCount}, numbered from 0";
        }

        _import ??= new BulkImport(store, replaces: true);
        try
        {
            _import.Add(entry);
            return null;
        }
        catch (CacheException refusal)
        {
            return CanNot(refusal);
        }
    }

    public string? EndLoad()
    {
        try
        {
            _import?.Finish();
            return null;
        }
        catch (CacheException refusal)
        {
            return CanNot(refusal);
        }
        finally
        {
            _import?.Dispose();
            _import = null;
        }
    }

    private string CanNot(CacheException refusal) => $"its key {KeyText.Of(_import!.RefusedKey)} can't be stored: {refusal.Message}";
}
