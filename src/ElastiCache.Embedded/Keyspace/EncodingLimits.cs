namespace ElastiCache.Embedded.Keyspace;

/// <summary>Redis's settings for when a collection outgrows its small encoding. Each may change at any time and matters at the next write.</summary>
internal sealed class EncodingLimits
{
    /// <summary>hash-max-listpack-entries</summary>
    public int HashMaxListpackEntries { get; set; } = 512;

    /// <summary>hash-max-listpack-value, in bytes</summary>
    public int HashMaxListpackValue { get; set; } = 64;

    /// <summary>zset-max-listpack-entries</summary>
    public int SortedSetMaxListpackEntries { get; set; } = 128;

    /// <summary>zset-max-listpack-value, in bytes</summary>
    public int SortedSetMaxListpackValue { get; set; } = 64;

    /// <summary>set-max-intset-entries</summary>
    public int SetMaxIntsetEntries { get; set; } = 512;

    /// <summary>list-max-listpack-size: positive = elements a node, -1 to -5 = 4 KB to 64 KB a node</summary>
    public int ListMaxListpackSize { get; set; } = -2;

    /// <summary>stream-node-max-bytes; 0 = no limit</summary>
    public long StreamNodeMaxBytes { get; set; } = 4096;

    /// <summary>stream-node-max-entries; 0 = no limit</summary>
    public long StreamNodeMaxEntries { get; set; } = 100;

    /// <summary>hll-sparse-max-bytes</summary>
    public int HyperLogLogSparseMaxBytes { get; set; } = 3000;
}
