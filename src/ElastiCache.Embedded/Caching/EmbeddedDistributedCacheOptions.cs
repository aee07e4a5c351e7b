namespace ElastiCache.Embedded.Caching;

/// <summary>Where <c>IDistributedCache</c> keeps its entries within the cache.</summary>
public sealed class EmbeddedDistributedCacheOptions
{
    /// <summary>What every key begins with.</summary>
    /// <value>Any text. Default empty.</value>
    /// <remarks>
    /// Keeps the entries apart from the keys that the app itself uses: a key that both use would be read as something that it is not,
    /// which is refused. Entries that were written under another name are not found.
    /// </remarks>
    public string InstanceName { get; set; } = "";

    /// <summary>The numbered database.</summary>
    /// <value>0 (default) to one less than <see cref="EmbeddedCacheOptions.Databases"/>.</value>
    /// <remarks>A database of its own keeps entries apart too, and lets <c>FLUSHDB</c> drop just them.</remarks>
    public int Database { get; set; }
}
