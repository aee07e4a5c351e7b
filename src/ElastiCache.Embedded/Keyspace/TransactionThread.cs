namespace ElastiCache.Embedded.Keyspace;

/// <summary>Whether this thread is in a transaction, which holds its shards and must not lock another.</summary>
internal static class TransactionThread
{
    [ThreadStatic]
    private static bool _isInside;

    public static bool IsInside
    {
        get => _isInside;
        set => _isInside = value;
    }

    /// <summary>Refuses a shard that the transaction does not hold: waiting for its lock could be waiting for each other for ever.</summary>
    /// <exception cref="InvalidOperationException">Always.</exception>
    public static void ThrowNotNamed() => throw new InvalidOperationException(
        "A transaction may write only to the keys that it named at its beginning. Name this key as well, or write to it afterwards.");
}
