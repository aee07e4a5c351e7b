namespace ElastiCache.Embedded;

/// <summary>Whether a flush waits until the memory has been given back. The entries are gone at once either way.</summary>
public enum FlushMode
{
    /// <summary>Memory is given back before the call returns. Redis: SYNC.</summary>
    Synchronous = 0,

    /// <summary>Memory is given back in the background; until then it counts. Redis: ASYNC.</summary>
    Asynchronous = 1,
}
