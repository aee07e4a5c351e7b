namespace ElastiCache.Embedded.Keyspace;

/// <summary>Whether this thread is in a transaction, which holds its shards and must not lock another.</summary>
internal static class TransactionThread
{
    private static int _threadsInside;

    [ThreadStatic]
    private static bool _isInside;

    /// <remarks>Every write asks this. What is the thread's own takes long to fetch, so it is not asked for while no thread is inside.</remarks>
    public static bool IsInside
    {
        get => Volatile.Read(ref _threadsInside) != 0 && _isInside;
        set
        {
            if (_isInside != value)
            {
                _isInside = value;
                Interlocked.Add(ref _threadsInside, value ? 1 : -1);
            }
        }
    }

    /// <summary>Refuses a shard that the transaction does not hold: waiting for its lock could be waiting for each other for ever.</summary>
    /// <exception cref="InvalidOperationException">Always.</exception>
    public static void ThrowNotNamed() => throw new InvalidOperationException(
        "A transaction may write only to the keys that it named at its beginning. Name this key as well, or write to it afterwards.");
}
