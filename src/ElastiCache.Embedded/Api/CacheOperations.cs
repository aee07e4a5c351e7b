using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Api;

/// <summary>The operations on one store, for the typed API to call.</summary>
internal sealed class CacheOperations(Store store)
{
    public StringOperations Strings { get; } = new(store);

    public StringEdits Edits { get; } = new(store);

    public StringBatches Batches { get; } = new(store);

    public StringVersions Versions { get; } = new(store);

    public NumberOperations Numbers { get; } = new(store);

    public LcsOperations Subsequences { get; } = new(store);

    public BitmapOperations Bits { get; } = new(store);

    public BitFieldOperations BitFields { get; } = new(store);

    public KeyOperations Keys { get; } = new(store);

    public ExpireOperations Expiry { get; } = new(store);

    public SlidingExpiry Sliding { get; } = new(store);

    public ScanOperations Scans { get; } = new(store);

    public ObjectOperations Objects { get; } = new(store);

    public DatabaseOperations Databases { get; } = new(store);

    public ListOperations Lists { get; } = new(store);

    public HashOperations Hashes { get; } = new(store);

    public SetOperations Sets { get; } = new(store);

    public SortedSetOperations SortedSets { get; } = new(store);

    public StreamOperations Streams { get; } = new(store);

    public HyperLogLogOperations HyperLogLogs { get; } = new(store);

    public GeoOperations GeoSets { get; } = new(store);

    public DumpOperations Dumps { get; } = new(store);

    public EntryMarkOperations Marks { get; } = new(store);

    public ImportOperations Imports { get; } = new(store);

    public LockOperations Locks { get; } = new(store);

    public StateOperations States { get; } = new(store);
}
