using System.Globalization;
using ElastiCache.Embedded.Errors;

namespace ElastiCache.Embedded;

/// <summary>The write doesn't fit into <see cref="EmbeddedCacheOptions.MaxMemory"/>, and nothing may be evicted for it. Nothing was changed.</summary>
/// <remarks>
/// Under <see cref="EvictionPolicy.NoEviction"/> any write that needs more memory meets this at the limit, as Redis's
/// <c>OOM command not allowed when used memory &gt; 'maxmemory'</c>; under the other policies an entry that is larger than the
/// whole budget does, and any once nothing may be evicted: all that is left has <see cref="EvictionPriority.NeverRemove"/>, or no deadline under a volatile policy. Reads and deletes go on.
/// </remarks>
public sealed class CacheFullException : CacheException
{
    internal CacheFullException(ReadOnlySpan<byte> key, long neededBytes, long usedBytes, long limitBytes)
        : this(KeyText.Of(key), neededBytes, usedBytes, limitBytes)
    {
    }

    private CacheFullException(string key, long neededBytes, long usedBytes, long limitBytes)
        : base(Describe(key, neededBytes, usedBytes, limitBytes))
    {
        Key = key;
        NeededBytes = neededBytes;
        UsedBytes = usedBytes;
        LimitBytes = limitBytes;
    }

    /// <summary>The key that was to be written, escaped and cut to 64 characters, as in the message.</summary>
    public string Key { get; }

    /// <summary>Bytes that the write needs.</summary>
    public long NeededBytes { get; }

    /// <summary>Bytes in use when it was refused.</summary>
    public long UsedBytes { get; }

    /// <summary><see cref="EmbeddedCacheOptions.MaxMemory"/>, in bytes.</summary>
    public long LimitBytes { get; }

    private static string Describe(string key, long neededBytes, long usedBytes, long limitBytes)
    {
        string happened = string.Create(
            CultureInfo.InvariantCulture,
            $"Writing key '{key}' needs {neededBytes} bytes, and {usedBytes} of MaxMemory = {limitBytes} bytes are in use. ");

        return happened + (neededBytes > limitBytes
            ? "The entry alone is larger than the budget: raise MaxMemory or store less under one key."
            : "Raise MaxMemory, delete keys, choose an EvictionPolicy that evicts, or let fewer entries have EvictionPriority.NeverRemove.");
    }
}
