namespace ElastiCache.Embedded;

/// <summary>Which keys a step of a walk returns, and how far it goes. <see langword="default"/> takes about ten keys of any kind.</summary>
public readonly record struct ScanOptions
{
    /// <summary>Passes about this many keys in a step, whether they are returned or not.</summary>
    /// <value>1 or more; 0 stands for the default, 10.</value>
    public long Count { get; init; }

    /// <summary>
    /// Returns only keys that match: <c>?</c> is any byte, <c>*</c> any number of them, <c>[abc]</c>, <c>[a-z]</c> and <c>[^a]</c> one of several, and
    /// <c>\</c> takes the next literally. Null for all. Redis: MATCH.
    /// </summary>
    public string? Pattern { get; init; }

    /// <summary>Returns only keys that hold this; null for anything. Redis: TYPE.</summary>
    public ValueKind? Kind { get; init; }
}

/// <summary>A step of a walk over keys.</summary>
/// <param name="Cursor">Where to go on; 0 when the walk is over. Good only for this cache and until it is closed.</param>
/// <param name="Keys">The keys that were found, as bytes, perhaps none though the walk is not over.</param>
public readonly record struct ScanPage(ulong Cursor, IReadOnlyList<byte[]> Keys);
